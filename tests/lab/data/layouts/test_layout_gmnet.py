"""The GMNet layout gives the light that its published formula gives, and is written as its own code reads it."""

import json
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from made_pairs import H, W, gmnet_pair, png

from untone import cli
from untone.lab.data.examples import Example, code_gain, light_of
from untone.lab.data.layouts import gmnet, open_dataset


def published_light(root: Path, name: str, patch: str | None = None) -> np.ndarray:
    """sdr ** 2.2 * 2 ** (qmax * NGM), with nothing of ours."""
    sdr = imagecodecs.png_decode((root / "image" / f"{patch or name}.png").read_bytes()) / 255
    ngm = imagecodecs.png_decode((root / "gainmap" / f"{patch or name}.png").read_bytes()) / 255
    return sdr**2.2 * 2 ** (float(np.load(root / "metadata" / f"{name}.npy")) * ngm[..., None])


def test_an_example_leads_to_the_published_light(gmnet_folder: Path) -> None:
    data = open_dataset(gmnet_folder)
    assert [e.name for e in data] == ["IMG_001", "IMG_002", "IMG_003"]
    for example in data:
        light = light_of(example.sdr, example.gain_stops)
        assert np.abs(light - published_light(gmnet_folder, example.name)).max() < 2e-6
        shown = imagecodecs.png_decode((gmnet_folder / "thumbnail" / f"{example.name}.png").read_bytes())
        assert (example.thumbnail == shown).all()
        assert example.window == (0, 0, 1, 1)


def test_a_worked_pixel(tmp_path: Path) -> None:
    """Code 128 with map code 255 and qmax 1: light 2 * (128/255) ** 2.2 = 0.439; sRGB has 0.2159 there."""
    for name, shape in (("image", (2, 2, 3)), ("gainmap", (2, 2))):
        png(tmp_path / name / "a.png", np.full(shape, 128 if name == "image" else 255, np.uint8))
    (tmp_path / "metadata").mkdir()
    np.save(tmp_path / "metadata" / "a.npy", np.float32(1))
    example = open_dataset(tmp_path)[0]
    expected = np.log2((2 * (128 / 255) ** 2.2 + 1 / 64) / (0.21586050 + 1 / 64))
    assert np.allclose(example.gain_stops, expected, atol=1e-5)
    assert (example.thumbnail == 128).all()


def test_a_half_size_map_is_bilinear_between_pixel_centres(tmp_path: Path) -> None:
    """cv2.INTER_LINEAR by 2: weights 1/4 and 3/4, constant at the edge."""
    png(tmp_path / "image" / "a.png", np.full((2, 4, 3), 255, np.uint8))
    png(tmp_path / "gainmap" / "a.png", np.array([[0, 200]], np.uint8))
    (tmp_path / "metadata").mkdir()
    np.save(tmp_path / "metadata" / "a.npy", np.float32(2.55))
    gain = open_dataset(tmp_path)[0].gain_stops
    light = (np.exp2(gain) * (1 + 1 / 64)) - 1 / 64
    assert np.allclose(np.log2(light[0, :, 0]), [0, 0.5, 1.5, 2.0], atol=1e-5)


def test_a_note_beside_the_metadata_names_another_convention(gmnet_folder: Path) -> None:
    note = {"transfer": "srgb", "base_offset": 1 / 64, "alternate_offset": 1 / 64}
    (gmnet_folder / "metadata" / "IMG_002.json").write_text(json.dumps(note))
    example = open_dataset(gmnet_folder)[1]
    ngm = imagecodecs.png_decode((gmnet_folder / "gainmap" / "IMG_002.png").read_bytes())
    assert np.allclose(example.gain_stops, ngm[..., None] * (2.0 / 255), atol=1e-6)


def smooth(seed: int, channels: int = 3) -> Example:
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:H, 0:W] / H
    sdr = np.clip(255 * np.stack([rows, columns * 0.7, rows * columns], -1) + random.integers(0, 9, (H, W, 3)), 0, 255)
    gain = np.stack([rows * 2 + k * 0.3 * (channels == 3) for k in range(3)], -1)
    return Example("P0001", sdr.astype(np.uint8), gain.astype(np.float32), np.zeros((256, 256, 3), np.uint8))


