"""Mutations that know a format: wrong in one place, right in lengths and checksums, so that parsers get past them.

Each takes (data, largest size, chance, bytes -> changed bytes) and returns new data; data that it cannot take apart it
leaves to the last argument, the fuzzer's own mutation.
"""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable

Bytes = Callable[[bytes], bytes]
Mutation = Callable[[bytes, int, random.Random, Bytes], bytes]

PLAIN_SHARE = 0.3
"""Of mutations that know nothing: lengths and checksums must go wrong, too."""

CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iref": 4, b"grpl": 0, b"iinf": 6}
"""Boxes that hold boxes, and the bytes before those."""

MAX_PARTS = 400


def _changed(parts: list[bytes], chance: random.Random, change: Bytes) -> list[bytes]:
    """One part changed, repeated, taken away or put elsewhere."""
    place = chance.randrange(len(parts))
    kind = chance.randrange(8)
    if kind == 0 and len(parts) < MAX_PARTS:
        return parts[:place] + parts[place : place + 1] * chance.choice((2, 3, 40)) + parts[place + 1 :]
    if kind == 1 and len(parts) > 1:
        return parts[:place] + parts[place + 1 :]
    if kind == 2:
        other = chance.randrange(len(parts))
        parts = list(parts)
        parts[place], parts[other] = parts[other], parts[place]
        return parts
    return [*parts[:place], change(parts[place]), *parts[place + 1 :]]


def boxes(data: bytes, largest: int, chance: random.Random, change: Bytes) -> bytes:
    """ISO base media boxes, at any depth, the sizes of all that hold them made right."""
    if chance.random() < PLAIN_SHARE:
        return change(data)
    found = _split(data)
    return _level(found, chance, change) if found else change(data)


def _split(data: bytes) -> list[bytes]:
    """Whole boxes with their headers; what is left at the end as it is."""
    parts, position = [], 0
    while position + 8 <= len(data) and len(parts) < MAX_PARTS:
        size = struct.unpack_from(">I", data, position)[0]
        size = len(data) - position if size < 8 or position + size > len(data) else size
        parts.append(data[position : position + size])
        position += size
    return parts + ([data[position:]] if position < len(data) else [])


def _level(parts: list[bytes], chance: random.Random, change: Bytes) -> bytes:
    return b"".join(_changed(parts, chance, lambda part: _box(part, chance, change)))


def _box(part: bytes, chance: random.Random, change: Bytes) -> bytes:
    """A box with a changed name, a changed body, or something changed among the boxes in it."""
    name, body = part[4:8], part[8:]
    if len(part) < 8 or chance.random() < 0.05:
        return change(part)
    head = CONTAINERS.get(name)
    if head is not None and len(body) > head + 8 and chance.random() < 0.9:
        body = body[:head] + _level(_split(body[head:]), chance, change)
    else:
        body = change(body)
    return struct.pack(">I", 8 + len(body)) + name + body


def png(data: bytes, largest: int, chance: random.Random, change: Bytes) -> bytes:
    """PNG chunks with right lengths and checksums; what is packed in them is changed before it is packed."""
    if chance.random() < PLAIN_SHARE or len(data) < 20:
        return change(data)
    parts, position = [], 8
    while position + 12 <= len(data) and len(parts) < MAX_PARTS:
        length = min(struct.unpack_from(">I", data, position)[0], len(data) - position - 12)
        parts.append(data[position + 4 : position + 8 + length])
        position += 12 + length
    changed = _changed(parts, chance, lambda part: part[:4] + _chunk(part[:4], part[4:], change))
    return data[:8] + b"".join(struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in changed)


def _chunk(name: bytes, body: bytes, change: Bytes) -> bytes:
    start = {b"IDAT": 0, b"iCCP": body.find(b"\0") + 2}.get(name)
    try:
        if start is not None:
            inflated = zlib.decompressobj().decompress(body[start:], 1 << 16)
            return body[:start] + zlib.compress(change(inflated))
    except zlib.error:
        pass
    return change(body)


def jpeg(data: bytes, largest: int, chance: random.Random, change: Bytes) -> bytes:
    """Segments of one of a file's images with right lengths, and, mostly, an MPF index that is right again."""
    if chance.random() < PLAIN_SHARE:
        return change(data)
    images = re.split(rb"(?<=\xff\xd9)(?=\xff\xd8\xff)", data)
    place = chance.randrange(len(images))
    images[place] = _image(images[place], chance, change)
    whole = b"".join(images)
    return _indexed(whole, len(images[0])) if len(images) > 1 and chance.random() < 0.8 else whole


def _image(data: bytes, chance: random.Random, change: Bytes) -> bytes:
    parts, position = [], 2
    while data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] != b"\xda":
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if length < 2 or position + 2 + length > len(data) or len(parts) > MAX_PARTS:
            break
        parts.append(data[position + 1 : position + 2] + data[position + 4 : position + 2 + length])
        position += 2 + length
    if not parts:
        return change(data)
    changed = _changed(parts, chance, lambda part: part[:1] + change(part[1:])[:65533])
    head = b"".join(b"\xff" + p[:1] + struct.pack(">H", len(p) + 1) + p[1:] for p in changed)
    return data[:2] + head + data[position:]


def _indexed(data: bytes, second: int) -> bytes:
    """The big-endian index that untone writes with the second image's offset made right."""
    place = data.find(b"MPF\0MM") + 4
    if place < 4 or place + 82 > second:
        return data
    return data[: place + 74] + struct.pack(">I", max(second - place, 0)) + data[place + 78 :]


def xml(data: bytes, largest: int, chance: random.Random, change: Bytes) -> bytes:
    """Tags and texts between them; what is changed stays well-formed more often than bytes at large would."""
    if chance.random() < PLAIN_SHARE:
        return change(data)
    parts = re.findall(rb"<[^>]*>|[^<]+", data) or [data]
    return b"".join(_changed(parts, chance, lambda part: _value(part, chance, change)))


def _value(part: bytes, chance: random.Random, change: Bytes) -> bytes:
    values = list(re.finditer(rb'(?<=")[^"]*(?=")', part))
    if not values:
        return change(part)
    chosen = chance.choice(values)
    return part[: chosen.start()] + change(chosen[0]) + part[chosen.end() :]
