"""The full-size operators in plain (eager) torch: the reference speed that `untone bench` divides by.

Untuned on purpose: full-frame NCHW float32 tensors, one F.grid_sample per grid, one for the LUT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colour import C1, C2, C3, M1, M2, PQ_PEAK_NITS, code_table, rgb_to_rgb
from ...image import DIFFUSE_WHITE_NITS
from ...kernels import reference
from ...operators import Operators


class Eager:
    """Operators and base light as torch tensors, ready to run on frames of one size.

    The LUT is read by F.grid_sample, which is trilinear; on a LUT that is affine within a cell, trilinear and the
    kernels' tetrahedral reading agree, and the tests compare there. `tetrahedral=True` computes what the kernels do.
    Results lie in one buffer per kind, which the next call overwrites.
    """

    def __init__(self, operators: Operators, height: int, width: int, *, tetrahedral: bool = False) -> None:
        import torch

        self.qmax_stops, self.offset, self.tetrahedral = operators.qmax_stops, operators.offset, tetrahedral
        # grid_sample wants [1, C, depth, height, width] and coordinates (x, y, z) in -1..1, ends included
        self.grids = torch.from_numpy(operators.grids).permute(0, 4, 1, 2, 3).contiguous()
        self.lut = torch.from_numpy(operators.lut).permute(3, 0, 1, 2).contiguous()[None]
        v, u = (torch.from_numpy(reference.positions(n).astype(np.float32)) for n in (height, width))
        self.v, self.u = v[:, None].expand(height, width), u[None, :].expand(height, width)
        self.table = torch.from_numpy(code_table("srgb"))
        # results go here, so that no call pays for fresh pages
        self.codes = torch.empty(height, width, 3, dtype=torch.uint8)
        self.half = torch.empty(height, width, 3, dtype=torch.float16)
        self.pq10 = torch.empty(height, width, 3, dtype=torch.int16)

    def gain(self, pixels: NDArray[np.uint8], divisor: int = 1) -> Any:
        """[1, 3, h, w] float32 tensor of stops; the frame, reduced by `divisor`, has the size given at construction."""
        import torch
        from torch.nn import functional

        encoded = torch.from_numpy(pixels).permute(2, 0, 1).float()[None] / 255
        if divisor > 1:
            encoded = functional.avg_pool2d(encoded, divisor, ceil_mode=True)
        inner = torch.zeros_like(encoded)
        for k in range(3):
            where = torch.stack((encoded[0, k], self.u, self.v), dim=-1)[None, None] * 2 - 1
            inner += functional.grid_sample(self.grids[k : k + 1], where, align_corners=True)[:, :, 0]
        return self.qmax_stops * torch.tanh(self._read_lut(inner.clamp(0, 1)))

    def _read_lut(self, inner: Any) -> Any:
        from torch.nn import functional

        if self.tetrahedral:
            return self._read_lut_tetrahedral(inner)
        where = inner.permute(0, 2, 3, 1)[:, None].flip(-1) * 2 - 1
        return functional.grid_sample(self.lut, where, align_corners=True)[:, :, 0]

    def _read_lut_tetrahedral(self, inner: Any) -> Any:
        import torch

        n = self.lut.shape[2]
        place = inner[0].permute(1, 2, 0) * (n - 1)
        node = place.floor().clamp(max=n - 2)
        share, order = (place - node).sort(dim=-1, descending=True)
        strides = torch.tensor([n * n, n, 1])
        index = (node.long() * strides).sum(-1)
        table = self.lut[0].flatten(1).T.contiguous()
        result = table[index] * (1 - share[..., :1])
        for k in range(3):
            index = index + strides[order[..., k]]
            weight = share[..., k] - (share[..., k + 1] if k < 2 else 0)
            result += table[index] * weight[..., None]
        return result.permute(2, 0, 1)[None]

    def gain_codes(self, pixels: NDArray[np.uint8], low: Any, high: Any, divisor: int = 1) -> NDArray[np.uint8]:
        """[h, w, 3] uint8, as kernels.gain_codes."""
        import torch

        low, high = (torch.tensor(t)[:, None, None] for t in (low, high))
        share = ((self.gain(pixels, divisor) - low) / (high - low)).clamp(0, 1)
        codes: NDArray[np.uint8] = self.codes.copy_((share * 255 + 0.5)[0].permute(1, 2, 0)).numpy()
        return codes

    def _light(self, pixels: NDArray[np.uint8]) -> Any:
        import torch

        base = self.table[torch.from_numpy(pixels).long()].permute(2, 0, 1)[None]
        return (base + self.offset) * torch.exp2(self.gain(pixels)) - self.offset

    def hdr_half(self, pixels: NDArray[np.uint8]) -> NDArray[np.float16]:
        """[H, W, 3] float16 light, as kernels.hdr_linear."""
        half: NDArray[np.float16] = self.half.copy_(self._light(pixels)[0].permute(1, 2, 0)).numpy()
        return half

    def hdr_pq10(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
        """[H, W, 3] uint16 codes, as kernels.hdr_pq10 of sRGB at 203 nits."""
        import torch

        matrix = torch.from_numpy(rgb_to_rgb("bt709", "bt2020").astype(np.float32)) * (
            DIFFUSE_WHITE_NITS / PQ_PEAK_NITS
        )
        share = torch.einsum("rc,nchw->nrhw", matrix, self._light(pixels)).clamp(0, 1)
        power = share**M1
        codes = ((C1 + C2 * power) / (1 + C3 * power)) ** M2 * 1023 + 0.5
        result: NDArray[np.uint16] = self.pq10.copy_(codes[0].permute(1, 2, 0)).numpy().view(np.uint16)
        return result
