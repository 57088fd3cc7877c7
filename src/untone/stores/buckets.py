"""A bucket as a store, by obstore: Amazon S3 and what speaks its protocol, Google Cloud Storage, Azure Blob Storage.

Objects are put by one request each, never in parts: one that was broken off leaves nothing in the bucket, where parts
would be stored and billed. Requests that meet no answer, or a store that asks to wait, are sent again, for
patience.SECONDS.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import UntoneError
from ..formats.common.limits import check_file_size, quoted
from . import credentials, faults, odd_keys
from .contract import Entry, MissingError, StoreError
from .patience import Patience

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta, UpdateVersion
    from obstore.store import ClientConfig, ObjectStore

T = TypeVar("T")

REQUEST_SECONDS = 300
"""Of one request: 1 GiB at 4 MB/s."""

PREFIXES = {"s3": "aws", "gs": "google", "az": "azure"}
"""Of settings in obstore, and in the environment."""

HANDED_ON = ("allow_http", "allow_invalid_certificates", "proxy_url", "proxy_excludes", "timeout", "connect_timeout")

PAGE = 1000
"""Keys of one answer to a listing."""

_REFUSED = re.compile(r"(?:^|(?<=/))(\.{0,2}(?=/|$)|[^/]*[\x00-\x1f\x7f][^/]*)", re.DOTALL)
"""A part of a key that is empty, . or .., or has a control character."""

LONGEST_KEY = 1024
"""Bytes; of S3, Google and Azure alike."""


class Bucket:
    """Objects of one bucket.

    Until something is asked of it, nobody looks whether obstore is there, or an account, or credentials.
    """

    def __init__(self, scheme: str, bucket: str) -> None:
        self.scheme, self.bucket = scheme, bucket
        self._removes_many = True

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return Bucket, (self.scheme, self.bucket)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bucket) and self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash((self.scheme, self.bucket))

    @functools.cached_property
    def _store(self) -> ObjectStore:
        return _connected(self.scheme, self.bucket)

    @functools.cached_property
    def _removing(self) -> ObjectStore:
        return _connected(self.scheme, self.bucket, disable_bulk_delete=False)

    def name(self, key: str) -> str:
        """The URL, as people write it: keys stand in it as they are."""
        return f"{self.scheme}://{self.bucket}/{key}"

    def obstacle(self, key: str) -> str | None:
        """A part that obstore has no word for, or more bytes than a key may have."""
        if len(key.encode()) > LONGEST_KEY:
            return f"its key would have {len(key.encode())} bytes; stores take {LONGEST_KEY}"
        wrong = _REFUSED.search(key)
        return (
            None if wrong is None else f"its key has the part {quoted(wrong[1])}, which leads elsewhere and is not read"
        )

    def entries(self, prefix: str) -> Iterator[Entry]:
        """As of any store, sorted; keys that obstore has no word for are listed too, by boto3 where it is there."""
        yield from self._listed(prefix, None)

    def _listed(self, prefix: str, after: str | None) -> Iterator[Entry]:
        pages = self._store.list(prefix or None, offset=after, chunk_size=PAGE)
        patience = Patience()
        while True:
            try:
                with faults.told(self.scheme, self.name(prefix)):
                    page = next(pages, None)
            except StoreError as error:
                patience.wait(error)
                pages = self._store.list(prefix or None, offset=after, chunk_size=PAGE)
                continue
            except Exception as error:
                if not faults.is_refused_key(error.__cause__ or error):
                    raise
                yield from odd_keys.listed(self.scheme, self.bucket, prefix, after, error)
                return
            if page is None:
                return
            for found in page:
                after = found["path"]
                if not self._is_folder_mark(found):
                    yield _entry(found)
            patience = Patience()

    def _is_folder_mark(self, found: ObjectMeta) -> bool:
        """Whether this is an empty object whose key ends in `/`, which obstore lists without it, as if it were a photo.

        Some programs make one for each folder; only of names that a photo may have the store is asked.
        """
        if found["size"] or "." not in found["path"].rpartition("/")[2]:
            return False
        there = self.entry(found["path"])
        return there is None or there.size > 0

    def entry(self, key: str) -> Entry | None:
        """As of any store."""
        try:
            return _entry(self._tried(key, lambda: self._store.head(key)))
        except MissingError:
            return None

    def present(self, keys: Sequence[str], most: int | None = None) -> set[str] | None:
        """By a page or two of a listing where the keys are near each other, as those of one listing are; else each."""
        wanted, found = set(keys), set[str]()
        if len(wanted) < 4:
            return None if most is not None and len(wanted) > most else self._each(wanted)
        first, last = (pick(wanted, key=str.encode) for pick in (min, max))
        above = _common_folder(first, last)
        for count, entry in enumerate(self._listed(above, first[:-1])):
            if entry.key.encode() > last.encode():
                return found
            if most is not None and count >= most * PAGE:
                return None
            if most is None and count > 4 * len(wanted) + PAGE:
                return found | self._each({key for key in wanted if key.encode() >= entry.key.encode()})
            if entry.key in wanted:
                found.add(entry.key)
        return found

    def _each(self, keys: set[str]) -> set[str]:
        return {key for key in keys if self.entry(key) is not None}

    def read(self, key: str) -> bytes:
        """A whole object; its size is checked before it is read."""

        def whole() -> bytes:
            answer = self._store.get(key)
            check_file_size(answer.meta["size"])
            return bytes(answer.bytes())

        return self._tried(key, whole)

    def read_range(self, key: str, start: int, end: int, tag: str | None = None) -> tuple[bytes, Entry]:
        """As of any store, by one request.

        Raises:
            DamagedError: it has another tag by now.
        """
        from obstore import exceptions, get

        options: GetOptions = {"range": (start, end)}
        if tag is not None:
            options["if_match"] = tag

        def some() -> tuple[bytes, Entry]:
            answer = get(self._store, key, options=options)
            return bytes(answer.bytes()), _entry(answer.meta)

        try:
            return self._tried(key, some)
        except exceptions.PreconditionError as error:
            raise faults.changed(self.name(key)) from error
        except StoreError as error:
            if faults.status_of(error.__cause__ or error) != 416:
                raise
            check_file_size(0)  # no range of an empty object can be had
            raise

    def write(self, key: str, data: bytes) -> None:
        """As of any store."""
        self._tried(key, lambda: self._store.put(key, data, use_multipart=False), writing=True)

    def create(self, key: str, data: bytes) -> bool:
        """As of any store, by a conditional request. A repeated one that meets its own object has succeeded."""
        from obstore import exceptions

        tries = 0

        def put() -> None:
            nonlocal tries
            tries += 1
            self._store.put(key, data, mode="create")

        try:
            self._tried(key, put, writing=True)
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
            return tries > 1 and self.read(key) == data
        return True

    def replace(self, key: str, data: bytes, was: Entry) -> bool:
        """As of any store, by a conditional request."""
        from obstore import exceptions

        as_it_was: UpdateVersion = {"e_tag": was.tag}
        if was.version is not None:
            as_it_was["version"] = was.version

        def put() -> None:
            self._store.put(key, data, mode=as_it_was)

        try:
            self._tried(key, put, writing=True)
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError, MissingError):
            return False
        return True

    def remove(self, key: str) -> None:
        """As of any store."""
        try:
            self._tried(key, lambda: self._store.delete(key), writing=True)
        except MissingError:
            return

    def remove_all(self, keys: Sequence[str]) -> None:
        """As of any store; by one request for 1000 where S3's protocol is known so far, which some stores leave out."""
        if self.scheme == "s3" and self._removes_many and len(keys) > 1:
            try:
                self._tried(keys[0], lambda: self._removing.delete(list(keys)), writing=True)
            except StoreError:
                self._removes_many = False
            else:
                return
        for key in keys:
            self.remove(key)

    def _tried(self, key: str, request: Callable[[], T], *, writing: bool = False) -> T:
        """The request's answer, however often it has to be sent."""
        refused = self.obstacle(key)
        if refused is not None:
            raise UntoneError(f"{quoted(self.name(key))}: {refused}")
        _ = self._store  # what is missing for it is no fault of the request
        patience = Patience()
        while True:
            try:
                with faults.told(self.scheme, self.name(key), writing=writing):
                    return request()
            except StoreError as error:
                patience.wait(error)


