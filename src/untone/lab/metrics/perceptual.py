"""ColorVideoVDP and LPIPS, where they are installed; nothing is downloaded here.

ColorVideoVDP is the PyPI package `cvvdp` (MIT), which brings its model with it. It depends on torchvision, whose wheels
replace a CPU build of torch by a CUDA one; what its base model takes of it is a Gaussian blur. So it is installed with
`pip install --no-deps cvvdp` after the extra `metrics`, and where there is no torchvision a stand-in module with that
blur answers for it, during that import only.

LPIPS (Zhang et al., CVPR 2018) needs two files: the linear heads, which the package `lpips` (BSD-2) carries, and an
ImageNet AlexNet in torchvision's layout, whose place is said by UNTONE_ALEXNET or `load_lpips`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import DamagedError, UntoneError
from .domains import Light

CVVDP_DISPLAY = "standard_hdr_pq"
CVVDP_CONVENTION = (
    f"ColorVideoVDP (package cvvdp), image, display {CVVDP_DISPLAY}: 30 inch 4K, 1500 nits, 10 lux, seen from 2 "
    "heights; PQ codes, BT.2020, SDR white at 203 nits; 10 is equal"
)
LPIPS_CONVENTION = "LPIPS 0.1, AlexNet, of PQ codes scaled to -1..1 (BT.2020, SDR white at 203 nits); not made for HDR"

ALEXNET = "UNTONE_ALEXNET"
"""Environment variable: the file with AlexNet's weights, such as torchvision's alexnet-owt-7be5be79.pth."""


class GaussianBlur(nn.Module):
    """torchvision.transforms.GaussianBlur of one sigma: [..., H, W], mirrored at the border without the outermost."""

    def __init__(self, kernel_size: int, sigma: float) -> None:
        super().__init__()
        self.reach = kernel_size // 2
        weights = torch.exp(-0.5 * (torch.arange(-self.reach, self.reach + 1) / sigma) ** 2)
        self.weights = weights / weights.sum()

    def forward(self, picture: Tensor) -> Tensor:
        """The blurred picture."""
        planes = picture.reshape(-1, 1, *picture.shape[-2:])
        padded = functional.pad(planes, [self.reach] * 4, mode="reflect")
        weights = self.weights.to(planes)
        rows = functional.conv2d(padded, weights[None, None, :, None])
        return functional.conv2d(rows, weights[None, None, None, :]).reshape(picture.shape)


class MLP(nn.Module):
    """Of the learnt variants, which are not used here; only its name is asked for."""


BORROWED: dict[str, dict[str, type[nn.Module]]] = {
    "torchvision": {},
    "torchvision.transforms": {"GaussianBlur": GaussianBlur},
    "torchvision.ops": {"MLP": MLP},
}
"""Module -> the names ColorVideoVDP imports from it."""


@contextlib.contextmanager
def torchvision_or_stand_in() -> Iterator[None]:
    """Lets modules be imported that name torchvision but do without it; leaves no stand-in behind."""
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    added = {name: types.ModuleType(name) for name in BORROWED}
    for name, attributes in BORROWED.items():
        added[name].__dict__.update(attributes)
    sys.modules.update(added)
    try:
        yield
    finally:
        for name in added:
            sys.modules.pop(name, None)


@functools.lru_cache(maxsize=1)
def _cvvdp() -> Any:
    needs = "pip install 'untone[metrics]' and then pip install --no-deps cvvdp"
    if importlib.util.find_spec("pycvvdp") is None:
        raise UntoneError(f"cvvdp_jod needs the package cvvdp: {needs}")
    path = list(sys.path)
    try:
        with torchvision_or_stand_in():
            package = importlib.import_module("pycvvdp")
    except ImportError as fault:
        raise UntoneError(f"cvvdp_jod: the package cvvdp does not load ({fault}): {needs}") from None
    finally:
        sys.path[:] = path  # it puts its own folder there, with modules of common names
    return package.cvvdp(display_name=CVVDP_DISPLAY, quiet=True, device=torch.device("cpu"))


def cvvdp_jod(made_pq: Light, truth_pq: Light) -> float:
    """ColorVideoVDP quality in JOD of PQ codes [H, W, 3] (BT.2020); 10 is equal, 1 less is seen by 3 in 4.

    Raises:
        UntoneError: the package is not there.
    """
    made, truth = (np.ascontiguousarray(codes, np.float32) for codes in (made_pq, truth_pq))
    with torch.no_grad():
        quality, _ = _cvvdp().predict(made, truth, dim_order="HWC")
    return float(quality)


# -- LPIPS ------------------------------------------------------------------------------------------------------------

ALEXNET_CONVOLUTIONS = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
"""Number in torchvision's `features`, channels in and out, kernel, stride, padding (Krizhevsky 2014)."""

