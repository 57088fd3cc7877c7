"""The wheel of the source distribution, repaired, in an environment that has no compiler."""

import importlib.util
import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from building import ROOT, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="auditwheel repairs wheels of Linux"),
]


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Source distribution, and the repaired wheel that was built of it."""
    lacking = [name for name in ("build", "auditwheel") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"no {', '.join(lacking)} here: .ci/run installs what the slow tests need")
    folder = tmp_path_factory.mktemp("dist")
    around = {
        **os.environ,
        "SOURCE_DATE_EPOCH": "1750000000",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    run([sys.executable, "-m", "build", "-o", folder / "raw", ROOT], env=around)  # sdist, and the wheel of the sdist
    (wheel,) = (folder / "raw").glob("*.whl")
    run([sys.executable, "-m", "auditwheel", "repair", "-w", folder, wheel], env=around)
    (sdist,) = (folder / "raw").glob("*.tar.gz")
    shutil.copy(sdist, folder)
    return folder


@pytest.fixture(scope="module")
def bare(dist, tmp_path_factory):
    """An environment with the wheel, and a PATH without any compiler."""
    home = tmp_path_factory.mktemp("bare")
    (wheel,) = dist.glob("*.whl")
    run([sys.executable, "-m", "venv", home / "v"])
    around = {"PATH": str(home / "v" / "bin"), "HOME": str(home)}
    around |= {
        k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "REQUESTS_")) or k.endswith("_proxy")
    }
    assert not [name for name in ("cc", "gcc", "c++", "g++", "clang") if shutil.which(name, path=around["PATH"])]
    run([home / "v/bin/python", "-m", "pip", "install", "-q", "--only-binary=:all:", wheel], env=around)
    return home / "v" / "bin", around


def test_the_check_list_of_a_release_has_nothing_against_it(dist):
    assert "nothing against it" in run([sys.executable, ROOT / "scripts" / "release_check.py", dist])
    assert any("manylinux" in path.name for path in dist.glob("*.whl"))


def test_the_compiled_kernels_are_those_of_another_build_byte_by_byte(dist):
    import untone

    installed = next(Path(untone.__file__).parent.glob("kernels/_native*.so"))
    if "site-packages" not in str(installed):
        pytest.skip("the kernels were built in place, which strips nothing: nothing to compare with")
    with zipfile.ZipFile(next((dist / "raw").glob("*.whl"))) as archive:
        name = next(n for n in archive.namelist() if re.match(r"untone/kernels/_native.*\.so", n))
        assert archive.read(name) == installed.read_bytes()


def test_doctor_and_the_sample_do_without_a_compiler(bare, tmp_path):
    programs, around = bare
    assert "untone" in run([programs / "untone", "doctor"], env=around, cwd=tmp_path)
    photo = ROOT / "samples" / "night-highrise.jpg"
    run([programs / "untone", photo, "-o", tmp_path / "night.hdr.jpg"], env=around, cwd=tmp_path)
    assert (tmp_path / "night.hdr.jpg").stat().st_size > photo.stat().st_size
    said = run([programs / "untone", "inspect", "--json", tmp_path / "night.hdr.jpg"], env=around)
    assert "iso" in said.lower()


COMPILERS = re.compile(r"(.*-)?(cc|c89|c99|cpp|gcc|c\+\+|g\+\+|clang|clang\+\+|ld|ld\.\w+|cmake|ninja)(-[\d.]+)?$")


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """A folder with every program of this machine that builds nothing."""
    folder = tmp_path_factory.mktemp("tools")
    found = {p.name: p for place in ("/bin", "/usr/bin") for p in Path(place).iterdir() if not COMPILERS.match(p.name)}
    for name, program in found.items():
        (folder / name).symlink_to(program)
    assert shutil.which("gcc", path=str(folder)) is None
    return folder


PART = tuple(f"tests/{name}" for name in ("kernels", "models", "formats", "test_cli.py", "test_pipeline.py"))


def test_fast_tests_pass_where_there_is_no_compiler(bare, tools):
    """By the wheel's own package; what tests need beside it, from the environment that runs this. A part of
    them: all of them have just been run by the package as it is built here.

    That comes last on the path, by a .pth file: processes that tests begin with a PYTHONPATH of their own have it, too.
    """
    programs, around = bare
    around = {**around, "PATH": f"{programs}:{tools}"}
    (own,) = (programs.parent / "lib").glob("python*/site-packages")
    (own / "lent.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    where = "import untone; print(untone.__file__)"
    assert str(programs.parent) in run([programs / "python", "-c", where], env=around)
    words = [programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *PART]
    assert " passed" in run(words, env=around, cwd=ROOT)
