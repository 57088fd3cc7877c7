"""libheif, the reference implementation of HEIC, by its own command: it shows the base of every AVIF and HEIC of ours.

It knows of gain maps as hidden items only; what it must not do is to stumble over them, or over turns and depths.
"""

import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import photos
import pytest
from PIL import Image as Pillow

import untone
from untone import Image
from untone.image import turned_upright

NAMES = ("heif-dec", "heif-convert")
needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")


@pytest.fixture(scope="module")
def command() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"neither {' nor '.join(NAMES)} is installed: no libheif to read with")
    return found


def base(bits: int = 8, **fields: Any) -> Image:
    codes = photos.scene()
    return Image(codes if bits == 8 else codes.astype(np.uint16) * 257, bits=bits, **fields)


CASES: dict[str, Callable[[str], bytes | None]] = {
    "a grey map": lambda name: untone.write(None, base(), photos.gain_map(1, 2), format=name),
    "a map in colour": lambda name: untone.write(None, base(), photos.gain_map(3, 2), format=name),
    "a wide base": lambda name: untone.write(None, base(primaries="p3"), photos.gain_map(3, 2), format=name),
    "10 bits": lambda name: untone.write(None, base(10), photos.gain_map(3, 2), format=name),
    "no map": lambda name: untone.write(None, base(), format=name),
    **{
        f"orientation {n}": lambda name, n=n: untone.write(
            None, base(orientation=n), photos.gain_map(1, 2), format=name
        )
        for n in range(2, 9)
    },
}


@pytest.mark.parametrize("name", ["avif", pytest.param("heic", marks=needs_codec)])
@pytest.mark.parametrize("case", CASES)
def test_the_same_pixels(command: str, tmp_path: Path, case: str, name: str):
    data = CASES[case](name)
    assert data is not None
    (tmp_path / f"photo.{name}").write_bytes(data)
    done = subprocess.run(
        [command, str(tmp_path / f"photo.{name}"), str(tmp_path / "seen.png")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Pillow.open(tmp_path / "seen.png") as opened:
        seen = np.asarray(opened.convert("RGB")).astype(int)
    image = untone.read(data)[0]
    scale = 255 / int(np.iinfo(image.pixels.dtype).max)
    ours = turned_upright(image.pixels, image.orientation) * scale
    assert seen.shape == ours.shape
    assert np.abs(seen - ours).max() <= 2
