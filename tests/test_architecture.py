"""ARCHITECTURE.md holds: who may import whom, what an import costs, which names are public, how folders are cut."""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

import pytest

import untone
from untone import cli

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "untone"
HEAVY = {"numpy", "torch", "onnxruntime", "PIL", "rich", "scipy", "imagecodecs", "OpenEXR"}


def modules_after(code):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return {name.split(".")[0] for name in done.stderr.split()}


def test_import_contracts_hold():
    """The layers and prohibitions of pyproject, by import-linter; exhaustive, so a new room must be drawn first."""
    code = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import untone") & HEAVY


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--nonsense"], []])
def test_help_and_usage_errors_load_nothing_heavy(arguments):
    code = f"from untone import cli\ntry: cli.main({arguments})\nexcept SystemExit: pass"
    assert not modules_after(code) & HEAVY


HELP_OF_ALL = """
import io, sys
from contextlib import redirect_stdout, suppress

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "scipy", "onnx"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from untone import cli
for name in cli.COMMANDS:
    shown = io.StringIO()
    with redirect_stdout(shown), suppress(SystemExit):
        cli.main([name, "--help"])
    print(name, shown.getvalue().startswith(f"usage: untone {name} "))
"""


def test_every_help_is_there_without_what_training_needs():
    """Arguments are declared in modules that import neither torch nor scipy nor onnx: help and completion need none."""
    done = subprocess.run([sys.executable, "-c", HELP_OF_ALL], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{name} True" for name in cli.COMMANDS], done.stderr


SAME = {"-q": "--quiet", "-o": "--output", "-j": "--jobs", "-R": "--recursive"}
"""What a letter stands for in every command; and no long option has another letter."""


@pytest.mark.parametrize("name", [None, *cli.COMMANDS])
def test_options_that_mean_the_same_are_called_the_same(name):
    parser = cli.command_parser(name) if name else cli.convert_parser()
    parsers = [
        parser,
        *(p for a in parser._actions if isinstance(a, argparse._SubParsersAction) for p in a.choices.values()),
    ]
    for action in (action for one in parsers for action in one._actions if action.option_strings):
        words = [word for word in action.option_strings if word not in ("-h", "--help")]
        for letter, word in SAME.items():
            assert (letter in words) == (word in words), words
        assert not [word for word in words if len(word) == 2 and word not in SAME], words
        if "--quality" in words:
            assert "base" in action.help
        if "--map-quality" in words:
            assert "map" in action.help


def test_the_line_runs_without_torch():
    rooms = "conversion.batch", "diagnosis", "inspection.command", "measurement.command", "rendition"
    code = f"import importlib, untone; untone.load(); [importlib.import_module('untone.apps.' + r) for r in {rooms}]"
    assert not modules_after(code) & {"torch", "scipy", "onnx"}


def test_reading_and_applying_do_without_onnx_runtime():
    assert "onnxruntime" not in modules_after("import untone; untone.read, untone.apply")


def test_public_names():
    nouns = {"GainMap", "Image", "Operators"}
    nouns |= {"DamagedError", "LimitError", "UnsupportedError", "UntoneError", "UsageError"}
    verbs = {"apply", "convert", "load", "measure", "measure_raw", "predict", "read", "write"}
    assert set(untone.__all__) == nouns | verbs | {"__version__"}
    for name in untone.__all__:
        assert getattr(untone, name) is not None
    assert dir(untone) == sorted(untone.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        untone.nonsense  # noqa: B018


def test_no_module_bears_the_name_of_a_verb():
    """`untone.apply` must stay the verb: a module of that name would overwrite it once imported."""
    modules = {path.stem for path in SOURCE.glob("*.py")} | {path.name for path in SOURCE.iterdir() if path.is_dir()}
    assert not modules & set(untone.__all__)
    assert not {path.stem for path in SOURCE.rglob("*.py")} & (sys.stdlib_module_names - {"__main__"})


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_module(name):
    home, summary = cli.COMMANDS[name]
    path = SOURCE / f"{home.replace('.', '/')}.py"
    defined = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert {"add_arguments", "run"} <= defined
    assert summary


MOST_FILES = 16
"""Source files of one folder; beyond, it is to be cut into folders."""

VARIANTS = {("kernels/native", "lanes"), ("kernels/native", "variant")}
"""One file for each instruction set: prefixes that may be shared."""


def sources_by_folder():
    """Folder of the package, as text -> its source files."""
    found = {}
    for path in SOURCE.rglob("*"):
        if path.suffix in (".py", ".pyi", ".cpp", ".hpp"):
            found.setdefault(path.parent.relative_to(SOURCE).as_posix(), []).append(path)
    return found


def test_folders_stay_small_enough_to_look_through():
    assert {folder: len(files) for folder, files in sources_by_folder().items() if len(files) > MOST_FILES} == {}


def shared_prefixes(stems):
    """Words that three names or more begin with, up to an underscore."""
    words = {stem: [w for w in stem.split("_") if w] for stem in stems}
    begun = [word for stem in words for word in {"_".join(words[stem][:n]) for n in range(1, len(words[stem]) + 1)}]
    return {word for word in begun if begun.count(word) > 2}


def test_no_prefix_is_shared_by_three_files_of_a_folder():
    """Such a prefix is a folder that was not made."""
    assert shared_prefixes({"heif", "heif_items", "heif_grid", "jpeg"}) == {"heif"}
    found = {
        (folder, prefix)
        for folder, files in sources_by_folder().items()
        for prefix in shared_prefixes({path.stem for path in files})
    }
    assert found == VARIANTS


def test_files_stay_small_enough_to_read():
    lengths = {p.relative_to(ROOT).as_posix(): p.read_text().count("\n") for p in SOURCE.rglob("*.[ch]pp")}
    lengths |= {p.relative_to(ROOT).as_posix(): p.read_text().count("\n") for p in SOURCE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
