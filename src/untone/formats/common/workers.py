"""Pieces of a file made in threads, in order, few at a time to bound memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def in_threads(make: Callable[[int], Made], starts: range, threads: int) -> Iterator[Made]:
    """make(start) of each start."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[Made]] = deque()
        for start in starts:
            ahead.append(pool.submit(make, start))
            if len(ahead) == 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
