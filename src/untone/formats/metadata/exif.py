"""EXIF (CIPA DC-008): orientation, size, location, thumbnail and date are read and patched; all else stays as it is.

Every change is made in place, so that no offset in the block, those inside of maker notes included, becomes wrong.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

from ..common.limits import MAX_DIRECTORY_ENTRIES

ORIENTATION, GPS, EXIF_IFD = 0x0112, 0x8825, 0x8769
WIDTHS, HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
RESOLUTION = 0x011A
DATE, FRACTION = 0x9003, 0x9291
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 0x0201, 0x0202

SUBJECTS = (0x9214, 0xA214)
"""Area and location of the main subject."""

Box = tuple[float, float, float, float]
Size = tuple[int, int]

_SHORT, _LONG = 3, 4
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


@dataclasses.dataclass(frozen=True)
class _Entry:
    """One directory entry: where it stands, where its value does, and the value where it is one whole number."""

    tag: int
    kind: int
    count: int
    position: int
    value_position: int
    size: int
    value: int


@dataclasses.dataclass(frozen=True)
class _Directory:
    """Entries of an IFD, by tag, first one first, and where the link to the next IFD stands."""

    start: int
    entries: dict[int, _Entry]
    link: int
    next: int


def _order(exif: bytes | None) -> str | None:
    return {b"II*\0": "<", b"MM\0*": ">"}.get((exif or b"")[:4])


def _directory(exif: bytes, order: str, start: int) -> _Directory | None:
    """The IFD at an offset; None where it runs out of the block."""
    try:
        (count,) = struct.unpack_from(order + "H", exif, start)
        if count > MAX_DIRECTORY_ENTRIES:
            return None
        entries: dict[int, _Entry] = {}
        for index in range(count):
            position = start + 2 + 12 * index
            tag, kind, number = struct.unpack_from(order + "HHI", exif, position)
            size = _SIZES.get(kind, 1) * number
            (far,) = struct.unpack_from(order + "I", exif, position + 8)
            place = position + 8 if size <= 4 else far
            whole = number == 1 and kind in (_SHORT, _LONG)
            value = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), exif, position + 8)[0] if whole else 0
            entries.setdefault(tag, _Entry(tag, kind, number, position, place, size, value))
        link = start + 2 + 12 * count
        after = struct.unpack_from(order + "I", exif, link)[0] if link + 4 <= len(exif) else 0
    except struct.error:
        return None
    return _Directory(start, entries, link, after)


def _main(exif: bytes | None) -> tuple[bytes, str, _Directory] | None:
    order = _order(exif)
    if exif is None or order is None or len(exif) < 8:
        return None
    found = _directory(exif, order, struct.unpack_from(order + "I", exif, 4)[0])
    return None if found is None else (exif, order, found)


def _below(exif: bytes, order: str, parent: _Directory, tag: int) -> _Directory | None:
    entry = parent.entries.get(tag)
    return _directory(exif, order, entry.value) if entry is not None and entry.value else None


def orientation_of(exif: bytes | None) -> int:
    """1 to 8 from a TIFF block (without the "Exif" tag); 1 where it is absent, damaged or out of range."""
    found = _orientation(exif)
    return found[0].value if found else 1


def _orientation(exif: bytes | None) -> tuple[_Entry, str] | None:
    main = _main(exif)
    entry = main[2].entries.get(ORIENTATION) if main else None
    if main is None or entry is None or entry.kind != _SHORT or entry.count != 1 or not 1 <= entry.value <= 8:
        return None
    return entry, main[1]


def with_orientation(exif: bytes | None, orientation: int) -> bytes | None:
    """The block with this orientation: patched in place, or made anew where there is no block and it is not 1.

    A block without the tag gets a longer main directory, at its end. One that cannot be parsed stays as it is.
    """
    main = _main(exif)
    if main is not None and exif is not None:
        block, order, first = bytearray(exif), main[1], main[2]
        row = struct.pack(order + "HHIHH", ORIENTATION, _SHORT, 1, orientation, 0)
        entry = first.entries.get(ORIENTATION)
        if entry is not None:
            block[entry.position : entry.position + 12] = row
            return bytes(block)
        return exif if orientation == 1 else bytes(_extended(block, order, first, row))
    if orientation == 1 or exif is not None:
        return exif
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, _SHORT, 1, orientation, 0, 0)


def _extended(block: bytearray, order: str, first: _Directory, row: bytes) -> bytearray:
    """The block with one entry more in its main directory, which moves to the end; values stay where they are."""
    entries = sorted(first.entries.values(), key=lambda entry: entry.tag)
    rows = [bytes(block[e.position : e.position + 12]) for e in entries]
    rows.insert(sum(e.tag < ORIENTATION for e in entries), row)
    block += bytes(len(block) % 2)
    struct.pack_into(order + "I", block, 4, len(block))
    return block + struct.pack(order + "H", len(rows)) + b"".join(rows) + struct.pack(order + "I", first.next)


def with_size(exif: bytes | None, width: int, height: int) -> bytes | None:
    """The block with this size in every tag that states the size of the picture."""
    main = _main(exif)
    if main is None or exif is None:
        return exif
    block, order, first = bytearray(exif), main[1], main[2]
    for directory in (first, _below(exif, order, first, EXIF_IFD)):
        for tags, value in ((WIDTHS, width), (HEIGHTS, height)):
            for tag in tags:
                entry = directory.entries.get(tag) if directory else None
                if entry and entry.count == 1 and entry.kind in (_SHORT, _LONG):
                    struct.pack_into(order + "HHII", block, entry.position, tag, _LONG, 1, value)
    return bytes(block)


def with_subjects(exif: bytes | None, moved: Callable[[Box], Box | None], old: Size, new: Size) -> bytes | None:
    """The block whose subject is, in pixels, where it is in a new picture; without its subject where that is outside.

    Args:
        moved: shares of the old stored picture (left, top, right, bottom) to those of the new one.
        old, new: width and height.
    """
    for tag in SUBJECTS:
        main = _main(exif)
        inner = _below(exif, main[1], main[2], EXIF_IFD) if main is not None and exif is not None else None
        entry = inner.entries.get(tag) if inner is not None else None
        if main is None or exif is None or inner is None or entry is None:
            continue
        block, order = bytearray(exif), main[1]
        values = _subject(exif, order, entry, moved, old, new)
        if values is None:
            _take_out(block, order, inner, entry)
        else:
            struct.pack_into(f"{order}{entry.count}H", block, entry.value_position, *values)
        exif = bytes(block)
    return exif


def _subject(
    exif: bytes, order: str, entry: _Entry, moved: Callable[[Box], Box | None], old: Size, new: Size
) -> list[int] | None:
    """Centre, and diameter or width and height, of a subject in the new picture; None where it has no place there."""
    if entry.kind != _SHORT or not 2 <= entry.count <= 4 or entry.value_position + entry.size > len(exif):
        return None
    x, y, *sides = struct.unpack_from(f"{order}{entry.count}H", exif, entry.value_position)
    wide, high = (sides[0], sides[-1]) if sides else (0, 0)
    (width, height), half = old, (wide / 2, high / 2)
    box = moved(((x - half[0]) / width, (y - half[1]) / height, (x + half[0]) / width, (y + half[1]) / height))
    if box is None or not 0 <= x <= width or not 0 <= y <= height:
        return None
    left, top, right, bottom = box[0] * new[0], box[1] * new[1], box[2] * new[0], box[3] * new[1]
    made = [(left + right) / 2, (top + bottom) / 2, *((right - left, bottom - top) if entry.count == 4 else ())]
    made += [min(right - left, bottom - top)] if entry.count == 3 else []
    return [min(max(round(value), 0), 0xFFFF) for value in made]


def _take_out(block: bytearray, order: str, directory: _Directory, entry: _Entry) -> None:
    """An entry less; those after it, and the link to the next directory, move up."""
    end = min(directory.link + 4, len(block))
    count = (directory.link - directory.start - 2) // 12
    block[entry.position : end] = block[entry.position + 12 : end] + bytes(12)
    struct.pack_into(order + "H", block, directory.start, count - 1)


def resolution_in(exif: bytes | None) -> bool:
    """Whether it says a resolution."""
    main = _main(exif)
    return main is not None and RESOLUTION in main[2].entries


def location_in(exif: bytes | None) -> bool:
    """Whether there is a GPS directory."""
    main = _main(exif)
    return main is not None and GPS in main[2].entries


def without_location(exif: bytes | None) -> bytes | None:
    """The block of the same length without its GPS directory, whose values become zeros."""
    main = _main(exif)
    if main is None or exif is None or GPS not in main[2].entries:
        return exif
    block, order, first = bytearray(exif), main[1], main[2]
    gps = _below(exif, order, first, GPS)
    if gps is not None:
        for entry in gps.entries.values():
            _blank(block, entry.value_position, entry.size)
        _blank(block, gps.start, gps.link + 4 - gps.start)
    _take_out(block, order, first, first.entries[GPS])
    return bytes(block)


def _blank(block: bytearray, start: int, size: int) -> None:
    """Zeros, from after the header to the end of the block at most."""
    start, end = max(start, 8), min(start + size, len(block))
    if end > start:
        block[start:end] = bytes(end - start)


def _thumbnail(exif: bytes | None) -> tuple[_Entry, _Entry, _Directory, str] | None:
    main = _main(exif)
    if main is None or exif is None or not main[2].next:
        return None
    second = _directory(exif, main[1], main[2].next)
    entries = second.entries if second else {}
    offset, length = entries.get(THUMBNAIL_OFFSET), entries.get(THUMBNAIL_LENGTH)
    if second is None or offset is None or length is None:
        return None
    if not (offset.value >= 8 and length.value > 0 and offset.value + length.value <= len(exif)):
        return None
    return offset, length, second, main[1]


def thumbnail_of(exif: bytes | None) -> bytes | None:
    """The embedded JPEG thumbnail, None where there is none."""
    found = _thumbnail(exif)
    if found is None or exif is None:
        return None
    return exif[found[0].value : found[0].value + found[1].value]


def with_thumbnail(exif: bytes, thumbnail: bytes | None) -> bytes:
    """The block with another thumbnail in place of its own, or, where that is None or longer, with none."""
    found, main = _thumbnail(exif), _main(exif)
    if found is None or main is None:
        return exif
    offset, length, _, order = found
    block = bytearray(exif)
    block[offset.value : offset.value + length.value] = bytes(length.value)
    if thumbnail is None or len(thumbnail) > length.value:
        struct.pack_into(order + "I", block, main[2].link, 0)
        return bytes(block)
    block[offset.value : offset.value + len(thumbnail)] = thumbnail
    struct.pack_into(order + "HHII", block, length.position, THUMBNAIL_LENGTH, _LONG, 1, len(thumbnail))
    return bytes(block)


def taken_at(exif: bytes | None) -> str | None:
    """DateTimeOriginal with its fraction of a second, as written; None where the block does not say."""
    main = _main(exif)
    inner = _below(exif, main[1], main[2], EXIF_IFD) if main is not None and exif is not None else None
    if inner is None or exif is None:
        return None
    parts = []
    for tag in (DATE, FRACTION):
        entry = inner.entries.get(tag)
        text = exif[entry.value_position : entry.value_position + min(entry.size, 32)] if entry is not None else b""
        parts.append(text.split(b"\0")[0].decode("latin-1").strip())
    return ".".join(parts) if parts[0][:4].isdecimal() else None
