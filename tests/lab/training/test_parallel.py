"""Several processes train one network: the same weights on each, and those of one process with the whole batch."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_recipes as tiny
import torch

from untone.errors import UntoneError, UsageError
from untone.lab.data.layouts import open_dataset
from untone.lab.training import parallel
from untone.lab.training.parallel import Place
from untone.lab.training.runs import Run

ONE_OF_SEVERAL = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
import tiny_recipes as tiny
from untone.lab.training import command, parallel
from untone.lab.data.layouts import open_dataset
from untone.lab.training.runs import Run
pairs, *folders = sys.argv[1:]
with parallel.joined("cpu") as place:
    for folder in map(Path, folders):
        run = Run(open_dataset(Path(pairs)), folder, tiny.alike(folder.name), place, begin=lambda net: None)
        assert command.train(run, None, print)
        torch.save({"net": run.net.state_dict(), "mean": run.mean}, folder / f"rank{place.rank}.pt")
"""

COMMAND = """
import sys, torch
import tiny_recipes as tiny
from untone import cli
from untone.lab.training import recipes
recipes.RECIPES["irnet"]["ours"] = tiny.recipe("irnet", title="ours", steps=100_000, checkpoint_every=10)
sys.exit(cli.main(sys.argv[1:]))
"""


def start(script: str, *words: str, **more: str) -> subprocess.Popen[str]:
    """A Python process that sees what the tests see."""
    paths = os.pathsep.join(sys.path)
    environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"} | more
    return subprocess.Popen([sys.executable, "-c", script, *words], env=environment, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.slow
def test_two_processes_are_as_one(pairs_folder: Path, tmp_path: Path) -> None:
    """The environment is what torchrun sets."""
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    words = (str(pairs_folder), str(tmp_path / "irnet"), str(tmp_path / "fastgamer"))
    both = [start(ONE_OF_SEVERAL, *words, **group, RANK=str(k), LOCAL_RANK=str(k)) for k in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0].count("step 3/3") == 2
    assert not said[1][0]
    for network in ("irnet", "fastgamer"):
        ranks = [torch.load(tmp_path / network / f"rank{k}.pt", weights_only=True) for k in range(2)]
        alone = Run(open_dataset(pairs_folder), tmp_path / "one" / network, tiny.alike(network), begin=lambda net: None)
        for _ in range(alone.recipe.steps):
            alone.advance()
        for kind, expected in (("net", alone.net.state_dict()), ("mean", alone.mean)):
            for name, value in expected.items():
                assert torch.equal(ranks[0][kind][name], ranks[1][kind][name]), name
                assert torch.allclose(ranks[0][kind][name], value, rtol=1e-3, atol=2e-5), name


@pytest.mark.slow
def test_sigterm_leaves_the_weights_of_its_step(pairs_folder: Path, tmp_path: Path) -> None:
    process = start(
        COMMAND, "train", "irnet", "--data", str(pairs_folder), "-o", str(tmp_path / "run"), "--device", "cpu"
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step 10/"):
            break
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "the same command resumes" in rest
    saved = torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)
    assert f"stopped at step {saved['step']};" in rest
    recipe = tiny.recipe("irnet", title="ours", steps=100_000, checkpoint_every=10)
    alone = Run(open_dataset(pairs_folder), tmp_path / "alone", recipe)
    for _ in range(saved["step"]):
        alone.advance()
    assert all(torch.equal(saved["net"][name], value) for name, value in alone.net.state_dict().items())
    resumed = Run(open_dataset(pairs_folder), tmp_path / "run", recipe)
    assert resumed.step == saved["step"]
    assert resumed.advance() == alone.advance()


def test_a_batch_that_does_not_part_evenly_is_refused(pairs_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UntoneError, match="2 pictures in a batch do not part evenly among 3 processes"):
        Run(open_dataset(pairs_folder), tmp_path, tiny.RECIPE, Place(world=3))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_asked_for_by_name_must_be_there() -> None:
    with pytest.raises(UsageError, match="no such device"), parallel.joined("cuda"):
        pass
