"""Texts and resolution of a PNG as XMP, which every container has; of texts with other keywords, a note."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

from ..metadata.captions import TEXTS, Name, Values, merged, of_resolution

KINDS = (b"tEXt", b"zTXt", b"iTXt")
XMP_KEYWORD = b"XML:com.adobe.xmp"

MAX_TEXTS, MAX_TEXT_BYTES = 64, 1 << 16
"""Of those that are looked at; of one of them, unpacked."""

SILENT = frozenset(("Creation Time", "date:create", "date:modify", "date:timestamp", "Raw profile type exif"))
"""Keywords of times, and of EXIF and the like in programs' own forms."""


def described(packet: bytes | None, chunks: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, tuple[str, ...]]:
    """The XMP packet with what these chunks say and it does not; and a note on what it does not say either.

    Args:
        chunks: name and data, in order.
    """
    found: dict[Name, list[str]] = {}
    unknown: list[str] = []
    texts = 0
    for name, body in chunks:
        if name == b"pHYs":
            found |= _resolution(body)
        elif name in KINDS and texts < MAX_TEXTS:
            texts += 1
            keyword, text = _text(name, body)
            if keyword in TEXTS and text:
                found.setdefault(TEXTS[keyword], []).append(text)
            elif text and keyword not in SILENT:
                unknown.append(keyword)
    note = (f"its PNG texts ({', '.join(dict.fromkeys(unknown))[:80]}) are left out",) if unknown else ()
    return merged(packet, found), note


def _resolution(body: bytes) -> Values:
    """Of pHYs, per metre."""
    if len(body) != 9 or body[8] != 1:
        return {}
    across, down = (round(value * 0.0254, 2) for value in struct.unpack(">II", body[:8]))
    return of_resolution(across, down)


def _text(kind: bytes, body: bytes) -> tuple[str, str]:
    """Keyword and text of a chunk; no text where it is damaged, XMP, or too long."""
    keyword, _, rest = body.partition(b"\0")
    name = keyword.decode("latin-1").strip()[:79]
    if keyword == XMP_KEYWORD:
        return name, ""
    try:
        if kind == b"iTXt":
            packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
            return name, (_inflated(rest) if packed else rest[:MAX_TEXT_BYTES]).decode("utf-8", "replace").strip()
        return name, (_inflated(rest[1:]) if kind == b"zTXt" else rest[:MAX_TEXT_BYTES]).decode("latin-1").strip()
    except zlib.error:
        return name, ""


def _inflated(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, MAX_TEXT_BYTES)
