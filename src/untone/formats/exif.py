"""EXIF orientation: the one tag that pixels need; everything else is carried, not interpreted."""

from __future__ import annotations

import struct

_ORIENTATION, _SHORT = 0x0112, 3


def orientation_of(exif: bytes | None) -> int:
    """1 to 8 from a TIFF block (without the "Exif" tag); 1 where it is absent, damaged or out of range."""
    found = _find(exif or b"")
    return found[2] if found else 1


def _find(exif: bytes) -> tuple[int, str, int] | None:
    """Offset, byte order and value of the orientation in IFD0; None where there is no valid one."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        (ifd,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, ifd)
        for index in range(min(count, 512)):
            position = ifd + 2 + 12 * index
            tag, kind, number, value = struct.unpack_from(order + "HHIH", exif, position)
            if tag == _ORIENTATION:
                valid = kind == _SHORT and number == 1 and 1 <= value <= 8
                return (position + 8, order, value) if valid else None
    except struct.error:
        return None
    return None


def with_orientation(exif: bytes | None, orientation: int) -> bytes | None:
    """The block with this orientation: patched in place, or made anew where there is none and it is not 1."""
    found = _find(exif or b"")
    if found is not None and exif is not None:
        position, order, _ = found
        return exif[:position] + struct.pack(order + "H", orientation) + exif[position + 2 :]
    if orientation == 1 or exif is not None:
        return exif
    return struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, _SHORT, 1, orientation, 0, 0)
