"""Pieces of a file made side by side in threads, in order, few at a time, so that no more of them lie in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def in_threads(make: Callable[[int], Made], starts: range, threads: int) -> Iterator[Made]:
    """make(start) of each start."""
    with ThreadPoolExecutor(threads) as pool:
        for k in range(0, len(starts), 2 * threads):
            yield from pool.map(make, starts[k : k + 2 * threads])
