"""The wheel for 64-bit ARM, cross-compiled and run under qemu: what tests ask of kernels holds for NEON as for AVX."""

import re
import subprocess

import pytest
from building import ROOT, run

pytestmark = pytest.mark.slow

KERNELS = ROOT / "tests" / "kernels"
CHOSEN = (
    "neon and (threads or gain_0 or darks or half_floats or rows_and_threads or buffer or hand or pq16 or 100.0"
    " or (within_tolerance and rough and (17 or 9)) or slopes or learns or tetrahedra or centres)"
    " and not 8192 and not 128"
)
"""Of the tests of the kernels, those that take seconds under qemu; each reaches another kernel or edge of one."""

LEAST = 1.5
"""Times as many instructions as NEON that the portable variant takes, at least."""


def of_arm(root, *words):
    import cross

    return run(cross.command(root, words), env=cross.environment(root), cwd=KERNELS)


def test_the_wheel_is_for_arm_and_python_there_takes_neon(arm):
    root, wheel = arm
    assert re.fullmatch(r"untone-.*-linux_aarch64\.whl", wheel.name)
    said = of_arm(root, "-c", "from untone import kernels; print(*kernels.info()['available'])")
    assert said.split() == ["neon", "portable", "reference"]


def test_neon_keeps_what_the_tests_of_kernels_ask(arm):
    """Within the same tolerances of the same references, and any number of threads bit for bit."""
    root, _ = arm
    options = ("-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", str(KERNELS), "-k", CHOSEN)
    said = of_arm(root, "-m", "pytest", *options, str(KERNELS))
    passed = re.search(r"(\d+) passed", said)
    assert passed, said
    assert int(passed[1]) > 35


def test_neon_executes_fewer_instructions_than_portable(arm):
    import count

    root, _ = arm
    try:
        found = count.on_arm(root, "neon", "portable")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no instructions are counted here: {error}")
    ratios = {kernel: found["portable", kernel] / found["neon", kernel] for _, kernel in found}
    assert len(ratios) == 12
    assert {k: round(r, 2) for k, r in ratios.items() if r < LEAST} == {}
