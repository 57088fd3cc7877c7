"""What a store of photos can do, and its faults."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Protocol

from ..errors import UntoneError


class StoreError(UntoneError):
    """A fault of the store that every other photo would meet too: unreachable, no credentials, no bucket, read-only."""


class ForbiddenError(UntoneError):
    """This object may not be read: by these credentials, or as it is kept."""


class MissingError(UntoneError):
    """There is no such object."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """An object as a listing shows it.

    Attributes:
        key: its name within the store, parts with `/` between.
        size: in bytes.
        tag: another one whenever the content was written anew.
        modified: when, in seconds by the store's clock.
        version: its generation, by which Google's store knows it; None in others, and in listings.
    """

    key: str
    size: int
    tag: str
    modified: float
    version: str | None = None


class Store(Protocol):
    """Objects by their keys. All methods may be called from several threads.

    Every method raises StoreError, and those that read one object ForbiddenError, MissingError, and LimitError where it
    is larger than files may be; each is one line that names the object.
    """

    def name(self, key: str) -> str:
        """An object, or what begins with a key, as people write it."""

    def obstacle(self, key: str) -> str | None:
        """Why there is no such object, whatever is asked; None in the usual case. Nothing is asked of the store."""

    def entries(self, prefix: str) -> Iterator[Entry]:
        """All objects whose keys begin with `prefix`, which is empty or ends in `/`; a page at a time is held."""

    def entry(self, key: str) -> Entry | None:
        """One object, or None where there is none."""

    def present(self, keys: Sequence[str], most: int | None = None) -> set[str] | None:
        """Those of some keys under which there is an object; None where that takes more than `most` requests."""

    def read(self, key: str) -> bytes:
        """A whole object."""

    def read_range(self, key: str, start: int, end: int, tag: str | None = None) -> tuple[bytes, Entry]:
        """Some bytes, less where the object ends before; it must have the tag, where one is given."""

    def write(self, key: str, data: bytes) -> None:
        """Put a whole object, over what may be there."""

    def create(self, key: str, data: bytes) -> bool:
        """Put a whole object where there is none; False where there is one. Of several at once, one succeeds."""

    def replace(self, key: str, data: bytes, was: Entry) -> bool:
        """Put a whole object over one that did not change since; False where it did. Of several, one succeeds."""

    def remove(self, key: str) -> None:
        """See that there is no such object."""

    def remove_all(self, keys: Sequence[str]) -> None:
        """The same of several, by few requests where the store knows how."""
