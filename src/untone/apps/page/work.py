"""How much is done and held at once, however many photos and tabs ask: newest first, in a bounded number of bytes."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Values by key, the least recently used ones forgotten beyond `most_bytes`."""

    def __init__(self, most_bytes: int, size: Callable[[T], int]) -> None:
        self._most, self._size, self._held_bytes = most_bytes, size, 0
        self._held: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The value, which counts as used; None where it is not held."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
            return self._held.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Hold a value; the newest is held even where it alone is too large."""
        with self._lock:
            if key in self._held:
                self._held_bytes -= self._size(self._held.pop(key))
            self._held[key] = value
            self._held_bytes += self._size(value)
            while self._held_bytes > self._most and len(self._held) > 1:
                self._held_bytes -= self._size(self._held.popitem(last=False)[1])


class Queue:
    """A few at a time; of those who wait, who came last goes first: what is in sight now, not what was scrolled by."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        if self._free > 0:
            self._free -= 1
        else:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # the turn came at the moment when nobody wanted it any more
                    self._leave()
                raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.pop()
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._free += 1
