"""Executed instructions per pixel of every kernel: NEON and portable under qemu, AVX2 under callgrind.

    python scripts/arm64/count.py ROOT             # the table of results/speed.md; ROOT as cross.py makes it,
                                                   # with the wheel for ARM in its packages
    python scripts/arm64/count.py ROOT --arm-only  # without AVX2, which takes minutes of callgrind

Wants `apt-get install gcc qemu-user valgrind`, and untone's kernels for this processor (AVX2) on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cross

WORKLOAD = cross.HERE / "workload.py"
LANES = {"neon": 4, "portable": 4, "avx2": 8}

Counts = dict[tuple[str, str], float]
"""(variant, kernel) -> instructions per pixel."""


def per_pixel(said: str, marks: Sequence[int]) -> Counts:
    """From what workload.py printed, and the instructions executed at each of its marks."""
    runs = [line.split("\t") for line in said.splitlines()]
    if len(marks) != 3 * len(runs):
        raise SystemExit(f"{len(marks)} marks, and {len(runs)} pairs of runs: something else called sched_yield")
    few, more = ([marks[3 * k + n + 1] - marks[3 * k + n] for k in range(len(runs))] for n in (0, 1))
    return {
        (variant, kernel): (more[k] - few[k]) / int(pixels) for k, (variant, kernel, pixels) in enumerate(runs)
    }  # fmt: skip


def on_arm(root: Path, *variants: str) -> Counts:
    """Of the wheel in the root's packages, by a plugin of qemu."""
    with tempfile.TemporaryDirectory() as folder:
        plugin, marks = Path(folder, "counting.so"), Path(folder, "marks")
        source = str(cross.HERE / "counting_plugin.c")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", source, "-o", str(plugin)], check=True)
        words = cross.command(root, [str(WORKLOAD), *variants], plugin=f"{plugin},out={marks}")
        said = _said(words, cross.environment(root))
        return per_pixel(said, [int(line) for line in marks.read_text().split()])


def on_this_processor(*variants: str) -> Counts:
    """Of the kernels that this Python imports, by callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        words = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            f"--callgrind-out-file={folder}/out",
            "--dump-before=sched_yield",
        ]
        around = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
        said = _said([*words, sys.executable, str(WORKLOAD), *variants], around)
        dumps = sorted(Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        texts = [dump.read_text(errors="replace") for dump in dumps]
        texts = [text for text in texts if "Trigger: --dump-before" in text]  # not the rest at the end
        spent = [int(re.search(r"^(?:totals|summary): (\d+)", text, re.M)[1]) for text in texts]  # type: ignore[index]
        return per_pixel(said, [sum(spent[: n + 1]) for n in range(len(spent))])


def _said(words: Sequence[str], around: Mapping[str, str]) -> str:
    return subprocess.run(words, env=dict(around), stdout=subprocess.PIPE, text=True, check=True).stdout


def table(found: Counts) -> list[str]:
    """The same as lines of Markdown: counts, NEON over AVX2 by lane, portable over NEON."""
    lines = [
        "| kernel | NEON | portable | AVX2 | NEON over AVX2, by lane | portable over NEON |",
        "|---|---|---|---|---|---|",
    ]
    for kernel in dict.fromkeys(kernel for _, kernel in found):
        neon, portable = found["neon", kernel], found["portable", kernel]
        avx2 = found.get(("avx2", kernel))
        by_lane = f"{neon * LANES['neon'] / (avx2 * LANES['avx2']):.2f}" if avx2 else ""
        cells = [kernel, f"{neon:.1f}", f"{portable:.1f}", f"{avx2:.1f}" if avx2 else "", by_lane]
        lines.append(f"| {' | '.join([*cells, f'{portable / neon:.2f}'])} |")
    return lines


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--arm-only", action="store_true")
    arguments = parser.parse_args()
    found = on_arm(arguments.root.resolve(), "neon", "portable")
    if not arguments.arm_only:
        found |= on_this_processor("avx2")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