def _connected(scheme: str, bucket: str, disable_bulk_delete: bool = True) -> ObjectStore:
    try:
        from obstore.store import from_url
    except ImportError:
        raise StoreError(f"{scheme}://{bucket}: this needs obstore: pip install 'untone[cloud]'") from None
    credentials.check_settings(scheme)
    given = credentials.provider(scheme, bucket)
    more: dict[str, Any] = {} if given is None else {"credential_provider": given}
    if scheme == "s3":
        if not _is_plain() and not os.environ.get("AWS_UNSIGNED_PAYLOAD"):
            more["unsigned_payload"] = True  # TLS protects it; hashing takes up to a twentieth of a photo's time
        more["disable_bulk_delete"] = disable_bulk_delete  # one key at a time is what every store of the protocol knows
    with faults.told(scheme, f"{scheme}://{bucket}"):
        made: ObjectStore = from_url(
            f"{scheme}://{bucket}",
            client_options=_client_options(scheme),
            retry_config={"max_retries": 0},  # repeated here, where whoever creates an object can tell its own
            **more,
        )
    return made


def _is_plain() -> bool:
    """Whether requests to S3 go by http://, so that nothing but their signature protects them."""
    named = (
        os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT")
    )
    return (named or "").lower().startswith("http://")


def _client_options(scheme: str) -> ClientConfig:
    """Ours, which in obstore hide all those of the environment; so those that people set are handed on."""
    ours: dict[str, Any] = {"timeout": f"{REQUEST_SECONDS} s", "connect_timeout": "5 s"}
    for name in HANDED_ON:
        value = os.environ.get(f"{PREFIXES[scheme]}_{name}".upper())
        if value:
            ours[name] = value.lower() in ("true", "1") if name.startswith("allow") else value
    return cast("ClientConfig", ours)


def _entry(found: ObjectMeta) -> Entry:
    modified = found["last_modified"].timestamp()
    return Entry(found["path"], found["size"], found["e_tag"] or "", modified, found["version"])


def _common_folder(first: str, last: str) -> str:
    """The deepest folder that two keys share, with its slash; empty for none."""
    shared = 0
    for place, (one, other) in enumerate(zip(first, last, strict=False)):
        if one != other:
            break
        if one == "/":
            shared = place + 1
    return first[:shared]
