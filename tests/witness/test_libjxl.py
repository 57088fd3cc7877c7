"""libjxl's own command reads what untone writes into JPEG XL headers: the same pixels, and profiles byte for byte."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import photos
import pytest
from PIL import Image as Pillow

import untone
from untone import Image
from untone.formats.profiles.icc import named_profile


@pytest.fixture(scope="module")
def command() -> str:
    found = shutil.which("djxl")
    if found is None:
        pytest.skip("djxl is not installed: no libjxl to read with")
    return found


def shown(command: str, folder: Path, data: bytes | None) -> tuple[np.ndarray, bytes | None]:
    """Pixels and profile of a file as djxl writes them into a PNG."""
    assert data is not None
    (folder / "photo.jxl").write_bytes(data)
    arguments = [command, str(folder / "photo.jxl"), str(folder / "seen.png")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with Pillow.open(folder / "seen.png") as opened:
        return np.asarray(opened.convert("RGB")), opened.info.get("icc_profile")


@pytest.mark.parametrize("transfer", ["srgb", "gamma22", "bt1886"])
def test_profiles_of_adobe_rgb(command: str, tmp_path: Path, transfer: str):
    data = untone.write(None, Image(photos.scene(), "adobe_rgb", transfer), photos.gain_map(3, 2), format="jxl")
    pixels, profile = shown(command, tmp_path, data)
    assert np.array_equal(pixels, photos.scene())
    assert profile == named_profile("adobe_rgb", transfer)


@pytest.mark.parametrize("primaries", ["p3", "bt2020"])
def test_named_spaces(command: str, tmp_path: Path, primaries: str):
    data = untone.write(None, Image(photos.scene(), primaries), photos.gain_map(1, 2), format="jxl", quality=100)
    assert np.array_equal(shown(command, tmp_path, data)[0], photos.scene())


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_named_spaces_with_loss(command: str, tmp_path: Path, primaries: str, dtype: type, bits: int):
    codes = photos.scene().astype(dtype) * dtype(np.iinfo(dtype).max // 255)
    data = untone.write(None, Image(codes, primaries, bits=bits), photos.gain_map(1, 2), format="jxl")
    seen, _ = shown(command, tmp_path, data)
    read = untone.read(data)[0].pixels / (np.iinfo(dtype).max / 255)
    assert np.abs(seen - read).max() <= 2
    assert np.abs(seen - photos.scene().astype(float)).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_bases(command: str, tmp_path: Path, orientation: int):
    image = Image(photos.scene(), "p3", orientation=orientation)
    pixels, _ = shown(command, tmp_path, untone.write(None, image, photos.gain_map(3), format="jxl", quality=100))
    assert np.array_equal(pixels, untone.image.turned_upright(photos.scene(), orientation))
