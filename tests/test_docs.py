"""The documents are true: commands parse and are those that CI runs, every command and file is named."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli
from untone.apps.conversion.planning import plan

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
COMMANDS = [line.strip() for line in README.splitlines() if line.startswith("    python3 -m venv")]
EXAMPLES = [line.split("#")[0].strip() for line in README.splitlines() if line.startswith("    untone ")]


def tracked():
    """Files of the repository as git has them, or None outside of a checkout."""
    done = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=False,
                          capture_output=True, text=True)  # fmt: skip
    return [line for line in done.stdout.splitlines() if (ROOT / line).is_file()] if done.returncode == 0 else None


def tree():
    """Paths that the README's tree names, and the glosses."""
    found, folders = {}, []
    for line in README[README.index("## What is where") :].splitlines():
        entry = re.fullmatch(r"    ( *)(\S.*?)(?:  +(\S.*))?", line)
        if entry is None:
            continue
        depth, names, gloss = len(entry[1]) // 2, entry[2], entry[3]
        folders = folders[:depth]
        for name in names.split(", "):
            found["".join(folders) + name] = gloss
        if names.endswith("/"):
            folders.append(names)
    return found


def test_there_are_two_commands_of_one_line_that_do_all_set_up():
    assert len(COMMANDS) == 2
    for command in COMMANDS:
        assert subprocess.run(["bash", "-n", "-c", command], check=False).returncode == 0
        assert "activate" not in command


def test_the_first_command_converts_a_sample_of_the_repository(monkeypatch):
    monkeypatch.chdir(ROOT)
    words = shlex.split(COMMANDS[0].split("&&")[-1])
    assert words[0] == ".venv/bin/untone"
    arguments = cli.convert_parser().parse_args(words[1:])
    (job,) = plan(arguments.inputs, arguments.output)
    assert job.source.is_file()
    assert str(job.target) == "night-highrise.hdr.jpg"


def test_ci_runs_the_second_command_as_written():
    """The same pattern that .ci/run looks for finds the test command, and nothing before it."""
    script = (ROOT / ".ci" / "run").read_text()
    pattern = re.search(r"grep -m 1 -E '([^']+)' README.md", script)[1]
    found = next(line for line in README.splitlines() if re.search(pattern, line))
    assert found.strip() == COMMANDS[1]
    assert "-m slow" in script
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_parse(example):
    words = shlex.split(re.sub(r"[<>] *\S+", "", example))[1:]
    parser = cli.command_parser(words[0]) if words[0] in cli.COMMANDS else cli.convert_parser()
    assert parser.parse_args(words[1:] if words[0] in cli.COMMANDS else words)


def test_every_command_is_documented():
    assert EXAMPLES
    for name in cli.COMMANDS:
        assert any(example.startswith(f"untone {name}") for example in EXAMPLES), name


def test_the_python_example_compiles():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    compile(code, "README.md", "exec")
    for name in re.findall(r"untone\.(\w+)\(", code):
        assert name in cli.__dict__ or hasattr(__import__("untone"), name)


def test_the_tree_names_what_is_there():
    for path, gloss in tree().items():
        assert (ROOT / path).exists(), path
        assert gloss or path == "src/untone/", path


def test_every_folder_is_in_the_tree():
    """By its own name, or as part of one that is drawn as a whole (tests/, docs/, samples/ ...)."""
    files = tracked()
    if files is None:
        pytest.skip("not a git checkout: no list of files to hold the tree against")
    named = tree()
    whole = tuple(
        path for path in named if path.endswith("/") and not any(p != path and p.startswith(path) for p in named)
    )
    folders = {f"{Path(file).parent.as_posix()}/" for file in files if "/" in file}
    assert sorted(f for f in folders if f not in named and not f.startswith(whole) and f != ".ci/") == []
    top = [f for f in files if "/" not in f and f not in named and f != ".gitignore"]
    assert top == []


@pytest.mark.parametrize(
    "name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "README.md", "samples/README.md"]
)
def test_links_between_documents_lead_somewhere(name):
    path = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), f"{name}: {target}"


def test_rooms_of_the_architecture_are_there():
    """The picture in ARCHITECTURE.md draws every package and module at the top, and no room that is not built."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    picture = text[text.index("    src/untone/") : text.index("Imports point right")]
    drawn = set(re.findall(r"^ {6}(\w+(?:\.py|/))", picture, re.MULTILINE))
    source = ROOT / "src" / "untone"
    rooms = {p.name for p in source.glob("*.py")} | {f"{p.parent.name}/" for p in source.glob("*/__init__.py")}
    assert drawn == rooms
    for name in re.findall(r"\b(\w+\.py)\b", picture):
        assert list(source.rglob(name)), name


@pytest.mark.slow
def test_the_picture_of_the_readme_is_of_the_shipped_weights(tmp_path):
    """It was drawn by the script, with these weights: kernels of other processors round a few codes otherwise."""
    subprocess.run([sys.executable, ROOT / "scripts" / "before_after.py", tmp_path / "now.png"], check=True)
    now, kept = (
        np.asarray(Pillow.open(path).convert("RGB")).astype(int)
        for path in (tmp_path / "now.png", ROOT / "docs" / "before-after.png")
    )
    assert now.shape == kept.shape
    assert np.abs(now - kept).mean() < 0.05
