"""Public errors. Each message is one line that names the offending value and what would do."""

from __future__ import annotations


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
