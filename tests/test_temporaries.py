"""Files that killed processes left: only what nobody holds, and nobody touched for long, is removed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from untone import temporaries
from untone.formats.common.files import save

WRITER = """
import sys, time
from pathlib import Path
from untone.temporaries import beside, created

with created(beside(Path("photo.hdr.jpg")), 0o666) as descriptor:
    print(flush=True)
    time.sleep(600)
"""


def age(path):
    """As if it had been written long ago."""
    moment = path.stat().st_mtime - temporaries.STALE_SECONDS - 1
    os.utime(path, (moment, moment))


@pytest.mark.skipif(sys.platform == "win32", reason="there open files cannot be removed")
def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, request):
    writing = subprocess.Popen([sys.executable, "-c", WRITER], cwd=tmp_path, stdout=subprocess.PIPE)
    request.addfinalizer(writing.kill)
    writing.stdout.readline()
    (held,) = tmp_path.iterdir()
    digits = "0123456789ab"
    stale, fresh, film = (tmp_path / f".untone-{digits}{suffix}" for suffix in (".tmp", ".new", ".mp4"))
    others = [tmp_path / name for name in (f".untone-{digits}.old", ".untone-notes.tmp", "a.tmp")]
    for path in (stale, fresh, film, *others):
        path.write_bytes(b"x")
        if path != fresh:
            age(path)
    (tmp_path / f".untone-{digits}.jpg").mkdir()
    age(held)
    save(tmp_path / "one.jpg", [b"1"])
    assert not any(path.exists() for path in (stale, film))
    assert all(path.exists() for path in (held, fresh, *others))
    writing.kill()
    writing.communicate()
    assert held.exists()
    temporaries._swept.clear()
    save(tmp_path / "two.jpg", [b"2"])
    assert not held.exists()
    assert (tmp_path / "one.jpg").read_bytes() == b"1"


def test_a_folder_is_searched_once(tmp_path, monkeypatch):
    looked = []
    search = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: looked.append(Path(path)) or search(path))
    for name in ("a", "b"):
        save(tmp_path / name, [b"1"])
    assert looked == [tmp_path]
