"""Entropy coding of JPEG XL (ISO/IEC 18181-1, annex C): prefix (Huffman) codes, ANS, LZ77, hybrid integers.

Here they carry ICC profiles only; pixels are the codec's. Written are flat prefix codes, which every reader knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ...errors import DamagedError, LimitError
from ..common.limits import MAX_CODED_SYMBOLS

ANS_BITS, ANS_FINAL_STATE = 12, 0x130000
PREFIX_ALPHABET_BITS = 15
MAX_CLUSTERS = 256
LENGTH_ORDER = (1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15)
"""Of code lengths, as in Brotli."""

_LENGTHS_OF_LENGTHS = {0: (2, 0), 4: (2, 1), 3: (2, 2), 2: (3, 3), 1: (4, 7), 5: (4, 15)}
_LOG_COUNTS = {
    10: (3, 0), 12: (7, 1), 7: (3, 2), 3: (4, 3), 6: (3, 4), 8: (3, 5), 9: (3, 6), 5: (4, 7), 4: (4, 9), 1: (4, 11),
    2: (4, 15), 0: (5, 17), 11: (6, 33), 13: (7, 65),
}  # fmt: skip
"""Value: (bits, code, the first bit lowest)."""


class Bits:
    """Bits of bytes from a place on, the lowest first."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data, self.position = data, position

    def peek(self, count: int) -> int:
        """Up to 32 bits; zeros beyond the end."""
        start = self.position >> 3
        return int.from_bytes(self._data[start : start + 5], "little") >> (self.position & 7) & (1 << count) - 1

    def take(self, count: int) -> int:
        """Up to 32 bits.

        Raises:
            DamagedError: so many do not remain.
        """
        if self.position + count > 8 * len(self._data):
            raise DamagedError("a JPEG XL colour profile is truncated")
        value = self.peek(count)
        self.position += count
        return value

    def size(self, width: int) -> int:
        """A number whose own width comes first, in `width` bits."""
        if not self.take(1):
            return 0
        bits = self.take(width)
        return (1 << bits) + self.take(bits)

    def coded(self, codes: dict[int, tuple[int, int]]) -> int:
        """A value of a table."""
        ahead = self.peek(7)
        for value, (bits, code) in codes.items():
            if ahead & (1 << bits) - 1 == code:
                self.take(bits)
                return value
        raise DamagedError("a JPEG XL colour profile has a code without a meaning")


class Hybrid(NamedTuple):
    """How tokens become numbers: small ones are themselves, others say how many bits follow."""

    exponent: int
    high: int
    low: int

    def number(self, token: int, bits: Bits) -> int:
        """The number that a token and the bits behind it make."""
        if token < 1 << self.exponent:
            return token
        kept = self.high + self.low
        count = self.exponent - kept + (token - (1 << self.exponent) >> kept)
        if count > 31:
            raise DamagedError("a JPEG XL colour profile has a number of more than 32 bits")
        low, token = token & (1 << self.low) - 1, token >> self.low
        top = 1 << self.high | token & (1 << self.high) - 1
        return (top << count | bits.take(count)) << self.low | low


def _hybrid(bits: Bits, alphabet_bits: int) -> Hybrid:
    exponent = bits.take(alphabet_bits.bit_length())
    if exponent == alphabet_bits:
        return Hybrid(exponent, 0, 0)
    high = bits.take(exponent.bit_length())
    low = bits.take((exponent - high).bit_length()) if high <= exponent else 0
    if high + low > exponent:
        raise DamagedError("a JPEG XL colour profile has a damaged integer code")
    return Hybrid(exponent, high, low)


Symbols = Callable[[Bits], int]
"""Reads one symbol."""


