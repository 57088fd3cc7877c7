"""The command line: argv to one command to an exit code: 0 done, 1 something failed, 2 usage error.

Nothing heavy is imported before a command runs, so that `untone --help` answers at once.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import NoReturn

from . import __version__
from .apps.video.options import add_film_arguments
from .console.interrupts import INTERRUPTED
from .console.lines import one_line
from .console.options import (
    add_batch_arguments,
    add_dry_run,
    add_in_place,
    add_output,
    add_qualities,
    percent,
    white,
)
from .console.progress import interruptible, quietly
from .errors import UntoneError, UsageError
from .system import reader_is_gone

PIPE_CLOSED = 141
"""Exit code of a command whose reader went away: 128 + SIGPIPE."""

PRINT_FAULTS = (
    errno.ENOSPC,
    errno.EFBIG,
    errno.EIO,
    errno.EBADF,
    *([errno.EDQUOT] if hasattr(errno, "EDQUOT") else []),
)
"""Why nothing can be printed: a full or broken disk, a stdout that was closed."""

SHORT_CUTOFF = 0.6
"""How like a choice a word must be, by difflib's ratio: two letters of three, as choices are short."""

TRAINING_PACKAGES = ("torch", "onnx", "scipy", "matplotlib", "tensorboardX")
"""Of the extra `train`, for commands of the lab."""

TOOLS = {
    "inspect": ("apps.inspection.command", "say what HDR signalling a file carries"),
    "to": ("apps.conversion.transcoding", "write a photo in another format, with its gain map and metadata"),
    "edit": ("apps.editing.command", "crop, resize, turn and strip photos, the gain map in step"),
    "audit": ("apps.auditing.command", "find photos whose gain map was lost or damaged"),
    "apply": ("apps.rendition", "write the HDR pixels of a photo with a gain map to EXR or PNG"),
    "encode": (
        "apps.encoding.command",
        "make an HDR photo from a pair, by a network of a few kilobytes or a gain map",
    ),
    "measure": ("apps.measurement.command", "make a gain map photo from an SDR and an HDR rendition, or a RAW"),
    "verify": (
        "apps.video.verification",
        "decode an HDR film and its source; check timing, tracks, signals, light",
    ),
    "export": ("apps.video.export.command", "write a film's 3D LUTs, dynamic metadata, or frames of light"),
    "view": ("apps.page.command", "look at photos before and after, choose, and export, on a page"),
    "sheet": ("apps.page.contact_sheet", "lay out a folder before and after, at 0 and -2 EV, on one sheet"),
    "models": ("apps.models", "list the models in the box: what each sees and gives, its size, scores and training"),
    "doctor": ("apps.diagnosis", "show versions and kernels, and try the whole line"),
    "completion": ("apps.completion", "write what a shell needs to complete the command line: bash, zsh or fish"),
}
"""For photographers and web teams. Name: the module that has add_arguments(parser) and run(arguments) -> exit code, and
the line in the help."""

RESEARCH = {
    "data": ("lab.data.preparation.command", "prepare data sets: crop, extract, render, pq, pack"),
    "synth": ("lab.data.synthesis.arguments", "make training pairs from HDR images"),
    "draw": ("lab.data.drawn.arguments", "draw pictures to leave alone and pictures that must shine, as pairs"),
    "train": ("lab.training.arguments", "train a model on pairs"),
    "convert-weights": ("lab.training.published", "make a model of a published checkpoint of GMNet, IRNet or ITMLUT"),
    "eval": ("lab.evaluation.arguments", "measure a model beside the baselines"),
    "experiment": ("lab.experiments.arguments", "train several models on the same pairs and compare them"),
    "rivals": ("lab.implicit.arguments", "compare gain networks with coded gain maps, over tone mappers"),
    "meta-init": ("lab.implicit.meta_initialization", "learn the weights that gain networks begin with"),
    "calibrate": ("lab.data.calibration", "compare pairs with photos whose cameras wrote a gain map"),
    "bench": ("lab.benchmarks.command", "time the kernels and the whole command on this machine"),
}
"""For researchers, with the same columns; most need the extra `train`."""

COMMANDS = TOOLS | RESEARCH


