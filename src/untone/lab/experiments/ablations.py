"""Rows of the experiments: ablations and other networks on the same pairs, trained, fitted or computed.

A row that trains is a recipe; rows without training give light by a rule of their own.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ... import colour
from ..data.examples import OFFSET, Example
from ..evaluation import baselines, methods
from ..evaluation.methods import Method
from ..evaluation.pictures import of_example
from ..evaluation.protocols import own_light
from ..nets.shapes import UPSCALE
from ..training import batches, losses
from ..training.recipes import RECIPES, Recipe
from ..training.tasks import TASKS, irnet
from .arguments import ABLATIONS, ENCODERS, IRNET, IRNET_SR, SUPER_RESOLUTION, TABLE

Light = NDArray[np.float32]
Rule = Callable[[Example, int], Light]
Fits = Mapping[str, Tensor]


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: as the table has it.
        recipe: what trains it; None for a rule.
        rule: from the fits to a rule that gives the light of an example at a stride; None for what is trained.
        view: how a trained row's light is got where it is not its task's: `view(light, example, stride)`.
        of: another row whose weights this one uses.
        kept: whether its weights are also written as a model that the product runs.
    """

    name: str
    recipe: Recipe | None = None
    rule: Callable[[Fits], Rule] | None = None
    view: Callable[[Callable[[Example, int], Light], Example, int], Light] | None = None
    of: str = ""
    kept: bool = False


def _gain_rule(gain: Callable[[Tensor], Tensor]) -> Rule:
    def light(example: Example, stride: int) -> Light:
        rgb = torch.from_numpy(np.ascontiguousarray(example.sdr[::stride, ::stride])).float() / 255
        stops = gain(rgb.reshape(1, -1, 3)).reshape(rgb.shape)
        return losses.rebuild(losses.srgb_to_linear(rgb), stops).numpy()

    return light


def _identity(_: Fits) -> Rule:
    return _gain_rule(torch.zeros_like)


def _curve(fits: Fits) -> Rule:
    return _gain_rule(lambda rgb: baselines.curve_gain(fits["curve"], rgb))


def _lut(fits: Fits) -> Rule:
    return _gain_rule(lambda rgb: baselines.lut_gain(fits["lut"], rgb))


def _half_size(light: Callable[[Example, int], Light], example: Example, stride: int) -> Light:
    """The gain map at half the rows and columns, brought back by bilinear interpolation, as a file may keep it."""
    base = colour.code_table("srgb")[example.sdr]
    gain = torch.from_numpy(np.log2((light(example, 1) + OFFSET) / (base + OFFSET)))
    planes = gain.permute(2, 0, 1)[None]
    half = functional.interpolate(planes, scale_factor=0.5, mode="area")
    back = functional.interpolate(half, example.sdr.shape[:2], mode="bilinear")[0].permute(1, 2, 0)
    made = (base + OFFSET) * np.exp2(back.numpy()) - OFFSET
    return made[::stride, ::stride]