def _prefix_code(bits: Bits, size: int) -> Symbols:
    """A prefix code of so many symbols, as Brotli writes them (RFC 7932, 3.4 and 3.5)."""
    if size == 1:
        return lambda _: 0
    skipped = bits.take(2)
    if skipped == 1:
        return _simple_code(bits, size)
    lengths, space = [0] * 18, 32
    for index in LENGTH_ORDER[skipped:]:
        lengths[index] = bits.coded(_LENGTHS_OF_LENGTHS)
        space -= 32 >> lengths[index] if lengths[index] else 0
        if space <= 0:
            break
    return _canonical(_code_lengths(bits, _canonical(lengths), size))


def _simple_code(bits: Bits, size: int) -> Symbols:
    width = (size - 1).bit_length()
    symbols = [bits.take(width) for _ in range(bits.take(2) + 1)]
    if len(set(symbols)) < len(symbols) or max(symbols) >= size:
        raise DamagedError("a JPEG XL colour profile has a damaged prefix code")
    shape = (
        (1, 2, 3, 3) if len(symbols) == 4 and bits.take(1) else ((0,), (1, 1), (1, 2, 2), (2,) * 4)[len(symbols) - 1]
    )
    lengths = [0] * size
    for symbol, length in zip(symbols, shape, strict=True):
        lengths[symbol] = length
    return _canonical(lengths) if len(symbols) > 1 else lambda _: symbols[0]


def _code_lengths(bits: Bits, read: Symbols, size: int) -> list[int]:
    """Lengths, 16 repeats the one before, 17 repeats zero; repeats in a row multiply."""
    lengths: list[int] = []
    space, before, repeat, repeated = 1 << 15, 8, 0, 0
    while len(lengths) < size and space > 0:
        length = read(bits)
        if length < 16:
            lengths.append(length)
            before, repeat = length or before, 0
            space -= 1 << 15 >> length if length else 0
            continue
        value = before if length == 16 else 0
        old = repeat if repeated == value else 0
        repeat = (old - 2 << length - 14 if old else 0) + bits.take(length - 14) + 3
        repeated = value
        lengths += [value] * (repeat - old)
        space -= (repeat - old) << 15 - value if value else 0
        if len(lengths) > size:
            break
    if len(lengths) > size or space != 0:
        raise DamagedError("a JPEG XL colour profile has a damaged prefix code")
    return lengths


def _canonical(lengths: Sequence[int]) -> Symbols:
    """The code with these lengths, 0 for symbols without one."""
    used = [symbol for symbol, length in enumerate(lengths) if length]
    if len(used) == 1:
        return lambda _: used[0]
    code, codes, previous = 0, dict[tuple[int, int], int](), 0
    for length, symbol in sorted((lengths[symbol], symbol) for symbol in used):
        code <<= length - previous
        codes[length, code] = symbol
        code, previous = code + 1, length
    if not used or code != 1 << previous:
        raise DamagedError("a JPEG XL colour profile has a damaged prefix code")

    def read(bits: Bits) -> int:
        value = 0
        for length in range(1, previous + 1):
            value = value << 1 | bits.take(1)
            if (length, value) in codes:
                return codes[length, value]
        raise AssertionError(lengths)

    return read


