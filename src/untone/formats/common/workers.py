"""Pieces of a file made in threads, in order, few at a time to bound memory; who listens hears how many are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Made = TypeVar("Made")
Listener = Callable[[int, int], None]
"""Takes how many pieces of a file are made, and how many there are."""

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener) -> Iterator[None]:
    """Pieces made within, in this thread, are told."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def told(pieces: Iterable[Made], count: int) -> Iterator[Made]:
    """The pieces, which are so many, each told when it is made."""
    listener = _listener.get()
    for number, piece in enumerate(pieces, 1):
        if listener is not None:
            listener(number, count)
        yield piece


def in_threads(make: Callable[[int], Made], starts: range, threads: int) -> Iterator[Made]:
    """make(start) of each start."""
    yield from told(_made(make, starts, threads), len(starts))


def _made(make: Callable[[int], Made], starts: range, threads: int) -> Iterator[Made]:
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Made]] = deque()
        for start in starts:
            ahead.append(pool.submit(make, start))
            if len(ahead) == 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
