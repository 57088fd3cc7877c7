"""Batches show what the examples hold, wherever the view is cut, zoomed, turned or tinted."""

import dataclasses

import numpy as np
import pytest
import torch
from held import Held
from tiny_recipes import SHAPES, recipe

from untone.errors import UntoneError
from untone.lab.data.examples import WHOLE, Example, code_gain, pq_of, thumbnail_of
from untone.lab.training import batches
from untone.lab.training.batches import Choice, View
from untone.lab.training.tasks import gmnet


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


LIGHT = View(crop=16, turns="all", crop_zoom=0.5)


@pytest.mark.parametrize(
    "view", [View(crop=16), LIGHT, View(pixels=9), View(pixels=9, crop_zoom=0.5), View(crop=8, pixels=9)]
)
def test_crops_and_zooms_keep_their_pictures_qmax(view: View) -> None:
    """A picture whose right half gains 3 stops: of many views some do not see that half, and all say 3."""
    picture = dataclasses.replace(ramp(64, 64), gain_stops=np.zeros((64, 64, 3), np.float16))
    picture.gain_stops[:, 32:] = 3
    found = batches.gather(Held(picture), several(16), view)
    assert found.qmax_stops.tolist() == [3.0] * 16
    assert view.pixels or (found.gain_stops.amax((1, 2)) == 0).any()


@pytest.mark.parametrize("convention", ["untone", "gmnet"])
def test_patches_keep_the_qmax_of_their_metadata(convention: str) -> None:
    """In both conventions of GMNet, whose target 1 is the largest gain of the picture and not of the patch."""
    patch = dataclasses.replace(ramp(64, 64), window=(0, 0, 0.5, 0.5), qmax_stops=5.0)
    wanted = recipe("gmnet", crop=16, shape=dataclasses.replace(SHAPES["gmnet"], convention=convention))
    drawn = gmnet.draw(Held(patch), several(4), wanted)
    gain, qmax = gmnet.target(drawn, convention)
    assert qmax.flatten().tolist() == [5.0] * 4
    assert float(gain.max()) < 2.5


def test_the_published_map_ends_at_the_qmax_of_other_metadata() -> None:
    """Code 5 without gain has 3.2 stops over code**2.2, and the metadata of pairs made here say 1 stop over sRGB."""
    half = (0, 0, 1, 0.5)
    dark = dataclasses.replace(ramp(64, 64), sdr=np.full((64, 64, 3), 5, np.uint8), qmax_stops=1.0, window=half)
    wanted = recipe("gmnet", crop=16, shape=dataclasses.replace(SHAPES["gmnet"], convention="gmnet"))
    drawn = gmnet.draw(Held(dark), several(4), wanted)
    assert float(gmnet.code_gain(drawn.sdr, drawn.gain_stops * 0).max()) == pytest.approx(3.2, abs=0.15)
    gain, qmax = gmnet.target(drawn, "gmnet")
    assert float((gain / qmax).max()) == 1.0


def test_crops_of_the_published_convention_keep_the_largest_gain_over_its_light() -> None:
    picture = ramp(64, 64)
    wanted = recipe("gmnet", crop=8, shape=dataclasses.replace(SHAPES["gmnet"], convention="gmnet"))
    whole = batches.whole(picture)
    largest = float(gmnet.code_gain(whole.sdr, whole.gain_stops).max())
    _, qmax = gmnet.target(gmnet.draw(Held(picture), several(8), wanted), "gmnet")
    assert qmax.flatten().tolist() == pytest.approx([largest] * 8)


def test_patches_whose_metadata_say_it_have_the_published_qmax_of_their_picture() -> None:
    """Without it the metadata's qmax over sRGB; of a whole picture the largest gain that it shows."""
    picture = ramp(64, 64)
    most = float(code_gain(picture.sdr, picture.gain_stops).max())
    patch = dataclasses.replace(picture, window=(0, 0, 0.5, 0.5), qmax_stops=1.0)
    assert gmnet.code_qmax(dataclasses.replace(patch, code_qmax_stops=4.5)) == 4.5
    assert gmnet.code_qmax(patch) == 1.0
    assert gmnet.code_qmax(dataclasses.replace(picture, qmax_stops=1.0)) == most


def test_the_gain_over_codes_is_the_same_in_numpy_and_torch() -> None:
    random = np.random.default_rng(0)
    sdr = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    sdr[:4] //= 60
    gain = random.uniform(-2, 4, (16, 16, 3)).astype(np.float32)
    planes = (torch.from_numpy(a.transpose(2, 0, 1)[None].copy()) for a in (sdr / np.float32(255), gain))
    np.testing.assert_allclose(gmnet.code_gain(*planes)[0, 0].numpy(), code_gain(sdr, gain), atol=1e-4)