def _counts(bits: Bits) -> list[int]:
    """Of symbols in 4096, of an ANS distribution."""
    total = 1 << ANS_BITS
    if bits.take(1):
        symbols = [bits.size(3) for _ in range(bits.take(1) + 1)]
        counts = [0] * (max(symbols) + 1)
        counts[symbols[0]] = total if len(symbols) == 1 else bits.take(ANS_BITS)
        if len(symbols) == 2:
            counts[symbols[1]] = total - counts[symbols[0]]
        return counts
    if bits.take(1):
        size = bits.size(3) + 1
        return [total // size + (symbol < total % size) for symbol in range(size)]
    log = next((n for n in range(3) if not bits.take(1)), 3)
    shift = (bits.take(log) | 1 << log) - 1
    return _drawn_counts(bits, bits.size(3) + 3, shift)


def _drawn_counts(bits: Bits, size: int, shift: int) -> list[int]:
    logs, runs = [0] * size, dict[int, int]()
    index = 0
    while index < size:
        log = bits.coded(_LOG_COUNTS)
        if log == ANS_BITS + 1:
            runs[index] = bits.size(3) + 4
            index += runs[index]
        else:
            logs[index] = log
            index += 1
    omitted = logs.index(max(logs))
    counts, left, previous = [0] * size, 0, 0
    for index, log in enumerate(logs):
        if index in runs:
            left, previous = runs[index], counts[index - 1] if index else 0
        if left:
            counts[index], left = previous, left - 1
        elif index != omitted and log == 1:
            counts[index] = 1
        elif index != omitted and log > 1:
            precision = max(0, min(log - 1, shift - (ANS_BITS - log + 1 >> 1)))
            counts[index] = (1 << log - 1) + (bits.take(precision) << log - 1 - precision)
    counts[omitted] = (1 << ANS_BITS) - sum(counts)
    if counts[omitted] <= 0:
        raise DamagedError("a JPEG XL colour profile has a damaged distribution")
    return counts


class _Alias(NamedTuple):
    """An ANS distribution as entries that two symbols share (annex C.2.6): up to a cut their own, then another's."""

    entry_bits: int
    counts: list[int]
    cuts: list[int]
    others: list[int]
    offsets: list[int]

    def look_up(self, low: int) -> tuple[int, int, int]:
        """(symbol, its count, offset within it) of the low 12 bits of a state."""
        index, place = low >> self.entry_bits, low & (1 << self.entry_bits) - 1
        if place < self.cuts[index]:
            return index, self.counts[index], place
        symbol = self.others[index]
        return symbol, self.counts[symbol], self.offsets[index] + place


def _alias(counts: list[int], alphabet_bits: int) -> _Alias:
    size, entry_bits = 1 << alphabet_bits, ANS_BITS - alphabet_bits
    entry = 1 << entry_bits
    if any(counts[size:]) or sum(counts) != 1 << ANS_BITS or min(counts) < 0:
        raise DamagedError("a JPEG XL colour profile has a damaged distribution")
    filled = (counts + [0] * size)[:size]
    if max(filled) == 1 << ANS_BITS:
        places = [entry * index for index in range(size)]
        return _Alias(entry_bits, filled, [0] * size, [filled.index(max(filled))] * size, places)
    cuts, others, offsets = list(filled), list(range(size)), [0] * size
    under = [index for index in range(size) if cuts[index] < entry]
    over = [index for index in range(size) if cuts[index] > entry]
    while over:
        full, empty = over.pop(), under.pop()
        cuts[full] -= entry - cuts[empty]
        others[empty], offsets[empty] = full, cuts[full] - cuts[empty]
        if cuts[full] != entry:
            (under if cuts[full] < entry else over).append(full)
    return _Alias(entry_bits, filled, cuts, others, offsets)


class _Repeats(NamedTuple):
    """LZ77: from which token on it means a copy, and how long that is."""

    threshold: int
    shortest: int
    hybrid: Hybrid

    def length(self, token: int, bits: Bits) -> int:
        return self.hybrid.number(token - self.threshold, bits) + self.shortest


def _repeats(bits: Bits) -> _Repeats:
    threshold = (224, 512, 4096, 8)[selector := bits.take(2)] + bits.take(15 if selector == 3 else 0)
    shortest = (3, 4, 5, 9)[selector := bits.take(2)] + bits.take((0, 0, 2, 8)[selector])
    return _Repeats(threshold, shortest, _hybrid(bits, 8))


class Stream:
    """Numbers of one entropy-coded stream, each read in a context.

    Raises:
        DamagedError: damaged codes.
    """

    def __init__(self, bits: Bits, contexts: int, *, repeats: bool = True) -> None:
        self._bits, self._copied, self._distance, self._done = bits, 0, 0, list[int]()
        self._repeats = _repeats(bits) if bits.take(1) else None
        if self._repeats is not None:
            if not repeats:
                raise DamagedError("a JPEG XL colour profile has codes of codes without end")
            contexts += 1
        self._clusters = _clusters(bits, contexts) if contexts > 1 else [0]
        count = max(self._clusters) + 1
        prefix = bits.take(1)
        alphabet_bits = PREFIX_ALPHABET_BITS if prefix else 5 + bits.take(2)
        self._hybrids = [_hybrid(bits, alphabet_bits) for _ in range(count)]
        self._state = ANS_FINAL_STATE
        if prefix:
            sizes = [bits.size(4) + 1 for _ in range(count)]
            if max(sizes) > MAX_CODED_SYMBOLS:
                raise LimitError(f"a JPEG XL colour profile has a code of {max(sizes)} symbols")
            self._symbols = [_prefix_code(bits, size) for size in sizes]
        else:
            tables = [_alias(_counts(bits), alphabet_bits) for _ in range(count)]
            self._symbols = [self._ans(table) for table in tables]
            self._state = bits.take(16) | bits.take(16) << 16

    def _ans(self, table: _Alias) -> Symbols:
        def read(bits: Bits) -> int:
            symbol, count, offset = table.look_up(self._state & (1 << ANS_BITS) - 1)
            self._state = count * (self._state >> ANS_BITS) + offset
            if self._state < 1 << 16:
                self._state = self._state << 16 | bits.take(16)
            return symbol

        return read

    def number(self, context: int) -> int:
        """The next number."""
        if not self._copied:
            cluster = self._clusters[context]
            token = self._symbols[cluster](self._bits)
            if self._repeats is None or token < self._repeats.threshold:
                self._done.append(self._hybrids[cluster].number(token, self._bits))
                return self._done[-1]
            self._copied = self._repeats.length(token, self._bits)
            last = self._clusters[-1]
            distance = self._hybrids[last].number(self._symbols[last](self._bits), self._bits) + 1
            self._distance = min(distance, len(self._done), 1 << 20)
        self._copied -= 1
        self._done.append(self._done[-self._distance] if self._distance else 0)
        return self._done[-1]

    def finish(self) -> None:
        """Check that all was read as it was written."""
        if self._state != ANS_FINAL_STATE:
            raise DamagedError("a JPEG XL colour profile is damaged")


def _clusters(bits: Bits, contexts: int) -> list[int]:
    """Which of the codes each context has."""
    if bits.take(1):
        width = bits.take(2)
        return _all_used([bits.take(width) for _ in range(contexts)])
    moved = bits.take(1)
    stream = Stream(bits, 1, repeats=contexts > 2)
    found = [stream.number(0) for _ in range(contexts)]
    stream.finish()
    if max(found) >= MAX_CLUSTERS:
        raise DamagedError("a JPEG XL colour profile has too many codes")
    if moved:
        order = list(range(MAX_CLUSTERS))
        for place, index in enumerate(found):
            found[place] = order.pop(index)
            order.insert(0, found[place])
    return _all_used(found)


def _all_used(clusters: list[int]) -> list[int]:
    """Codes that no context has would only cost time."""
    if len(set(clusters)) <= max(clusters):
        raise DamagedError("a JPEG XL colour profile has codes for nothing")
    return clusters


def flat(values: bytes) -> tuple[int, int]:
    """Bytes as a stream of however many contexts, (value, bits), the first bit lowest: 8 bits for each."""
    value, count = 0, 0
    head = [(0, 1), (1, 3), (1, 1), (8, 4), (0, 8), (1, 1), (7, 4), (127, 7), (0, 2)]
    head += [(1 if length == 8 else 0, 2) for length in LENGTH_ORDER]
    for number, width in head:
        value |= number << count
        count += width
    codes = bytes(int(f"{byte:08b}"[::-1], 2) for byte in values)
    return value | int.from_bytes(codes, "little") << count, count + 8 * len(values)
