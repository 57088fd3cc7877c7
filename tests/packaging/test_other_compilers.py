"""Every kernel source compiles for macOS and Windows, warnings as errors: by Clang, with the headers of zig."""

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from building import ROOT, run

pytestmark = pytest.mark.slow

NATIVE = ROOT / "src" / "untone" / "kernels" / "native"
AVX2 = ("-mavx2", "-mfma", "-mf16c")
AVX512 = (*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mprefer-vector-width=512")
OF_PROCESSOR = {
    "variant_neon": "aarch64",
    "variant_avx2": "x86_64",
    "variant_avx512": "x86_64",
}
FLAGS = {"variant_avx2": AVX2, "variant_avx512": AVX512}


def sources(processor):
    """All but those that want the target's Python headers, and the vectors of other processors."""
    found = [p for p in sorted(NATIVE.rglob("*.cpp")) if "nanobind" not in p.read_text()]
    return [p for p in found if OF_PROCESSOR.get(p.stem, processor) == processor]


@pytest.mark.parametrize("target", ["aarch64-macos", "x86_64-windows-gnu", "aarch64-windows-gnu"])
def test_every_source_compiles_without_a_warning(target, tmp_path):
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("no ziglang here: .ci/run installs it for the slow tests")
    processor = target.split("-")[0]
    defined = {"aarch64": "UNTONE_ARM64", "x86_64": "UNTONE_X86"}[processor]
    flags = ["-std=c++17", "-O0", "-Wall", "-Wextra", "-Werror", "-fno-math-errno", "-ffp-contract=fast"]
    found = sources(processor)
    assert {p.name for p in found} >= {"variant_portable.cpp", "pool.cpp", "workers.cpp", "trainer.cpp", "decode.cpp"}
    assert any(p.stem in OF_PROCESSOR for p in found)

    def compiled(path):
        own = FLAGS.get(path.stem, ())
        words = [sys.executable, "-m", "ziglang", "c++", "-target", target, *flags, *own, f"-D{defined}", f"-I{NATIVE}"]
        run([*words, "-c", path, "-o", tmp_path / f"{path.parent.name}-{path.stem}.o"])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compiled, found))
