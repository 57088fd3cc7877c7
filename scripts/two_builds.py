"""Builds the committed sources twice, in two folders of other names: one hash, or a line that says which file differs.

    python scripts/two_builds.py OUT    # OUT gets the source distribution and the wheel that was built of it

The first build makes the source distribution and the wheel of that; the second the wheel of the tree itself. So it also
says that both are the same wheel. Files take the time of the last commit (SOURCE_DATE_EPOCH). Wants
`pip install build`, a C++ compiler, and git.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def checked_out(folder: Path) -> Path:
    """The files of the last commit, nothing else, in a folder."""
    folder.mkdir(parents=True)
    plain = ["git", "-c", "tar.umask=022", "archive", "HEAD"]  # permissions as a checkout has them: wheels keep them
    packed = subprocess.run(plain, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "x"], cwd=folder, input=packed, check=True)
    return folder


def built(sources: Path, out: Path, *options: str) -> dict[str, str]:
    """What `python -m build` makes of a folder of sources: names, and their SHA-256."""
    time = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    around = {**os.environ, "SOURCE_DATE_EPOCH": time.stdout.strip()}
    words = [sys.executable, "-m", "build", *options, "-o", str(out), str(sources)]
    subprocess.run(words, env=around, stdout=subprocess.DEVNULL, check=True)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}


def main() -> int:
    """Build, compare, say both."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        first = built(checked_out(Path(folder, "one")), Path(sys.argv[1]).resolve())
        second = built(checked_out(Path(folder, "another", "place")), Path(folder, "again"), "--wheel")
    for name, found in first.items():
        print(f"{found}  {name}")
    differing = [f"{name}: {found} in a second build" for name, found in second.items() if first.get(name) != found]
    print("\n".join(differing) or "the second build is the same, byte by byte")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
