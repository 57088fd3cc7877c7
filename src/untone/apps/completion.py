"""untone completion: a script by which bash, zsh or fish completes commands, options, choices and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

SHELLS = ("bash", "zsh", "fish")

ZSH_PHOTOS = "*) _arguments -C -s ${_shtab_untone_options[1,-3]} '*:photo:_files' ;;"
"""Behind a first word that is no command: the same options without the two of a command, and more files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone completion`."""
    parser.add_argument("shell", choices=SHELLS, help="whose script is printed")


def run(arguments: argparse.Namespace) -> int:
    """Print the script."""
    import shtab  # here, as nothing else needs it

    parser = arguments.whole_parser()
    for action in _actions(parser):
        if _takes_files(action):
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
    print(_with_photos(shtab.complete(parser, arguments.shell), arguments.shell))
    return 0


def _with_photos(script: str, shell: str) -> str:
    """The script, with photos where no command stands: to shtab it is commands or files; bash adds files by itself."""
    if shell == "fish":
        return script + "complete -c untone -n _shtab_untone_using -F\n"
    if shell == "zsh":
        head, root, rest = script.partition("\n_shtab_untone() {")
        root += rest.replace("': :_shtab_untone_commands'", "': :{ _shtab_untone_commands; _files }'", 1)
        return head + root.replace("\n      esac", f"\n        {ZSH_PHOTOS}\n      esac", 1)
    return script


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """All arguments of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from _actions(one)


def _takes_files(action: argparse.Action) -> bool:
    """Whether what follows is text, and so may be a path: neither a number nor one of a few words."""
    return action.nargs != 0 and action.choices is None and action.type in (None, Path)
