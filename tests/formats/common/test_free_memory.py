"""Pictures for which there is no memory are refused by a line, before anything of their size is allocated."""

import resource
import struct
import subprocess
import sys
import zlib

import pytest

from untone.errors import LimitError
from untone.formats.common import limits, memory


def png(width, height, bits, kind):
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 999)), (b"IEND", b"")]
    body = (struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_what_is_not_free_is_not_begun(monkeypatch):
    monkeypatch.setattr(limits, "free_bytes", lambda: 1 << 29)
    limits.check_size(10_000, 10_000, 4)
    with pytest.raises(LimitError, match="10000 x 10000 pixels take 572 MiB of memory; 512 MiB are free"):
        limits.check_size(10_000, 10_000, 6)
    monkeypatch.setattr(limits, "free_bytes", lambda: None)
    limits.check_size(10_000, 10_000, 6)


def test_the_systems_figures_are_read(tmp_path, monkeypatch):
    assert memory.free_bytes() > 1 << 20
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert memory._of_group() is None
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._of_group() is None
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert memory._of_group() == memory.free_bytes() == 600


def test_under_a_limit_of_the_shell_it_is_one_line(tmp_path):
    """1.5 GiB of address space; 16,000 x 11,000 of 6 bytes are 1 GiB, and 8 beside 6 of transparent ones go over 2."""
    (tmp_path / "large.png").write_bytes(png(16_000, 11_000, 16, 2))
    (tmp_path / "alpha.png").write_bytes(png(16_000, 16_000, 16, 6))
    for name, said in (("large.png", "MiB are free"), ("alpha.png", "exceed 2147483648 bytes")):
        command = [sys.executable, "-m", "untone", "to", "avif", name]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 29, 3 << 29)), timeout=300,
        )  # fmt: skip
        assert done.returncode == 1
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