POOLED_BEFORE = (3, 6)
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of inputs in -1..1: ImageNet's normalisation as LPIPS writes it."""

LEAST_SIDE = 32


class Lpips(nn.Module):
    """Distance of two pictures by AlexNet's features: unit length over channels, squared, weighted, averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict(
            {str(k): nn.Conv2d(i, o, size, stride, pad) for k, i, o, size, stride, pad in ALEXNET_CONVOLUTIONS}
        )
        self.heads = nn.ParameterList([torch.ones(o) for _, _, o, *_ in ALEXNET_CONVOLUTIONS])

    def maps(self, picture: Tensor) -> list[Tensor]:
        """Features after each ReLU, of unit length over channels; picture [B, 3, H, W] in -1..1."""
        shift, scale = (torch.tensor(v)[:, None, None] for v in (SHIFT, SCALE))
        x, found = (picture - shift) / scale, []
        for name, convolution in self.features.items():
            if int(name) in POOLED_BEFORE:
                x = functional.max_pool2d(x, 3, 2)
            x = functional.relu(convolution(x))
            found.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Distance [B]."""
        steps = zip(self.heads, self.maps(first), self.maps(second), strict=True)
        parts = [((a - b).square() * head[:, None, None]).sum(1).mean((1, 2)) for head, a, b in steps]
        return torch.stack(parts).sum(0)


def load_lpips(alexnet: Path, heads: Path | None = None) -> Lpips:
    """LPIPS from a file of AlexNet's weights and one of linear heads; None takes the heads of the package `lpips`.

    Raises:
        UntoneError: a file is missing, or is not what it should be.
    """
    network = Lpips()
    backbone, linear = _tensors(alexnet), _tensors(heads or _packaged_heads())
    try:
        network.features.load_state_dict({k[9:]: v for k, v in backbone.items() if k.startswith("features.")})
        for k, head in enumerate(network.heads):
            head.data.copy_(linear[f"lin{k}.model.1.weight"].reshape(-1))
    except (KeyError, RuntimeError) as fault:
        raise DamagedError(
            f"{alexnet}: no AlexNet in torchvision's layout with LPIPS heads ({_first(fault)})"
        ) from None
    return network.eval().requires_grad_(False)


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UntoneError(f"{path}: no such file") from None
    except Exception as fault:
        raise DamagedError(f"{path}: no PyTorch weights ({_first(fault)})") from None
    if not isinstance(found, dict):
        raise DamagedError(f"{path}: no PyTorch weights (holds {type(found).__name__})")
    return found


def _first(fault: Exception) -> str:
    return (str(fault).strip() or type(fault).__name__).splitlines()[0][:120]


def _packaged_heads() -> Path:
    spec = importlib.util.find_spec("lpips")
    if spec is None or not spec.origin:
        raise UntoneError("lpips needs the linear heads of the package lpips: pip install --no-deps lpips")
    return Path(spec.origin).parent / "weights" / "v0.1" / "alex.pth"


@functools.lru_cache(maxsize=1)
def _lpips(path: str) -> Lpips:
    return load_lpips(Path(path))


def lpips(made_pq: Light, truth_pq: Light) -> float:
    """LPIPS (AlexNet) of PQ codes [H, W, 3].

    Raises:
        UntoneError: UNTONE_ALEXNET does not say where the weights are, or the picture is too small.
    """
    network = _lpips(_alexnet())
    if min(truth_pq.shape[:2]) < LEAST_SIDE:
        raise UntoneError(f"LPIPS needs {LEAST_SIDE} x {LEAST_SIDE} pixels or more")
    pair = (
        torch.from_numpy(np.ascontiguousarray(c, np.float32)).permute(2, 0, 1)[None] * 2 - 1
        for c in (made_pq, truth_pq)
    )
    return float(network(*pair))


def _alexnet() -> str:
    path = os.environ.get(ALEXNET)
    if not path:
        raise UntoneError(f"lpips needs AlexNet's weights (alexnet-owt-7be5be79.pth): set {ALEXNET} to the file")
    return path


def require(names: Sequence[str]) -> None:
    """Before any work: whether the metrics of these names can be had.

    Raises:
        UntoneError: one cannot; the message says what is missing.
    """
    if "cvvdp_jod" in names:
        _cvvdp()
    if "lpips" in names:
        _lpips(_alexnet())
