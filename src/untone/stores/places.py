"""A place: a store and a key in it; of URLs, and of paths."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
from pathlib import Path, PurePosixPath

from ..errors import UsageError
from .contract import Store

SCHEMES = ("s3", "gs", "az")
SETTINGS = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AZURE_STORAGE_ACCOUNT_NAME")
"""Of the environment; a program that changes them means another store."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(?:/(.*))?", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Place:
    """A photo, or a folder of photos whose key is empty or ends in `/`."""

    store: Store
    key: str

    def __str__(self) -> str:
        return self.store.name(self.key)

    @property
    def below(self) -> PurePosixPath:
        """The key as a path, for its parts."""
        return PurePosixPath(self.key)

    @property
    def suffix(self) -> str:
        """As of a path."""
        return self.below.suffix

    @property
    def name(self) -> str:
        """As of a path."""
        return self.key.rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        """Whether it can only be a folder."""
        return not self.key or self.key.endswith("/")

    @property
    def identity(self) -> str:
        """The same for every name of a place."""
        text = str(self)
        return text if is_url(text) else Path(os.path.realpath(text)).as_posix()

    def with_name(self, name: str) -> Place:
        """Beside it, one of another name."""
        return Place(self.store, self.key[: self.key.rfind("/") + 1] + name)

    def joined(self, below: str) -> Place:
        """Of a folder, what lies at a key below it."""
        return Place(self.store, self.key + below)


def is_url(text: object) -> bool:
    """Whether this names an object rather than a path."""
    return isinstance(text, str) and _URL.fullmatch(text) is not None


def place(text: str) -> Place:
    """The place that a URL or a path names; nothing is asked of the store.

    Raises:
        UsageError: a URL of another scheme, or without a bucket.
    """
    found = _URL.fullmatch(text)
    if found is None:
        path = Path(text)
        return Place(folder_place(path.parent).store, path.name)
    scheme, bucket, key = found[1].lower(), found[2], found[3] or ""
    if scheme not in SCHEMES:
        raise UsageError(f"{text}: places are paths, s3://, gs:// and az://, not {scheme}://")
    if not bucket:
        raise UsageError(f"{text}: names no bucket; write {scheme}://BUCKET/{key}")
    return Place(_bucket(scheme, bucket, *(os.environ.get(name) for name in SETTINGS)), key)


def folder_place(path: Path) -> Place:
    """A folder of this machine."""
    from .folders import Folder

    return Place(Folder(path), "")


@functools.cache
def _bucket(scheme: str, bucket: str, *_settings: str | None) -> Store:
    from .buckets import Bucket

    return Bucket(scheme, bucket)
