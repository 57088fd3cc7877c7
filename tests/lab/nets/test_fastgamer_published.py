"""FastGaMer as its paper has it: its size, its folded projection, its light, and that no LUT starts it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from held import Held
from torch.nn import functional

from untone import models
from untone.lab.data.examples import Example, thumbnail_of
from untone.lab.nets import fastgamer
from untone.lab.nets.fastgamer_published import PublishedFastGaMer, made
from untone.lab.nets.shapes import PUBLISHED, FastGaMerShape
from untone.lab.training import batches, export
from untone.lab.training.recipes import RECIPES
from untone.lab.training.tasks import fastgamer as task

PAPER = RECIPES["fastgamer"]["paper"]


@pytest.fixture(scope="module")
def net() -> PublishedFastGaMer:
    torch.manual_seed(3)
    return PublishedFastGaMer().eval()


def test_it_has_the_papers_size(net: PublishedFastGaMer) -> None:
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 2) == 0.64
    assert not any("histogram" in name for name, _ in net.named_modules())


def test_the_folded_grids_are_slices_and_rgb_through_the_projection(net: PublishedFastGaMer) -> None:
    """As the paper says: three grids sliced, each by its own channel, put beside RGB, through the 1 x 1 projection."""
    with torch.no_grad():
        torch.nn.init.normal_(net.projection.weight)
        net.projection.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))
        feature, rgb, uv = torch.rand(1, 128) * 3, torch.rand(1, 50, 3), torch.rand(1, 50, 2)
        grids = net.grid_head(feature).reshape(3, 1, 8, 8, 8, 1)  # guide, batch, y, x, z, value
        places = torch.cat([uv.expand(3, -1, -1), rgb[0].T[..., None]], -1).reshape(3, 1, 1, 50, 3) * 2 - 1
        volumes = grids.reshape(3, 8, 8, 8).permute(0, 3, 1, 2)[:, None]
        sliced = functional.grid_sample(volumes, places, align_corners=True, padding_mode="border").reshape(3, 50)
        expected = net.projection(torch.cat([rgb[0], sliced.T], -1))
        found = fastgamer.slice_grids(net.grids_of(feature), rgb, uv)[0]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_it_becomes_a_model_that_the_product_runs(net: PublishedFastGaMer, tmp_path: Path) -> None:
    export.export(net, tmp_path / "net.onnx", {})
    thumbnail = np.random.default_rng(0).random((3, 256, 256), dtype=np.float32)
    found = models.load(tmp_path / "net.onnx").said(thumbnail)  # type: ignore[union-attr]
    with torch.no_grad():
        expected = net(torch.from_numpy(thumbnail)[None])
    assert np.abs(found.grids - expected.grids[0].numpy()).max() < 1e-4
    assert np.abs(found.lut - expected.lut[0].numpy()).max() < 1e-4


@pytest.mark.parametrize("part", ["use_grid", "use_lut", "use_modulator"])
def test_its_parts_can_be_left_out(part: str) -> None:
    import dataclasses

    out = made(dataclasses.replace(PUBLISHED, **{part: False}))(torch.rand(2, 3, 256, 256))
    assert out.grids.shape == (2, 3, 8, 8, 8, 3)
    assert out.lut.shape == (2, 17, 17, 17, 3)


def test_each_shape_has_its_network() -> None:
    assert type(made(FastGaMerShape())) is fastgamer.FastGaMer
    assert type(made(PUBLISHED)) is PublishedFastGaMer


def test_the_recipe_begins_from_nothing_and_learns_gains_over_the_power_of_the_code() -> None:
    """By hand: code 188, no gain over sRGB light, is log2((0.5029 + 1/64) / ((188/255)**2.2 + 1/64)) over the power."""
    codes = np.full((256, 256, 3), 188, np.uint8)
    grey = Example("grey", codes, np.zeros((256, 256, 3), np.float16), thumbnail_of(codes))
    pairs = Held(grey)
    net = task.network(PAPER)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    task.begin(net, pairs, PAPER)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    drawn = task.draw(pairs, batches.Choice([0], [1]), PAPER)
    wanted = np.log2((0.50289 + 1 / 64) / ((188 / 255) ** 2.2 + 1 / 64))
    assert drawn.gain_stops.mean().item() == pytest.approx(wanted, abs=1e-4)
    assert drawn.qmax_stops.tolist() == [0.25]
    assert task.code_qmax(grey) == pytest.approx(abs(wanted), abs=1e-4)
