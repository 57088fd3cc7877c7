"""Files that photographers keep beside photos: JPEGs of rare suffixes are read; RAW files and films are named."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image as Pillow
from test_webp_tiff import rgb_tags, tiff

from untone import cli, formats
from untone.errors import UnsupportedError
from untone.formats.tiff.codec import RAW

FILM = struct.pack(">I", 24) + b"ftypisom" + bytes(12)


def photo() -> bytes:
    stream = io.BytesIO()
    Pillow.new("RGB", (16, 16), (200, 190, 180)).save(stream, "JPEG")
    return stream.getvalue()


def dng(tag: int = 50706) -> bytes:
    """A thumbnail first, as in files of cameras."""
    tags = rgb_tags(2, 2, 8) | {254: ("I", [1]), tag: ("I", [8]) if tag == 330 else ("B", [1, 4, 0, 0])}
    return tiff(tags, bytes(12))


RAWS = [
    dng(),
    dng(330),
    tiff(rgb_tags(2, 2, 8, 32803), bytes(12)),
    b"FUJIFILMCCD-RAW 0201",
    struct.pack(">I", 24) + b"ftypcrx " + bytes(12),
    b"II*\0\x10\0\0\0CR\2\0",
    b"IIU\0" + bytes(60),
]


@pytest.mark.parametrize("data", RAWS)
def test_raw_is_named_by_its_bytes(data):
    for look in (formats.read, formats.probe):
        with pytest.raises(UnsupportedError, match=RAW):
            look(data)


def test_raw_is_named_by_its_suffix(tmp_path):
    (tmp_path / "a.CRW").write_bytes(b"of another time")
    with pytest.raises(UnsupportedError, match=f"a.CRW: {RAW}"):
        formats.read(tmp_path / "a.CRW")


def test_a_preview_of_a_plain_tiff_is_read():
    assert formats.read(tiff(rgb_tags(2, 2, 8) | {254: ("I", [1])}, bytes(12)))[0].width == 2


def test_a_film_is_named():
    with pytest.raises(UnsupportedError, match="a film, not a photo"):
        formats.read(FILM)


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "pjpeg", "pjp", "JFIF"])
def test_rare_suffixes_of_jpeg(suffix, tmp_path):
    (tmp_path / f"a.{suffix}").write_bytes(photo())
    assert cli.main([str(tmp_path), "--strength", "0"]) == 0
    assert (tmp_path / "a.hdr.jpg").exists()


def test_a_folder_names_what_it_passes_over_once(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(photo())
    for name in ("a.nef", "b.nef", "c.dng"):
        (tmp_path / name).write_bytes(dng())
    (tmp_path / "d.mov").write_bytes(FILM)
    assert cli.main(["to", "png", str(tmp_path)]) == 0
    (tmp_path / "a.png").unlink()
    assert capsys.readouterr().err.splitlines() == [
        "untone: 3 RAW files and 1 film (.dng, .mov, .nef) are not read and skipped",
        "untone: 1 converted, 4 skipped, 0 left alone, 0 failed",
    ]
    assert cli.main(["to", "png", str(tmp_path), "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(s["status"] for s in said) == ["converted", *["skipped"] * 4]
    assert {s["reason"] for s in said} == {None, "RAW files are not read", "films are not read"}
    assert np.array_equal(formats.read(tmp_path / "a.png")[0].pixels, formats.read(tmp_path / "a.jpg")[0].pixels)


def test_a_folder_names_pictures_of_other_formats(tmp_path, capsys):
    """GIF, BMP and PSD beside photos were passed over without a word."""
    (tmp_path / "a.jpg").write_bytes(photo())
    (tmp_path / "b.gif").write_bytes(b"GIF89a")
    (tmp_path / "c.PSD").write_bytes(b"8BPS")
    assert cli.main(["to", "png", str(tmp_path)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "untone: 2 other pictures (.gif, .psd) are not read and skipped",
        "untone: 1 converted, 2 skipped, 0 left alone, 0 failed",
    ]


def test_a_folder_of_one_photo_ends_with_the_counts_too(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(photo())
    for done in ("1 converted, 0 skipped", "0 converted, 1 skipped"):
        assert cli.main(["to", "avif", str(tmp_path), "-o", str(tmp_path / "out")]) == 0
        assert capsys.readouterr().err.splitlines()[-1] == f"untone: {done}, 0 left alone, 0 failed"
