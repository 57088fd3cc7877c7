"""Batches show what the examples hold, wherever the view is cut, zoomed, turned or tinted."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from untone.errors import UntoneError
from untone.lab.data.examples import WHOLE, Example, pq_of, thumbnail_of
from untone.lab.training import batches
from untone.lab.training.batches import Choice, View


class Held:
    """A data set of these examples."""

    folder = Path("held")

    def __init__(self, *held: Example) -> None:
        self.held = held

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: int) -> Example:
        return self.held[index]

    def __iter__(self) -> Iterator[Example]:
        return iter(self.held)

    def refresh(self) -> None:
        """There are no more."""


def ramp(height: int, width: int) -> Example:
    """Red says the column, green the row; the gain is twice red, in all channels."""
    rows, columns = np.mgrid[0:height, 0:width]
    sdr = np.stack([columns * 255 / (width - 1), rows * 255 / (height - 1), 90 + 0 * rows], -1)
    codes = np.rint(sdr).astype(np.uint8)
    gain = np.repeat(codes[..., :1] / 255 * 2, 3, -1).astype(np.float32)
    return Example("ramp", codes, gain, thumbnail_of(codes), WHOLE)


def several(seeds: int) -> Choice:
    return Choice([0] * seeds, list(range(seeds)))


@pytest.mark.parametrize(
    "view",
    [
        View(pixels=50),
        View(pixels=50, turns="mirror"),
        View(pixels=50, turns="all"),
        View(crop=40, turns="all"),
        View(crop=40, pixels=50, turns="all", jitter=True),
        View(pixels=50, crop_zoom=0.7, turns="all"),
    ],
)
def test_the_thumbnail_at_a_pixels_place_holds_its_colour(view: View) -> None:
    batch = batches.gather(Held(ramp(256, 256)), several(8), view)
    columns, rows = (batch.uv * 256).long().clamp(0, 255).unbind(-1)
    for k in range(8):
        found = batch.thumbnail[k, :, rows[k], columns[k]].T
        assert (found - batch.rgb[k]).abs().max() < 0.03  # a zoomed thumbnail is interpolated


def test_gain_stays_with_its_pixel() -> None:
    batch = batches.gather(Held(ramp(256, 256)), several(8), View(pixels=60, crop_zoom=0.7, turns="all"))
    assert torch.allclose(batch.gain_stops, 2 * batch.rgb[..., :1].expand_as(batch.gain_stops), atol=1e-6)
    crops = batches.gather_crops(Held(ramp(80, 120)), several(8), View(crop=32, turns="all"))
    assert torch.allclose(crops.gain_stops, 2 * crops.sdr[:, :1].expand_as(crops.gain_stops), atol=1e-6)


def test_every_flip_and_quarter_turn_comes_up() -> None:
    crops = batches.gather_crops(Held(ramp(64, 64)), several(64), View(turns="all"))
    corners = {tuple((crops.sdr[k, :2, 0, 0] > 0.5).tolist()) for k in range(64)}
    assert len(corners) == 4
    kept = batches.gather_crops(Held(ramp(64, 64)), several(8), View())
    assert torch.equal(kept.sdr, kept.sdr[:1].expand_as(kept.sdr))


def test_the_places_of_a_patch_are_those_in_its_picture() -> None:
    """Half the rows from 1/4, a quarter of the columns from 1/2: by hand."""
    patch = dataclasses.replace(ramp(2, 2), window=(0.25, 0.5, 0.75, 0.75))
    found = batches.whole_pixels(patch).uv[0]
    assert torch.allclose(found, torch.tensor([[0.5625, 0.375], [0.6875, 0.375], [0.5625, 0.625], [0.6875, 0.625]]))
    inner = batches.cut(dataclasses.replace(ramp(8, 8), window=patch.window), 4, 4, np.random.default_rng(1))
    height, width = inner.window[2] - inner.window[0], inner.window[3] - inner.window[1]
    assert (height, width) == (pytest.approx(0.25), pytest.approx(0.125))


def test_a_crop_has_the_pq_of_its_pixels() -> None:
    example = ramp(40, 40)
    shown = batches.whole(example)
    assert np.abs(shown.pq[0].permute(1, 2, 0).numpy() - pq_of(example)).max() < 1e-6


def test_processes_share_a_batch_without_rest() -> None:
    choice = batches.choose(10, np.random.default_rng(0), 6)
    parts = [choice.part(rank, 3) for rank in range(3)]
    assert sorted(seed for part in parts for seed in part.seeds) == sorted(choice.seeds)
    whole = batches.gather(Held(*(ramp(16, 16) for _ in range(10))), choice, View(pixels=5))
    second = batches.gather(Held(*(ramp(16, 16) for _ in range(10))), parts[1], View(pixels=5))
    assert torch.equal(second.rgb, whole.rgb[1::3])


def test_pictures_too_small_or_of_several_sizes_are_named() -> None:
    with pytest.raises(UntoneError, match="ramp: 20 x 10 pixels; too small for crops of 16 x 16"):
        batches.gather_crops(Held(ramp(10, 20)), several(1), View(crop=16))
    with pytest.raises(UntoneError, match="several sizes"):
        batches.gather_crops(Held(ramp(10, 20), ramp(12, 20)), Choice([0, 1], [0, 0]), View())


def test_the_scale_of_a_picture_is_robust_and_never_nothing() -> None:
    flat = dataclasses.replace(ramp(64, 64), gain_stops=np.zeros((64, 64, 3), np.float16))
    assert float(batches.whole(flat).qmax_stops) == 0.25
    spiked = np.full((64, 64, 3), 1.5, np.float16)
    spiked[3, 3] = 12
    assert float(batches.whole(dataclasses.replace(flat, gain_stops=spiked)).qmax_stops) == 1.5