class Parser(argparse.ArgumentParser):
    """argparse, with faults as one line."""

    def error(self, message: str) -> NoReturn:
        """Raise the fault, which main prints like any other.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message}{self._suggestion(message)} (see {self.prog} --help)")

    def _suggestion(self, message: str) -> str:
        choice = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
        if choice:
            return _meant(choice[1].lower(), re.findall(r"[\w.-]+", choice[2]), SHORT_CUTOFF)
        wrong = re.findall(r"(?<!\S)--[\w-]+", message) if message.startswith("unrecognized") else []
        return "".join(
            _meant(word, [o for o in self._option_string_actions if o.startswith("--")]) for word in wrong[:1]
        )


def _meant(word: str, known: Sequence[str], cutoff: float = 0.7) -> str:
    """`; did you mean ...?`, where something known is like it."""
    import difflib  # deferred: only a mistake needs it

    like = difflib.get_close_matches(word, known, n=1, cutoff=cutoff)
    return f"; did you mean {like[0]}?" if like else ""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; errors of ours become one line on stderr."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except UntoneError as error:
        print(f"untone: {one_line(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except ModuleNotFoundError as error:
        if error.name not in TRAINING_PACKAGES:
            raise
        print(f"untone: this command needs {error.name}: pip install 'untone[train]'", file=sys.stderr)
        return 1
    except MemoryError:
        print("untone: there is not enough memory for this", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("untone: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        if reader_is_gone(error):  # whoever read our output has seen enough
            _print_no_more()
            return PIPE_CLOSED
        if error.filename is not None or error.errno not in PRINT_FAULTS:
            raise
        _print_no_more()
        print(f"untone: stdout: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _print_no_more() -> None:
    """What is left to print goes nowhere: Python would try it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(argv: list[str]) -> int:
    name = argv[0] if argv and argv[0] in COMMANDS else None
    if name is None and argv:
        _refuse_misspelt(argv[0])
    parser = command_parser(name) if name else convert_parser()
    arguments = parser.parse_args(argv[1:] if name else argv)
    _refuse_empty(parser, arguments)
    home = COMMANDS[name][0] if name else "apps.conversion.batch"
    with quietly(getattr(arguments, "quiet", False)), interruptible() if name in RESEARCH else nullcontext():
        return int(_module(home).run(arguments))


def _refuse_misspelt(word: str) -> None:
    """A first word that is no file, and nearly a command.

    Raises:
        UsageError: names the command.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z-]*", word) or os.path.lexists(word):
        return
    meant = _meant(word.lower(), list(COMMANDS))
    if meant:
        raise UsageError(f"{word}: no such command or file{meant} Nothing was done")


def _refuse_empty(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Names and places of no letters, as shells make them of variables that are not set: no path is meant by them.

    Raises:
        UsageError: names the option.
    """
    for action in parser._actions:
        given = getattr(arguments, action.dest, None)
        if given not in (action.default, action.const) and (given == "" or (isinstance(given, list) and "" in given)):
            raise UsageError(f"{action.option_strings[-1] if action.option_strings else action.metavar} is empty")


def _module(home: str) -> ModuleType:
    return importlib.import_module(f".{home}", __package__)


def command_parser(name: str) -> Parser:
    """The parser of one command; imports its module."""
    home, summary = COMMANDS[name]
    parser = Parser(prog=f"untone {name}", description=_sentence(summary), allow_abbrev=False)
    _module(home).add_arguments(parser)
    parser.set_defaults(whole_parser=whole_parser)  # for `untone completion`, whose module may not import this one
    return parser


def whole_parser() -> Parser:
    """Everything in one parser, to complete by; imports the modules of all commands. It is not parsed with."""
    parser = Parser(prog="untone", allow_abbrev=False)
    commands = parser.add_subparsers(metavar="COMMAND", parser_class=Parser)
    for name, (home, summary) in COMMANDS.items():
        one = commands.add_parser(name, help=summary, description=_sentence(summary), allow_abbrev=False)
        _module(home).add_arguments(one)
    _add_convert_options(parser)
    return parser


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def convert_parser() -> Parser:
    """The parser of `untone PHOTO`, conversion, which has no command name."""
    parser = Parser(
        prog="untone",
        usage="untone INPUT... [-o OUT] [options]\n       untone COMMAND ...",
        description="Turn SDR photos into HDR photos. Each photo stays as it is and gains a gain map: photo.hdr.jpg.",
        epilog=_commands(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    _add_convert_options(parser)
    return parser


def _commands() -> str:
    shelves = {
        "commands (untone COMMAND --help says more; a file of that name is ./NAME)": TOOLS,
        "commands for research (most need: pip install 'untone[train]')": RESEARCH,
    }
    width = max(map(len, COMMANDS))
    lines = []
    for heading, shelf in shelves.items():
        lines += ["", f"{heading}:", *(f"  {name:{width}}  {summary}" for name, (_, summary) in shelf.items())]
    return "\n".join(lines[1:])


def _add_convert_options(parser: Parser) -> None:
    add = parser.add_argument
    add_output(add, "file (.jpg, .exr, .hdr, .png), folder, or - for stdout; default: beside INPUT")
    add("--strength", type=percent, default=100.0, metavar="0-150", help="percent of the gain; default 100, restrained")
    add("--peak", type=float, metavar="NITS", help="scale the gain down until no pixel is brighter than this")
    add(
        "--white",
        type=white,
        default=203.0,
        metavar="NITS",
        help="what SDR white, linear 1.0, has in .exr and .png and in what is printed; gain maps stay; default 203",
    )
    add("--map-size", choices=("full", "half", "quarter"), default="half", help="side of the gain map; default half")
    add_qualities(add, base=95, gain_map=90)
    add("--model", default="fastgamer", metavar="NAME|PATH", help="a model by name, or an .onnx file")
    add("--provider", metavar="NAME", help="what computes the model: CUDA, CoreML, ... (untone doctor); default CPU")
    add("--choices", metavar="FILE", help="untone-choices.json of the page: strength, peak and white of each photo")
    add_in_place(add, "add the gain map to the JPEGs themselves instead of writing others")
    add_batch_arguments(parser)
    add_dry_run(add)
    add("--copy-others", action="store_true", help="copy photos that are left alone into the folder OUT as they are")
    add_film_arguments(parser)
    add("--version", action="version", version=f"untone {__version__}")