def _quartered(example: Example) -> Example:
    """What joint super-resolution sees, brought back to full size by bicubic interpolation."""
    picture = batches.whole(example).sdr
    height, width = picture.shape[2:]
    factor = UPSCALE
    padded = functional.pad(picture, (0, -width % factor, 0, -height % factor), mode="replicate")
    small = irnet.smaller(padded, factor)
    back = functional.interpolate(small, padded.shape[2:], mode="bicubic")[0, :, :height, :width]
    sdr = (back.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return dataclasses.replace(example, sdr=np.ascontiguousarray(sdr), pq=None)


def _after_bicubic(make: Callable[[Fits], Rule]) -> Callable[[Fits], Rule]:
    return lambda fits: lambda example, stride: make(fits)(_quartered(example), stride)


def _of_bicubic(light: Callable[[Example, int], Light], example: Example, stride: int) -> Light:
    return light(_quartered(example), stride)


def _changed(recipe: Recipe, **shape: Any) -> Recipe:
    return dataclasses.replace(recipe, shape=dataclasses.replace(recipe.shape, **shape))


def of_models(names: list[str]) -> list[Row]:
    """Rows of models and of networks that are not ours, as `untone eval --model` takes them; nothing is trained."""
    return [Row(method.name, rule=functools.partial(_measured, method)) for method in methods.of_models(names)]


def _measured(method: Method, _: Fits) -> Rule:
    def light(example: Example, stride: int) -> Light:
        picture = of_example(example, stride)
        made = method.make(picture)
        if made.direct is None:
            return own_light(picture, made).astype(np.float32)
        return (made.direct.light @ colour.rgb_to_rgb(made.direct.primaries, "bt709").T).astype(np.float32)

    return light


FULL = "full"


def ablations(title: str) -> list[Row]:
    """FastGaMer, and FastGaMer without one of its parts."""
    full = RECIPES["fastgamer"][title]
    return [
        Row("identity", rule=_identity),
        Row("one 3D LUT", rule=_lut),
        Row(FULL, full),
        Row("no gain map learning", _changed(full, output="light")),
        Row("no grid", _changed(full, use_grid=False)),
        Row("no LUT", _changed(full, use_lut=False)),
        Row("no modulator", _changed(full, use_modulator=False)),
        Row("single-channel map", _changed(full, one_channel=True)),
        Row("trilinear LUT", _changed(full, interpolation="trilinear")),
        Row("full, map at half size", of=FULL, view=_half_size),
    ]


def table(title: str) -> list[Row]:
    """FastGaMer, ours and as published, beside GMNet, IRNet, ITMLUT and the fitted baselines."""
    names = ("fastgamer", "itmlut", "irnet", "gmnet", "irnet-1")
    trained = [Row(name, RECIPES[name][title], kept=True) for name in names]
    rules = [Row("identity", rule=_identity), Row("one curve", rule=_curve), Row("one 3D LUT", rule=_lut)]
    return [*rules, *trained, Row("fastgamer, paper", _as_published(title), kept=True)]


def _as_published(title: str) -> Recipe:
    """FastGaMer's `paper` recipe at the length of another: its own network, loss, start and optimiser."""
    paper, other = RECIPES["fastgamer"]["paper"], RECIPES["fastgamer"][title]
    kept = ("steps", "pictures", "crop", "pixels", "watched", "checkpoint_every", "average")
    length = {name: getattr(other, name) for name in kept}
    return paper if title == "paper" else dataclasses.replace(paper, **length)


def super_resolution(title: str) -> list[Row]:
    """Joint super-resolution by 4, beside bicubic interpolation and what follows it."""
    return [
        Row("bicubic", rule=_after_bicubic(_identity)),
        Row("bicubic, one 3D LUT", rule=_after_bicubic(_lut)),
        Row("irnet-sr", RECIPES["irnet-sr"][title], kept=True),
        Row("irnet of full size", RECIPES["irnet"][title]),
        Row("bicubic, irnet", of="irnet of full size", view=_of_bicubic),
    ]


def encoders(title: str) -> list[Row]:
    """FastGaMer with other encoders: as the paper's relatives have it, wider, and without what it is told besides."""
    ours = RECIPES["fastgamer"][title]
    return [
        Row("one 3D LUT", rule=_lut),
        Row("ours", ours),
        Row("narrow, 8 16 32 64 64", _changed(ours, channels=(8, 16, 32, 64, 64))),
        Row("wide, 16 32 64 128 192", _changed(ours, channels=(16, 32, 64, 128, 192))),
        Row("coarse histogram, 4 bins", _changed(ours, bins=4)),
        Row("no dropout", _changed(ours, dropout=0.0)),
    ]


def irnets(title: str) -> list[Row]:
    """IRNet's own tables: 4 (blocks), 5 (their number), 7 and 8 (channels), 10 (attention), and how weights begin."""
    ours = RECIPES["irnet"][title]
    blocks = {"RB with LeakyReLU": "rb", "IRB without F1": "no F1", "F_in as F1": "F_in as F1", "F2 as F1": "F2 as F1"}
    return [
        Row("identity", rule=_identity),
        Row("irnet-2, 64 channels", ours),
        *(Row(name, _changed(ours, block=block)) for name, block in blocks.items()),
        *(Row(f"{n} blocks", _changed(ours, blocks=n)) for n in (1, 3, 4)),
        *(Row(f"irnet-1, {c} channels", _changed(ours, blocks=1, features=c)) for c in (32, 48)),
        *(Row(f"irnet-2, {c} channels", _changed(ours, features=c)) for c in (32, 48, 96)),
        Row("without the first attention", _changed(ours, attention="not first")),
        Row("Kaiming", _changed(ours, start="kaiming")),
    ]


def irnets_enlarging(title: str) -> list[Row]:
    """IRNet's tables 6 (number of blocks) and 9 (channels), of joint super-resolution."""
    ours = RECIPES["irnet-sr"][title]
    return [
        Row("irnet-5, 64 channels", ours),
        *(Row(f"{n} blocks", _changed(ours, blocks=n)) for n in (1, 2, 3, 4, 6)),
        *(Row(f"irnet-5, {c} channels", _changed(ours, features=c)) for c in (32, 48, 96)),
    ]


EXPERIMENTS: dict[str, tuple[Callable[[str], list[Row]], str]] = {
    ABLATIONS: (ablations, FULL),
    TABLE: (table, "fastgamer"),
    SUPER_RESOLUTION: (super_resolution, "irnet-sr"),
    ENCODERS: (encoders, "ours"),
    IRNET: (irnets, "irnet-2, 64 channels"),
    IRNET_SR: (irnets_enlarging, "irnet-5, 64 channels"),
}
"""Kind of experiment -> its rows by recipe title, and the row that the others are compared with."""


def light_of(row: Row, net: nn.Module, recipe: Recipe) -> Rule:
    """The light a trained network gives for this row."""
    task = TASKS[recipe.network]

    def plain(example: Example, stride: int) -> Light:
        with torch.no_grad():
            return task.light(net, example, stride)

    view = row.view
    return plain if view is None else lambda example, stride: view(plain, example, stride)
