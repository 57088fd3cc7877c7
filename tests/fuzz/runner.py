"""Coverage-guided fuzzing by hand: python tests/fuzz/runner.py [TARGET ...] --seconds N. See CONTRIBUTING.md.

Each target runs in a process of its own with limits on memory and time, from the committed corpus. A finding ends it,
lies under --findings, and is printed with the way to look at it again: python tests/fuzz/runner.py TARGET --input FILE.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"

MAX_INPUT_BYTES = 1 << 14
MAX_MEMORY_MB = 2048
"""Resident. Beyond it, something was allocated for a lie."""

MAX_SECONDS = 5
"""For one input, unless told otherwise: a machine that is busy with more than this makes quick inputs slow."""

START_SECONDS = 3600
"""For imports and the corpus, before a process counts as hung."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one target did: inputs tried, seconds, findings (paths of inputs), and what it printed last."""

    target: str
    executions: int
    seconds: int
    findings: tuple[Path, ...]
    log: str


def fuzzed(
    target: str, seconds: int, findings: Path, corpus: Path | None = None, patience_seconds: int = MAX_SECONDS,
    seed: int = 0,
) -> Run:  # fmt: skip
    """Fuzz one target for a while in a process of its own.

    Args:
        findings: folder where inputs of findings go.
        corpus: folder for what is found on the way, to begin there the next time; None forgets it.
        patience_seconds: after which one input counts as a hang.
        seed: of the mutations; the same one tries the same inputs, as many as there is time for. 0 draws one.

    Raises:
        RuntimeError: the process ended without a finding, and not because its time was over.
    """
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        folder = corpus or Path(scratch) / "corpus"
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, target, "--inside", scratch, "--corpus", str(folder)]
        command += ["--findings", str(findings), "--seconds", str(seconds), "--patience", str(patience_seconds)]
        command += ["--seed", str(seed)]
        fixed = os.environ | ({"PYTHONHASHSEED": "0"} if seed else {})
        done = subprocess.run(command, env=fixed, capture_output=True, timeout=seconds + START_SECONDS, check=False)
    log = (done.stdout + done.stderr).decode("utf-8", "replace")
    new = tuple(sorted(set(findings.iterdir()) - before))
    ended = re.search(r"Done (\d+) runs in (\d+) second", log)
    if not new and (done.returncode != 0 or ended is None):
        raise RuntimeError(f"{target} ended with {done.returncode}:\n{log[-3000:]}")
    tried = re.findall(r"^#(\d+)\s", log, re.MULTILINE)
    executions, spent = (int(ended[1]), int(ended[2])) if ended else (int(tried[-1]) if tried else 0, 0)
    return Run(target, executions, spent, new, log)


def _inside(target: str, seconds: int, patience: int, seed: int, scratch: str, corpus: str, findings: str) -> None:
    """This process becomes the fuzzer, which never returns."""
    import atheris

    with atheris.instrument_imports(include=["untone.formats", "untone.apps.inspection.validation.files"]):
        import targets
    chosen = targets.TARGETS[target]
    words = Path(scratch) / "words"
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in chosen.words)
    words.write_text("".join(f'"{word}"\n' for word in escaped))
    arguments = [
        sys.argv[0], corpus, str(CORPUS / target), f"-max_total_time={seconds}", f"-timeout={patience}",
        f"-rss_limit_mb={MAX_MEMORY_MB}", f"-max_len={MAX_INPUT_BYTES}", f"-artifact_prefix={findings}/{target}-",
        "-print_final_stats=1", f"-report_slow_units={patience}", "-reload=0", f"-seed={seed}",
    ]  # fmt: skip
    arguments += [f"-dict={words}"] if chosen.words else []
    options: dict[str, Any] = {}
    if chosen.mutate is not None:
        mutation = chosen.mutate

        def mutator(data: bytes, largest: int, seed: int) -> bytes:
            change = lambda part: bytes(atheris.Mutate(part, max(len(part) + 64, 64)))  # noqa: E731
            return mutation(data, largest, random.Random(seed), change)[:largest]

        options["custom_mutator"] = mutator
    atheris.Setup(arguments, chosen.run, **options)
    atheris.Fuzz()


def main() -> int:
    """0 without findings, 1 with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="see TARGETS of targets.py; all unless told")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--patience", type=int, default=MAX_SECONDS, help="seconds for one input (%(default)s)")
    parser.add_argument("--findings", default="fuzz-findings", help="folder for inputs that broke something")
    parser.add_argument("--corpus", help="folder to keep what is found on the way, by target")
    parser.add_argument("--input", help="run the targets on this file only, without a fuzzer")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0 (default) draws one")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        _inside(
            arguments.targets[0],
            arguments.seconds,
            arguments.patience,
            arguments.seed,
            arguments.inside,
            arguments.corpus,
            arguments.findings,
        )
    import targets

    chosen, found = arguments.targets or list(targets.TARGETS), 0
    for name in chosen:
        if arguments.input:
            targets.TARGETS[name].run(Path(arguments.input).read_bytes())
            continue
        corpus = Path(arguments.corpus) / name if arguments.corpus else None
        run = fuzzed(name, arguments.seconds, Path(arguments.findings), corpus, arguments.patience, arguments.seed)
        print(f"{name:<14} {run.executions:>9} inputs, {run.seconds:>4} s, {len(run.findings)} findings", flush=True)
        for finding in run.findings:
            print(f"  {finding}")
        if run.findings:
            print(run.log[run.log.find("=== Uncaught") if "=== Uncaught" in run.log else -2500 :][:2500])
        found += len(run.findings)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
