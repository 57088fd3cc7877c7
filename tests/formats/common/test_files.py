"""Whole files: reading refuses early, writing replaces or leaves alone."""

import errno
import os
import resource
import signal

import numpy as np
import pytest

from untone import cli, formats
from untone.errors import DamagedError, LimitError, UnsupportedError, UntoneError, UsageError
from untone.formats.common import limits
from untone.image import Image


@pytest.fixture
def noise() -> Image:
    """Pixels that hardly compress."""
    return Image(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))


def test_a_path_and_its_bytes_read_alike(tmp_path, noise):
    target = tmp_path / "photo.PNG"
    assert formats.write(target, noise) is None
    assert np.array_equal(formats.read(target)[0].pixels, formats.read(str(target))[0].pixels)
    assert np.array_equal(formats.read(target.read_bytes())[0].pixels, noise.pixels)
    assert [p.name for p in tmp_path.iterdir()] == ["photo.PNG"]


@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.exr", "x.hdr"])
def test_a_full_disk_leaves_the_old_file_whole(tmp_path, noise, name):
    """A real one: the process may write no file longer than 20 kB."""
    target = tmp_path / name
    target.write_bytes(b"old")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(UntoneError, match="cannot write"):
            formats.write(target, noise, quality=100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_failing_flush_leaves_the_old_file_whole(tmp_path, noise, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "x.jpg"
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UntoneError, match="No space left"):
        formats.write(target, noise)
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.jpg"]


def test_faults_of_a_file_name_it(tmp_path):
    broken = tmp_path / "broken.jpg"
    for content, fault in ((b"", DamagedError), (b"plain text", UnsupportedError), (b"\xff\xd8\xff", DamagedError)):
        broken.write_bytes(content)
        for function in (formats.read, formats.probe):
            with pytest.raises(fault, match=r"broken\.jpg") as caught:
                function(broken)
            assert str(caught.value).count("broken.jpg") == 1
    with pytest.raises(UntoneError, match="No such file"):
        formats.read(tmp_path / "none.jpg")
    with pytest.raises(UntoneError, match="it is a folder"):
        formats.read(tmp_path)
    with pytest.raises(UntoneError, match="cannot read"):
        formats.read("nul\0byte.jpg")


def test_a_file_beyond_the_limit_is_not_even_read(tmp_path):
    sparse = tmp_path / "big.jpg"
    with sparse.open("wb") as stream:
        stream.truncate(limits.MAX_FILE_BYTES + 1)
    with pytest.raises(LimitError, match="limit"):
        formats.read(sparse)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "no image"),
    ],
)
def test_other_kinds_are_named(head, name):
    with pytest.raises(UnsupportedError, match=name):
        formats.read(head + bytes(64))


@pytest.mark.parametrize("target", ["x.gif", "x", "x.tiff", "x.webp", "x.bmp"])
def test_targets_that_cannot_be_written_are_refused(tmp_path, noise, target):
    with pytest.raises(UnsupportedError, match="use one of"):
        formats.write(tmp_path / target, noise)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"quality": 0}, {"quality": 101}, {"map_quality": -1}])
def test_qualities_out_of_range_are_usage_errors(noise, options):
    with pytest.raises(UsageError, match="1 to 100"):
        formats.write(None, noise, **options)


def test_what_was_copied_as_text_is_refused_and_said(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3)).astype(np.uint8)
    for suffix in ("jpg", "png", "avif"):
        path = tmp_path / f"photo.{suffix}"
        formats.write(path, Image(noise))
        formats.read(path)
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        for look in (formats.read, formats.probe):
            with pytest.raises(DamagedError, match="copied as text"):
                look(path)
        assert cli.main(["to", "exr", str(path)]) == 1
