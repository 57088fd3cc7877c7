"""Paths beyond what Windows opens without its prefix, by a system that refuses them as Windows does."""

import subprocess
import sys
from pathlib import Path

import pytest

from untone import formats

SAMPLE = Path(__file__).parents[1] / "samples" / "night-highrise.jpg"

WINDOWS_LIKE = '''
import builtins, io, os, sys

PREFIX, MOST = "/proc/self/root", 259


def refusing(function):
    def tried(*arguments, **named):
        for path in arguments[:2]:
            if isinstance(path, (str, os.PathLike)):
                whole = os.path.abspath(os.fspath(path))
                if len(whole) > MOST and not whole.startswith(PREFIX):
                    raise FileNotFoundError(2, "No such file or directory", whole)
        return function(*arguments, **named)

    return tried


for name in ("stat", "lstat", "open", "scandir", "listdir", "mkdir", "rename", "replace", "unlink", "remove", "chmod",
             "utime", "link"):
    setattr(os, name, refusing(getattr(os, name)))
io.open = builtins.open = refusing(io.open)

from untone import system

reachable = system.reachable


def of_windows(path, *_, least=system.LONG_PATH):
    """What the decision for Windows says of it, by the prefix that stands for Windows' own."""
    whole = os.path.abspath(path)
    if whole.startswith(PREFIX):
        return path
    drive = "C:" + whole.replace("/", chr(92))
    asked = reachable(drive, "win32", absolute=str, least=least)
    return path if str(asked) == drive else type(path)(PREFIX + whole)


system.reachable = of_windows
from untone import cli

sys.exit(cli.main(sys.argv[1:]))
'''


def untone(*words, cwd=None):
    program = [sys.executable, "-c", WINDOWS_LIKE, *map(str, words)]
    return subprocess.run(program, capture_output=True, text=True, cwd=cwd, check=False, timeout=600)


@pytest.mark.skipif(not Path("/proc/self/root").is_dir(), reason="/proc stands for the prefix of Windows here")
def test_photos_below_long_paths_are_found_read_and_written(tmp_path):
    deep = tmp_path.joinpath("photos", *["d" * 90] * 3)
    deep.mkdir(parents=True)
    assert len(str(deep)) > 260
    photo = deep / "sun.jpg"
    photo.write_bytes(SAMPLE.read_bytes())
    (tmp_path / "near.jpg").write_bytes(SAMPLE.read_bytes())
    done = untone("photos", "near.jpg", "-R", "-o", "out/", "--keep-times", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "out" / deep.relative_to(tmp_path / "photos") / "sun.hdr.jpg"
    assert formats.read(made)[1] is not None
    assert formats.read(tmp_path / "out" / "near.hdr.jpg")[1] is not None
    assert "exists" in untone("../photos", "-R", "-o", "../out", cwd=tmp_path / "out").stderr
    for words in (["inspect", made], ["edit", made, "--strip-location", "--in-place"],
                  ["audit", tmp_path / "out", "--originals", tmp_path / "photos"]):  # fmt: skip
        done = untone(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in made.parent.iterdir()} == {"sun.hdr.jpg"}


@pytest.mark.skipif(not Path("/proc/self/root").is_dir(), reason="/proc stands for the prefix of Windows here")
def test_films_below_long_paths_are_converted_inspected_and_verified(tmp_path):
    clips = pytest.importorskip("clips", reason="films need PyAV: pip install 'untone[video]'")
    deep = tmp_path.joinpath("films", *["d" * 90] * 3)
    deep.mkdir(parents=True)
    clip, made = clips.write_clip(deep / "clip.mp4", [clips.scene(index) for index in range(3)]), deep / "clip.hdr.mkv"
    for words in (["films", "-R", "--codec", "ffv1"], ["inspect", made], ["verify", made, "--source", clip],
                  ["export", clip, "--cube", tmp_path / "luts"]):  # fmt: skip
        done = untone(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert made.stat().st_size > 0