def test_our_pairs_come_back_within_half_a_code(tmp_path: Path) -> None:
    example = smooth(1, channels=1)
    loss = gmnet.write(tmp_path, example)
    back = open_dataset(tmp_path, strict=True)[0]
    assert (back.sdr == example.sdr).all()
    assert np.abs(back.gain_stops - example.gain_stops).max() <= example.gain_stops.max() / 510 + 1e-3
    assert loss < example.gain_stops.max() / 510
    assert np.load(tmp_path / "metadata" / "P0001.npy").dtype == np.float32
    assert np.load(tmp_path / "metadata" / "P0001.npy").shape == ()
    assert imagecodecs.png_decode((tmp_path / "gainmap" / "P0001.png").read_bytes()).shape == (H, W)


def test_three_channels_become_the_luminance_gain_and_the_loss_is_told(tmp_path: Path) -> None:
    example = smooth(2)
    loss = gmnet.write(tmp_path, example)
    back = open_dataset(tmp_path)[0]
    luma = np.array([0.2126, 0.7152, 0.0722])
    had, has = (light_of(e.sdr, e.gain_stops) @ luma for e in (example, back))
    assert np.abs(np.log2((had + 1 / 64) / (has + 1 / 64))).max() < 0.02
    assert np.isclose(loss, np.abs(back.gain_stops - example.gain_stops).mean(), atol=1e-4)


def test_their_light_survives_reading_and_writing_by_their_convention(gmnet_folder: Path, tmp_path: Path) -> None:
    """Read into sRGB and offsets, written back into plain 2.2 without: the same map codes, but where all is black."""
    example = open_dataset(gmnet_folder)[0]
    gmnet.write(tmp_path / "again", example, gmnet.THEIRS)
    assert not list((tmp_path / "again" / "metadata").glob("*.json"))
    before, after = (published_light(root, "IMG_001") for root in (gmnet_folder, tmp_path / "again"))
    qmax = float(np.load(tmp_path / "again" / "metadata" / "IMG_001.npy"))
    assert abs(qmax - 2.0) < 1e-4
    assert np.abs(before - after).max() < 4 * (2 ** (qmax / 510) - 1) + 1e-3
    codes = [imagecodecs.png_decode((root / "gainmap" / "IMG_001.png").read_bytes()).astype(int) for root in
             (gmnet_folder, tmp_path / "again")]  # fmt: skip
    assert (np.abs(codes[0] - codes[1]) <= 1).mean() > 0.99


def test_patches_find_the_metadata_and_thumbnail_of_their_picture(tmp_path: Path) -> None:
    """IMG_365_s024 is of IMG_365; our own patch names also say where they were cut."""
    gmnet_pair(tmp_path, "IMG_365", 1, qmax=1.5)
    for name in ("IMG_365_s024", f"IMG_365_y00012_x00016_of_{2 * H}x{2 * W}"):
        for folder in ("image", "gainmap"):
            (tmp_path / folder / f"{name}.png").write_bytes((tmp_path / folder / "IMG_365.png").read_bytes())
    for folder in ("image", "gainmap"):
        (tmp_path / folder / "IMG_365.png").unlink()
    examples = list(open_dataset(tmp_path, strict=True))
    assert [e.window for e in examples] == [(0, 0, 1, 1), (0.25, 0.25, 0.75, 0.75)]
    shown = imagecodecs.png_decode((tmp_path / "thumbnail" / "IMG_365.png").read_bytes())
    assert all((e.thumbnail == shown).all() for e in examples)
    assert [e.qmax_stops for e in examples] == [1.5, 1.5]
    light = light_of(examples[0].sdr, examples[0].gain_stops)
    assert np.abs(light - published_light(tmp_path, "IMG_365", "IMG_365_s024")).max() < 2e-6


def test_patches_of_our_pairs_know_the_published_qmax_of_their_picture(tmp_path: Path) -> None:
    """Ours say qmax over sRGB light with offsets; of a set of theirs it is the only one, and needs no second number."""
    gmnet.write(tmp_path / "set", smooth(1))
    assert cli.main(["data", "crop", str(tmp_path / "set"), "-o", str(tmp_path / "out"), "--size", "12"]) == 0
    whole = open_dataset(tmp_path / "set", strict=True)[0]
    patches = list(open_dataset(tmp_path / "out", strict=True))
    assert len(patches) > 1
    assert whole.code_qmax_stops is None
    assert {p.qmax_stops for p in patches} == {whole.qmax_stops}
    assert {p.code_qmax_stops for p in patches} == {float(np.float32(code_gain(whole.sdr, whole.gain_stops).max()))}


@pytest.mark.parametrize("divisor", [2, 4])
def test_half_and_quarter_maps_are_read_and_other_sizes_are_not(tmp_path: Path, divisor: int) -> None:
    gmnet_pair(tmp_path, "a", 1, divisor=divisor)
    assert len(open_dataset(tmp_path, strict=True)) == 1
