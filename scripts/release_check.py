"""What must hold of a release, of the files in a folder: the check-list before anything is published.

    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) python -m build && python scripts/release_check.py dist
    python scripts/release_check.py dist --tag v1.2.0  # as the workflow does for a tag: every platform has its wheel

Says what it looked at, and every fault; exit code 1 if there is one. Needs nothing but Python.
"""

from __future__ import annotations

import argparse
import email
import re
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_BYTES = 12_000_000
PLATFORMS = (
    "manylinux_.*_x86_64",
    "manylinux_.*_aarch64",
    "macosx_.*_x86_64",
    "macosx_.*_arm64",
    "win_amd64",
    "win_arm64",
)
INTERPRETERS = ("cp311-cp311", "cp312-abi3")
LICENCES = ("LICENSE", "NOTICE")
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError)
FOREIGN = re.compile(r"(^|/)(\w+\.libs|\.dylibs)/.")  # where auditwheel and delocate put libraries that they copy
NEVER = re.compile(r"(^|/)(tests|results|runs|\.ci|\.git|native)/|\.(cpp|hpp|o|orig|tmp)$")


def version() -> str:
    """The one place that says it."""
    found = re.search(r'^__version__ = "(.+)"$', (ROOT / "src/untone/__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def wheel_faults(wheel: Path) -> Iterator[str]:
    """Of one wheel: its size, version, licences, contents."""
    if wheel.stat().st_size > MOST_BYTES:
        yield f"{wheel.stat().st_size / 1e6:.1f} MB, more than {MOST_BYTES / 1e6:.0f}"
    if re.search(r"-linux_\w+\.whl$", wheel.name):
        yield "a linux tag, which PyPI refuses: auditwheel repair"
    try:
        yield from archive_faults(wheel)
    except DAMAGED as error:
        yield f"damaged: {error}"


def archive_faults(wheel: Path) -> Iterator[str]:
    """Of what is in a wheel, which is read whole."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        if archive.testzip() is not None:
            yield f"damaged: {archive.testzip()} has another checksum"
            return
        described = [n for n in names if n.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(b"".join(map(archive.read, described)))
        if metadata["Version"] != version():
            yield f"version {metadata['Version']}, and the sources say {version()}"
        missing = [f for f in LICENCES if not any(n.endswith(f".dist-info/licenses/{f}") for n in names)]
        if missing:
            yield f"without {', '.join(missing)}"
        kernels = [n for n in names if re.match(r"untone/kernels/_native\.", n)]
        if [Path(n).suffix for n in kernels if not n.endswith(".pyi")] not in ([".so"], [".pyd"]):
            yield f"compiled kernels: {', '.join(kernels) or 'none'}"
        unwanted = [n for n in names if NEVER.search(n)]
        if unwanted:
            yield f"holds {unwanted[0]} and {len(unwanted) - 1} more that belong to nobody who installs it"
        notice = b"".join(archive.read(n) for n in names if n.endswith("/NOTICE")).decode(errors="replace")
        yield from (
            f"NOTICE does not name {part}, which is compiled in"
            for part in ("nanobind", "robin-map")
            if part not in notice
        )
        foreign = [n for n in names if FOREIGN.search(n)]
        if foreign:
            yield f"holds {foreign[0]} of others, whose licence NOTICE does not list"
        stamps = {entry.date_time for entry in archive.infolist()}
        if len(stamps) > 1:
            yield f"files of {len(stamps)} different times: built without SOURCE_DATE_EPOCH, so not reproducible"


def sdist_faults(sdist: Path) -> Iterator[str]:
    """Of the source distribution: what a build needs is in it."""
    try:
        with tarfile.open(sdist, "r:gz") as archive:
            names = {name.split("/", 1)[-1] for name in archive.getnames()}
    except DAMAGED as error:
        yield f"damaged: {error}"
        return
    needed = ("CMakeLists.txt", "pyproject.toml", "README.md", *LICENCES, "src/untone/kernels/native/lanes_neon.hpp")
    yield from (f"without {name}" for name in needed if name not in names)
    if not sdist.name.endswith(f"-{version()}.tar.gz"):
        yield f"not of version {version()}"


def tree_faults(tag: str | None) -> Iterator[str]:
    """Of the sources: version and change log agree with the tag."""
    log = (ROOT / "CHANGELOG.md").read_text()
    if tag is None:
        return
    if tag != f"v{version()}":
        yield f"tag {tag}, and the sources say {version()}"
    if f"## [{version()}]" not in log:
        yield f"CHANGELOG.md has no section [{version()}]"


def platform_faults(wheels: list[Path]) -> Iterator[str]:
    """Every platform and interpreter has its wheel."""
    for interpreter in INTERPRETERS:
        for platform in PLATFORMS:
            if not any(re.search(rf"-{interpreter}-.*{platform}", wheel.stem) for wheel in wheels):
                yield f"no wheel {interpreter} for {platform}"


def main() -> int:
    """Look at everything, say every fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tag", help="of the release, v and its version: then every platform must be there")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        print(f"{arguments.folder}: no such folder")
        return 1
    wheels, sdists = sorted(arguments.folder.glob("*.whl")), sorted(arguments.folder.glob("*.tar.gz"))
    faults = [f"sources: {fault}" for fault in tree_faults(arguments.tag)]
    faults += [] if wheels else ["no wheel"]
    faults += [] if len(sdists) == 1 else [f"{len(sdists)} source distributions, not one"]
    faults += [f"{wheel.name}: {fault}" for wheel in wheels for fault in wheel_faults(wheel)]
    faults += [f"{sdist.name}: {fault}" for sdist in sdists for fault in sdist_faults(sdist)]
    faults += platform_faults(wheels) if arguments.tag else []
    for file in (*wheels, *sdists):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    print("\n".join(faults) or "nothing against it")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
