"""The corpus passes every target; and, slow, each target holds against a fuzzer for a while.

A finding's input becomes a test of its format in tests/formats.
"""

import importlib.util
import random
from pathlib import Path

import corpus
import mutations
import pytest
import runner
import targets

MAX_CORPUS_BYTES = 1 << 20
SECONDS = 10
"""For each target, of the slow test."""

SEED = 1
"""The slow test holds what held: new inputs are sought by hand, with runner.py, not by a test that fails by chance."""

PATIENCE_SECONDS = 300
"""For one input: on a busy machine, only what really hangs is to fail."""


def seeds(target: str) -> list[Path]:
    return sorted(path for path in (runner.CORPUS / target).iterdir())


@pytest.mark.parametrize("name", targets.TARGETS)
def test_every_seed_passes(name, capfd):
    found = seeds(name)
    assert found
    for path in found:
        targets.TARGETS[name].run(path.read_bytes())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", targets.TARGETS)
def test_mutations_know_their_format_and_are_repeatable(name):
    """And they take any bytes."""
    mutate = targets.TARGETS[name].mutate
    if mutate is None:
        return
    for path in seeds(name):
        data = path.read_bytes()
        for seed in range(5):
            one, other = (mutate(data, 1 << 14, random.Random(seed), lambda part: part) for _ in range(2))
            assert one == other
    for seed in range(100):
        mutate(b"", 100, random.Random(seed), lambda part: part)
        mutate(random.Random(seed).randbytes(60), 100, random.Random(seed), lambda part: part)


def test_the_corpus_is_small_and_has_a_folder_for_every_target():
    assert {path.name for path in runner.CORPUS.iterdir()} == set(targets.TARGETS)
    assert sum(path.stat().st_size for path in runner.CORPUS.rglob("*") if path.is_file()) < MAX_CORPUS_BYTES


def test_the_script_makes_the_corpus():
    """The same names; bytes may differ where codecs do."""
    made = {(target, name) for target, found in corpus.corpus().items() for name in found}
    assert made <= {(path.parent.name, path.name) for path in runner.CORPUS.glob("*/*")}


def test_boxes_that_are_changed_stay_whole():
    data = (runner.CORPUS / "avif" / "whole").read_bytes()
    longer = mutations.boxes(data, 1 << 14, random.Random(3), lambda part: part + b"x")
    assert longer != data
    assert b"".join(mutations._split(longer)) == longer


def test_what_no_caller_may_see_is_let_through():
    def fails(*arguments: object) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        targets.attempt(fails)
    with pytest.raises(AssertionError, match="characters"):
        targets.attempt(_refusing("x" * 500))
    with pytest.raises(AssertionError, match="two"):
        targets.attempt(_refusing("line one\nline two"))
    assert targets.attempt(_refusing("the file is too short")) is None


def _refusing(text: str):
    def function() -> None:
        raise targets.UntoneError(text)

    return function


@pytest.mark.slow
@pytest.mark.parametrize("name", targets.TARGETS)
def test_a_fuzzer_finds_nothing(name, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed (it has wheels for x86-64 Linux only): nothing to fuzz with")
    run = runner.fuzzed(name, SECONDS, tmp_path / "findings", patience_seconds=PATIENCE_SECONDS, seed=SEED)
    assert run.findings == (), run.log[-3000:]
    assert run.executions > len(seeds(name))
