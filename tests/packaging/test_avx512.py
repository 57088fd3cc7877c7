"""The kernels for AVX-512 on a processor without it, their intrinsics in plain C: held to what all kernels keep."""

import os
import platform
import re
import shutil
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from building import ROOT, run

from untone import kernels

pytestmark = pytest.mark.slow

NATIVE = ROOT / "src" / "untone" / "kernels" / "native"
SIMDE = Path("/usr/include/simde/x86/avx512.h")
AVX2 = ("-mavx2", "-mfma", "-mf16c")


def lacking():
    """Why nothing is emulated here, or None."""
    if platform.machine() != "x86_64" or "avx2" not in kernels.info()["available"]:
        return "emulation stands on AVX2"
    if "avx512" in kernels.info()["available"]:
        return "this processor has AVX-512: the tests of the kernels run it"
    if shutil.which("g++") is None or not SIMDE.is_file():
        return "no g++ and libsimde-dev here: .ci/run installs them"
    return None


@pytest.fixture(scope="module")
def emulated(tmp_path_factory):
    """A copy of the package whose kernels for AVX-512 are emulated, and are taken."""
    if lacking():
        pytest.skip(lacking())
    nanobind = pytest.importorskip("nanobind", reason="builds of the kernels want it")
    folder = tmp_path_factory.mktemp("avx512")
    shutil.copytree(ROOT / "src" / "untone", folder / "untone", ignore=shutil.ignore_patterns("_native*.so", "native"))
    processor = folder / "processor.cpp"  # one that finds what AVX2 stands for
    taken, count = re.subn("avx512 = avx2 && .*;", "avx512 = avx2;", (NATIVE / "processor.cpp").read_text())
    assert count == 1
    processor.write_text(taken)
    library = Path(nanobind.source_dir(), "nb_combined.cpp")
    others = ("processor.cpp", "variant_neon.cpp")
    sources = [path for path in NATIVE.rglob("*.cpp") if path.name not in others] + [processor, library]
    includes = [f"-I{NATIVE}", f"-I{nanobind.include_dir()}", f"-I{sysconfig.get_path('include')}"]
    includes.append(f"-I{Path(nanobind.source_dir(), '..', 'ext', 'robin_map', 'include')}")
    flags = ["-std=c++17", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math"]
    flags += ["-ffp-contract=fast", "-fno-strict-aliasing", "-Wno-psabi", "-DUNTONE_X86", "-DNDEBUG"]
    own = {"variant_avx2": AVX2, "variant_avx512": (*AVX2, f"-I{Path(__file__).parent / 'avx512'}")}

    def compiled(source):
        made = folder / f"{source.parent.name}-{source.stem}.o"
        run(["g++", *flags, *own.get(source.stem, ()), *includes, "-c", source, "-o", made])
        return made

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compiled, sources))
    module = folder / "untone" / "kernels" / f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    run(["g++", "-shared", *objects, "-lpthread", "-o", module])
    return folder


def test_emulated_avx512_keeps_what_the_tests_of_kernels_ask(emulated):
    around = {**os.environ, "PYTHONPATH": str(emulated)}
    said = run([sys.executable, "-c", "from untone import kernels; print(kernels.info()['variant'])"], env=around)
    assert said.strip() == "avx512"
    tests = ROOT / "tests" / "kernels"
    options = ("-q", "-n", "0", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", tests)
    said = run([sys.executable, "-m", "pytest", *options, "-k", "avx512 and not 8192", tests], env=around)
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) > 100
