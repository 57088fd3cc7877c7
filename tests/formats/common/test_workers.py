"""Pieces made in threads: in order, and few at a time."""

import threading

import pytest

from untone.formats.common.workers import in_threads


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pieces_come_in_order_and_few_ahead(threads):
    begun, taken, guard = [0], [0], threading.Lock()

    def make(start: int) -> int:
        with guard:
            begun[0] += 1
            assert begun[0] - taken[0] <= 2 * threads
        return start * start

    found = []
    for made in in_threads(make, range(0, 90, 3), threads):
        found.append(made)
        with guard:
            taken[0] += 1
    assert found == [start * start for start in range(0, 90, 3)]


def test_a_piece_that_fails_ends_all():
    def make(start: int) -> int:
        if start == 4:
            raise ValueError("piece 4")
        return start

    pieces = in_threads(make, range(9), 2)
    assert [next(pieces) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="piece 4"):
        next(pieces)
    assert list(in_threads(make, range(0), 2)) == []
