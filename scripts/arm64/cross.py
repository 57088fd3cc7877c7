"""An ARM Python for another processor, the wheel for it, and a way to run both: Debian's cross compiler, and qemu.

    python scripts/arm64/cross.py root ROOT        # Debian's Python for ARM, with numpy and pytest; needs no privileges
    python scripts/arm64/cross.py wheel ROOT DIST  # the wheel of these sources, built here, for there
    python scripts/arm64/cross.py run ROOT -m pytest ...

Wants `apt-get install g++-aarch64-linux-gnu qemu-user`, and the Python that Debian has, to name the wheel by.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
PYTHON = f"python3.{sys.version_info.minor}"
PROGRAMS = ("aarch64-linux-gnu-g++", "qemu-aarch64", "apt-get", "dpkg")
DEBIAN = (
    "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1", "libffi8", "libssl3", "libbz2-1.0", "liblzma5",
    f"{PYTHON}-minimal", f"lib{PYTHON}-minimal", f"lib{PYTHON}-stdlib", f"lib{PYTHON}-dev",
)  # fmt: skip
WHEELS = ("numpy", "pytest", "pytest-timeout", "hypothesis")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")


def lacking() -> str | None:
    """What this machine lacks, or None."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"no {', no '.join(absent)} here" if absent else None


def make_root(root: Path) -> None:
    """Debian's Python for ARM and what its tests need, unpacked into a folder; nothing of the system changes.

    Raises:
        subprocess.CalledProcessError: Debian, or the package index, has it not, or cannot be reached.
    """
    for folder in ("apt/lists/partial", "apt/archives/partial", "packages"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "apt/status").touch()
    settings = {
        "APT::Architecture": "arm64", "APT::Architectures": "arm64", "Dir::State": root / "apt",
        "Dir::State::status": root / "apt/status", "Dir::Cache": root / "apt", "APT::Sandbox::User": "root",
    }  # fmt: skip
    apt = ["apt-get", "-qq", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    _run([*apt, "update"], root)
    _run([*apt, "download", *DEBIAN], root / "packages")
    for package in sorted((root / "packages").glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(root)], root)
    shutil.rmtree(root / "apt")
    shutil.rmtree(root / "packages")
    only = ["--only-binary=:all:", *(word for name in PLATFORMS for word in ("--platform", name))]
    _run([sys.executable, "-m", "pip", "install", "-q", "--target", str(root / "site"), *only, *WHEELS], root)


def make_wheel(root: Path, dist: Path) -> Path:
    """The wheel for ARM, by build tools that run here: what tells pip the processor would have it install ARM's.

    Raises:
        subprocess.CalledProcessError: it does not build.
    """
    tag = f"cpython-3{sys.version_info.minor}-aarch64-linux-gnu"
    defined = {"CMAKE_TOOLCHAIN_FILE": HERE / "toolchain.cmake", "Python_INCLUDE_DIR": root / "usr/include" / PYTHON}
    environment = {
        "UNTONE_ARM64_ROOT": str(root), "_PYTHON_HOST_PLATFORM": "linux-aarch64", "SETUPTOOLS_EXT_SUFFIX": f".{tag}.so",
        "CMAKE_ARGS": " ".join(f"-D{name}={value}" for name, value in defined.items()),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        tools = Path(folder, "bin", "python")
        _run([sys.executable, "-m", "venv", folder], dist)
        required = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
        _run([str(tools), "-m", "pip", "install", "-q", *required, "cmake", "ninja"], dist)
        options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(dist)]
        _run([str(tools), "-m", "pip", "wheel", *options, str(PROJECT)], dist, environment)
    (wheel,) = dist.glob("untone-*_aarch64.whl")
    return wheel


def install(root: Path, wheel: Path) -> None:
    """Put a wheel into the root's packages."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root / "site")


def command(root: Path, arguments: Sequence[str], plugin: str | None = None) -> list[str]:
    """The words that run the ARM Python."""
    counted = ["-plugin", plugin] if plugin else []
    return ["qemu-aarch64", *counted, "-L", str(root), str(root / "usr/bin" / PYTHON), *arguments]


def environment(root: Path) -> dict[str, str]:
    """What is around it: nothing of the Python that is native here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "UNTONE"))}
    return {**kept, "PYTHONPATH": str(root / "site"), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}


def _run(words: Sequence[str], folder: Path, around: Mapping[str, str] = {}) -> None:  # never written
    done = subprocess.run(words, cwd=folder, env={**os.environ, **around}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        raise subprocess.CalledProcessError(done.returncode, words[0], done.stdout, done.stderr)


def main(arguments: list[str]) -> int:
    """One of the lines at the top."""
    fault = lacking()
    if fault:
        print(f"{fault}; apt-get install g++-aarch64-linux-gnu qemu-user", file=sys.stderr)
        return 1
    verb, root, *rest = arguments
    actions = {
        "root": lambda: make_root(Path(root).resolve()),
        "wheel": lambda: print(make_wheel(Path(root).resolve(), Path(rest[0]).resolve())),
    }
    if verb == "run":
        around = environment(Path(root).resolve())
        return subprocess.run(command(Path(root).resolve(), rest), env=around, check=False).returncode
    actions[verb]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
