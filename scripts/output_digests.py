"""SHA-256 of what commands make of the files of some folders: the same before and after a change that may move no byte.

    python scripts/output_digests.py samples tests/fuzz/corpus > before.txt

A line for every file and call: exit code, digest of the output, digest of what was said (seconds left out).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import sys
import tempfile
from pathlib import Path

from untone import cli

CALLS = (
    "{file} -o {out}.jpg --json",
    "{file} -o {out}.exr --strength 60 -q",
    "{file} -o {out}.png --peak 600 -q",
    "to jpg {file} -o {out}.jpg",
    "to avif {file} -o {out}.avif",
    "to heic {file} -o {out}.heic",
    "to jxl {file} -o {out}.jxl",
    "to png {file} -o {out}.png",
    "to exr {file} -o {out}.exr",
    "edit {file} --rotate 90 -o {out}.jpg",
    "edit {file} --resize 50% -o {out}.jpg",
    "edit {file} --strip-location -o {out}.jpg",
    "apply {file} -o {out}.exr",
    "inspect --json {file}",
    "inspect --strict {file}",
)


def digest(call: str, file: Path, folder: Path) -> str:
    """The line of one call; the folder is empty before and after."""
    words = [word.format(file=file, out=folder / "out") for word in call.split()]
    said = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.main(words)
    text = said.buffer.getvalue().replace(str(folder).encode(), b"DIR")  # type: ignore[attr-defined]
    text = re.sub(rb'"seconds": [0-9.]+|\([0-9.]+ s\)', b"", text)
    made = b"".join(path.name.encode() + path.read_bytes() for path in sorted(folder.iterdir()))
    return f"{code} {hashlib.sha256(made).hexdigest()[:16]} {hashlib.sha256(text).hexdigest()[:16]}"


def main() -> None:
    """Print a line for every file and call."""
    found = [path for root in map(Path, sys.argv[1:]) for path in ([root] if root.is_file() else root.rglob("*"))]
    for file in sorted(path for path in found if path.is_file() and path.suffix != ".md"):
        for call in CALLS:
            with tempfile.TemporaryDirectory() as folder:
                print(digest(call, file, Path(folder)), call.split(" {")[0], file, flush=True)


if __name__ == "__main__":
    main()
