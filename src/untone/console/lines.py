"""Lines on stderr: one each, whatever the text holds, with the file named once."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping

from ..errors import UntoneError


def one_line(text: str) -> str:
    """The text with everything that could leave its line, or play with the terminal, escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def answer(facts: Mapping[str, object], text: str | None, *, as_json: bool, quiet: bool) -> None:
    """What a command found or made, on stdout: facts as JSON where that is asked for, else the text unless quiet."""
    if as_json:
        print(json.dumps(facts))
    elif text is not None and not quiet:
        print(text)


def complain(text: str) -> None:
    """One line on stderr, written whole: other threads write there too."""
    print(f"untone: {one_line(text)}\n", end="", file=sys.stderr, flush=True)


def fault_of(name: str, fault: object) -> str:
    """A fault without the name of its file, which whoever says it names."""
    text = re.sub(rf"^(cannot read|cannot write) {re.escape(name)}: ", r"\1 it: ", str(fault))
    return text.removeprefix(f"{name}: ")


def fault_line(name: str, fault: object) -> str:
    """`FILE: fault`, with the file named once."""
    return one_line(f"{name}: {fault_of(name, fault)}")


def named(name: str, error: UntoneError) -> UntoneError:
    """The same error with the file's name in front."""
    return type(error)(fault_line(name, error))


def naming(name: str, text: str) -> str:
    """A fault with the pair or file it is of, named once: as it is where it says so already, as a path or in front."""
    said = re.search(rf"(?:^|[/\\]){re.escape(name)}(?:\.\w+)?(?::|$| )", text) or ("/" in name and name in text)
    return text if said else f"{name}: {text}"
