"""A photo and its original looked at: every harm to the gain map by its name, and no edit as a harm."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.apps.auditing.similarity import fault, summary
from untone.apps.editing.command import edit
from untone.apps.editing.geometry import Edit
from untone.apps.editing.options import Request
from untone.errors import DamagedError
from untone.formats.jpeg.revision import Revision, revised
from untone.formats.jpeg.segments import find_end
from untone.formats.jpeg.ultrahdr import locate
from untone.gainmap import resize
from untone.image import GainMap, Image

SIDES = (288, 384)


def blobs(seed, channels):
    """Codes of shapes of all sizes."""
    random = np.random.default_rng(seed)
    layers = [resize(random.random((n, n, channels), np.float32), *SIDES) for n in (3, 8, 20, 50)]
    mixed = sum(layer * weight for layer, weight in zip(layers, (3, 2, 2, 1), strict=True)) / 8
    return np.clip((mixed - 0.25) * 510, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("originals") / "p.jpg"
    codes = np.ascontiguousarray(blobs(1, 3)[::2, ::2])
    formats.write(path, Image(blobs(0, 3)), GainMap(codes, (0,) * 3, (3,) * 3, alternate_headroom_stops=3.0))
    return path


def with_base(data, change, quality=90):
    """What a tool leaves that edits the photo and carries everything else over."""
    base, stream = Pillow.open(io.BytesIO(data[: locate(data).gain_map.start])), io.BytesIO()
    change(base).save(stream, "JPEG", quality=quality)
    return revised(data, Revision(picture=stream.getvalue()))


def with_map(path, **changes):
    image, gain_map = formats.read(path)
    return formats.write(None, image, dataclasses.replace(gain_map, encoded=None, **changes), format="jpeg")


def zeroed(path):
    data = bytearray(path.read_bytes())
    found = locate(bytes(data)).gain_map
    middle = (found.scan + find_end(bytes(data), found)) // 2
    data[middle : middle + 600] = bytes(600)
    return bytes(data)


HARMS = {
    "mirrored": (lambda p: with_base(p.read_bytes(), lambda i: i.transpose(Pillow.Transpose(0))), "out of step"),
    "half a turn": (lambda p: with_base(p.read_bytes(), lambda i: i.transpose(Pillow.Transpose(3))), "out of step"),
    "a quarter turn": (lambda p: with_base(p.read_bytes(), lambda i: i.transpose(Pillow.Transpose(2))), "out of step"),
    "the middle": (lambda p: with_base(p.read_bytes(), lambda i: i.crop((96, 72, 288, 216))), "out of step"),
    "map mirrored": (lambda p: with_map(p, codes=formats.read(p)[1].codes[:, ::-1].copy()), "out of step"),
    "map of zeros": (lambda p: with_map(p, codes=np.zeros((144, 192, 3), np.uint8)), "damaged"),
    "map of another photo": (lambda p: with_map(p, codes=blobs(7, 3)[::2, ::2].copy()), "damaged"),
    "map's data zeroed": (zeroed, "damaged"),
    "less gain": (lambda p: with_map(p, max_stops=(2.0,) * 3), "changed"),
    "another gamma": (lambda p: with_map(p, gamma=(2.0,) * 3), "changed"),
    "another headroom": (lambda p: with_map(p, alternate_headroom_stops=1.5), "changed"),
}


@pytest.mark.parametrize("name", HARMS)
def test_harms_have_their_names(original, tmp_path, name):
    harm, what = HARMS[name]
    (tmp_path / "p.jpg").write_bytes(harm(original))
    found = fault(summary(tmp_path / "p.jpg"), summary(original), "the original")
    assert found is not None
    assert found[0] == what
    assert cli.main(["audit", str(tmp_path), "--originals", str(original.parent)]) == 1


EDITS = {
    "turned": Edit(turns=1),
    "turned and mirrored, upright": Edit(turns=3, flip="h", upright=True),
    "cropped": Edit(crop=(100, 40, 200, 150)),
    "cropped by little": Edit(crop=(5, 3, 376, 282)),
    "smaller": Edit(size=0.4),
    "all": Edit(crop=(96, 72, 192, 144), size=0.5, turns=2),
}


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("suffix", [".jpg", ".jxl"])
def test_edits_in_step_are_no_harm(original, tmp_path, name, suffix):
    edit(original, tmp_path / f"p{suffix}", Request(EDITS[name]))
    assert fault(summary(tmp_path / f"p{suffix}"), summary(original), "the original") is None


@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize("change", [lambda i: i.point(lambda v: min(255, int(v * 1.3))), lambda i: i.convert("L")])
def test_other_tones_and_qualities_are_no_harm(original, tmp_path, change, quality):
    (tmp_path / "p.jpg").write_bytes(with_base(original.read_bytes(), lambda i: change(i).convert("RGB"), quality))
    assert fault(summary(tmp_path / "p.jpg"), summary(original), "the original") is None


def test_pictures_without_details_are_not_judged_by_them(tmp_path):
    y, x = np.mgrid[0:96, 0:128].astype(np.uint8)
    ramps = np.stack([x, y, x // 2 + y // 2], axis=2)
    whole = tmp_path / "p.jpg"
    formats.write(whole, Image(ramps), GainMap(ramps[::2, ::2].copy(), (0,) * 3, (2,) * 3, alternate_headroom_stops=2))
    edit(whole, tmp_path / "half.jpg", Request(Edit(crop=(0, 0, 64, 96))))
    assert fault(summary(tmp_path / "half.jpg"), summary(whole), "the original") is None


def test_a_photo_without_a_map_is_not_seen(tmp_path):
    formats.write(tmp_path / "p.jpg", Image(blobs(0, 3)))
    with pytest.raises(DamagedError, match="no gain map"):
        summary(tmp_path / "p.jpg")
