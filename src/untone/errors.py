"""Public errors. Each message is one line that names the offending value and what would do."""

from __future__ import annotations

import math
import os
from numbers import Real
from typing import TypeGuard

SHOWN_CHARACTERS = 40
"""Of a value that is refused; of one that takes more, the type is named."""


class UntoneError(Exception):
    """Base of every error untone raises on purpose; the command line prints it as one line and exits 1."""


class UnsupportedError(UntoneError):
    """The file is whole, but it is of a kind this version does not handle."""


class DamagedError(UntoneError):
    """The bytes contradict their own format: truncated, lying lengths, NaN metadata and the like."""


class LimitError(UntoneError):
    """The file asks for more than the limits allow; raised before anything is allocated."""


class UsageError(UntoneError):
    """The request itself makes no sense; the command line exits 2."""


def shown(value: object) -> str:
    """A value that is no good, in one line."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS and text.isprintable() else f"a value of type {type(value).__name__}"


def is_finite(value: object) -> TypeGuard[float]:
    """Whether it is a number, of Python or of numpy, and neither infinite nor NaN."""
    return isinstance(value, Real) and math.isfinite(value)


def check_number(name: str, value: object) -> None:
    """Refuse an argument that is no number; its range is the caller's.

    Raises:
        UsageError: it names the argument.
    """
    if not isinstance(value, Real):
        raise UsageError(f"{name} must be a number, not {shown(value)}")


def check_path(name: str, value: object, *others: type, what: str = "a path") -> None:
    """Refuse an argument that is neither a path with a name in it nor one of the `others`.

    Raises:
        UsageError: it names the argument and `what` would do.
    """
    if not isinstance(value, (str, os.PathLike, *others)) or value == "":
        raise UsageError(f"{name} must be {what}, not {shown(value)}")
