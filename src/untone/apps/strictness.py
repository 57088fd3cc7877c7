"""Every deviation of a file from the rules of its gain map, found without trusting what was found before."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Any

from .. import formats
from ..errors import DamagedError, UntoneError
from ..formats import heif_items, mpf
from ..formats.announcement import announces_gain_map, extension
from ..formats.container import directory
from ..formats.exif import orientation_of
from ..formats.limits import MAX_CANDIDATES
from ..formats.metadata import BACKWARD, COMMON_DENOMINATOR, ISO_TAG, ISO_VERSION, Metadata, iso_to_metadata
from ..formats.segments import APP1, APP2, EXIF_TAG, XMP_TAG, Codestream, find_end, parse
from ..formats.ultrahdr import flavours
from ..formats.xmp import HDRGM, Properties, properties, xmp_to_metadata
from .viewers import BROKEN, RULES

TOLERANCE = 1e-3
"""Relative difference from which XMP and ISO 21496-1 disagree."""

_FAULTS = {
    "zero denominator": "zero-denominator",
    "finite": "not-finite",
    "three numbers": "not-finite",
    "gamma": "gamma",
    "Gamma": "gamma",
    "is above its maximum": "min-above-max",
    "HDRCapacity": "capacities",
    "headroom_stops": "capacities",
    "needs a reader of version": "newer-reader",
    "backward flag": "backward-flag",
    "bytes": "iso-size",
}
"""Words of our own errors, and the rule that they are about; the first that is found counts."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One deviation: the name of its rule, and what was found, one line."""

    rule: str
    text: str

    @property
    def broken(self) -> bool:
        """Whether some viewer loses the light or the picture."""
        return RULES[self.rule].severity == BROKEN

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rule = RULES[self.rule]
        return {"rule": self.rule, "severity": rule.severity, "text": self.text, "viewers": rule.viewers}


def findings(data: bytes) -> list[Finding]:
    """All deviations of a file, broken ones first; empty where it is as the specifications want it."""
    found: list[Finding] = []
    try:
        if data[:2] == b"\xff\xd8":
            found += _jpeg(data)
        elif data[4:8] == b"ftyp":
            found += _heif(data)
    except UntoneError as error:
        found.append(Finding("unreadable", str(error)))
    try:
        warnings = formats.probe(data).warnings
        if not found:
            found += [Finding("reader", text) for text in warnings]
    except UntoneError as error:
        if not any(f.broken for f in found):
            found.append(Finding("unreadable", str(error)))
    return sorted(dict.fromkeys(found), key=lambda f: not f.broken)


def _jpeg(data: bytes) -> Iterator[Finding]:
    primary = parse(data)
    end = find_end(data, primary)
    entries, problems = _index(primary)
    yield from problems
    announced = announces_gain_map(primary)
    second, indexed = _second(data, primary, end, entries)
    if second is None:
        if announced:
            yield Finding("map-missing", "the photo announces a gain map, and no image of the file has its metadata")
        elif len(data) > max([end, *(e.offset + e.size for e in entries[1:])]):
            yield Finding("trailing-bytes", f"{len(data) - end} bytes follow the image")
        return
    yield from _places(data, primary, end, entries, second, indexed)
    known = flavours(second)
    if known != ("apple",):
        yield from _announcement(data, primary, second, known)
        yield from _parameters(second, known)
    yield from _picture(second)


def _index(primary: Codestream) -> tuple[list[mpf.Entry], list[Finding]]:
    found = primary.first(APP2, mpf.MPF_TAG)
    if found is None:
        return [], []
    try:
        return mpf.parse(found.body, found.start + 4 + len(mpf.MPF_TAG)), []
    except DamagedError as error:
        return [], [Finding("mpf-offset", str(error))]


def _second(
    data: bytes, primary: Codestream, end: int, entries: list[mpf.Entry]
) -> tuple[Codestream | None, mpf.Entry | None]:
    """The gain map's codestream, and the entry that leads to it; by looking for it where none does."""
    for entry in entries[1:]:
        found = _gain_map_at(data, entry.offset) if entry.offset > primary.scan else None
        if found is not None:
            return found, entry
    position = end
    for _ in range(MAX_CANDIDATES):
        position = data.find(b"\xff\xd8\xff", position)
        if position < 0:
            break
        found = _gain_map_at(data, position)
        if found is not None:
            return found, None
        position += 2
    return None, None


def _gain_map_at(data: bytes, offset: int) -> Codestream | None:
    try:
        stream = parse(data, offset)
        packet = stream.payload(APP1, XMP_TAG) or b""
        broken_xmp = HDRGM.encode() in packet and b"GainMapM" in packet
        return stream if stream.payload(APP2, ISO_TAG) or broken_xmp or flavours(stream) else None
    except UntoneError:
        return None


def _places(
    data: bytes,
    primary: Codestream,
    end: int,
    entries: list[mpf.Entry],
    second: Codestream,
    indexed: mpf.Entry | None,
) -> Iterator[Finding]:
    if primary.first(APP2, mpf.MPF_TAG) is None:
        yield Finding("mpf-missing", "there is no MPF index")
    elif indexed is None and entries:
        places = ", ".join(str(entry.offset) for entry in entries[1:]) or "no second image"
        yield Finding("mpf-offset", f"the gain map begins at byte {second.start}; the MPF index says {places}")
    if entries and entries[0].attribute & 0xFFFFFF != mpf.BASELINE_PRIMARY:
        yield Finding("mpf-attribute", f"the first MPF entry has attribute 0x{entries[0].attribute:08X}")
    if entries and entries[0].size != end:
        yield Finding("mpf-size", f"the first image has {end} bytes; the MPF index says {entries[0].size}")
    try:
        last = find_end(data, second)
    except UntoneError as error:
        yield Finding("map-truncated", f"the gain map: {error}")
        return
    if indexed is not None and indexed.size != last - second.start:
        yield Finding("mpf-size", f"the gain map has {last - second.start} bytes; the MPF index says {indexed.size}")
    tail = len(data) - max([last, *(entry.offset + entry.size for entry in entries[1:])])
    if tail > 0:
        yield Finding("trailing-bytes", f"{tail} bytes follow the last image")


def _announcement(data: bytes, primary: Codestream, second: Codestream, known: tuple[str, ...]) -> Iterator[Finding]:
    packet = primary.payload(APP1, XMP_TAG) or b""
    by_iso, by_xmp, items = primary.first(APP2, ISO_TAG) is not None, False, []
    for part in filter(None, (packet, extension(primary))):
        try:
            by_xmp = by_xmp or "Version" in properties(part, HDRGM)
            items += directory(part)
        except UntoneError as error:
            yield Finding("reader", f"the photo's XMP: {error}")
    if not by_iso and not by_xmp:
        yield Finding("marker-missing", "the photo has neither the ISO 21496-1 marker nor hdrgm:Version")
    elif "iso21496-1" in known and not by_iso:
        yield Finding("marker-iso", "the photo lacks the ISO 21496-1 marker")
    elif "hdrgm-xmp" in known and not by_xmp:
        yield Finding("marker-xmp", "the photo's XMP lacks hdrgm:Version")
    lengths = [dict(item.attributes).get("Length", "") for item in items if item.semantic == "GainMap"]
    if by_xmp and not lengths:
        yield Finding("container-missing", "the photo's XMP has no container directory with a GainMap item")
    try:
        length = find_end(data, second) - second.start
    except UntoneError:
        return
    if lengths and lengths[0].strip() != str(length):
        yield Finding(
            "container-length", f"the gain map has {length} bytes; the container directory says {lengths[0]!r}"
        )


def _parameters(second: Codestream, known: tuple[str, ...]) -> Iterator[Finding]:
    payload, packet = second.payload(APP2, ISO_TAG) or b"", second.payload(APP1, XMP_TAG) or b""
    iso = xmp = None
    if len(payload) > len(ISO_VERSION):
        iso, problems = _iso(payload)
        yield from problems
    else:
        yield Finding("iso-missing", "the gain map has no ISO 21496-1 metadata")
    try:
        found: Properties = properties(packet, HDRGM) if packet else {}
        if found:
            xmp = xmp_to_metadata(found)
    except UntoneError as error:
        found = {"": ()}
        yield _fault(error)
    if not found:
        yield Finding("xmp-missing", "the gain map has no hdrgm XMP")
    elif any(len(values) > 1 for values in found.values()) and len(payload) <= len(ISO_VERSION):
        yield Finding("xmp-per-channel", "the parameters are in XMP only, one by one for each channel")
    if iso is not None and xmp is not None:
        differing = [name for name in _NUMBERS if not _near(getattr(iso, name), getattr(xmp, name))]
        if differing:
            yield Finding("flavours-disagree", f"XMP and ISO 21496-1 disagree about {', '.join(differing)}")
    chosen = iso or xmp
    if chosen is not None and chosen.base_headroom_stops == chosen.alternate_headroom_stops:
        yield Finding("headrooms-equal", f"both renditions have a headroom of {chosen.base_headroom_stops:g} stops")


_NUMBERS = (
    "min_stops",
    "max_stops",
    "gamma",
    "base_offset",
    "alternate_offset",
    "base_headroom_stops",
    "alternate_headroom_stops",
)


def _near(one: Any, other: Any) -> bool:
    pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
    return all(abs(a - b) <= TOLERANCE * max(1, abs(a)) for a, b in pairs)


def _iso(payload: bytes) -> tuple[Metadata | None, list[Finding]]:
    found = []
    if len(payload) >= 5:
        _, writer, flags = struct.unpack_from(">HHB", payload)
        if flags & COMMON_DENOMINATOR:
            found.append(Finding("common-denominator", "ISO 21496-1 is in the draft's common-denominator form (0x08)"))
        if flags & BACKWARD:
            found.append(Finding("backward-flag", "ISO 21496-1 has the draft's backward flag (0x04)"))
        if writer:
            found.append(Finding("newer-writer", f"ISO 21496-1 was written by version {writer}; 0 is known"))
    try:
        return iso_to_metadata(payload), found
    except UntoneError as error:
        fault = _fault(error)
        return None, found if fault.rule in {f.rule for f in found} else [*found, fault]


def _fault(error: UntoneError) -> Finding:
    text = str(error)
    return Finding(next((rule for words, rule in _FAULTS.items() if words in text), "metadata"), text)


def _picture(second: Codestream) -> Iterator[Finding]:
    if orientation_of(second.payload(APP1, EXIF_TAG)) != 1:
        yield Finding("map-orientation", "the gain map has an orientation of its own; that of the photo turns both")
    frame = next(s.body for s in second.segments if s.marker == second.frame)
    factors = {frame[7 + 3 * index] for index in range(second.components) if 7 + 3 * index < len(frame)}
    if second.components == 3 and len(factors) > 1:
        yield Finding("map-subsampled", "the gain map's colours are subsampled, which blurs its gains")


def _heif(data: bytes) -> Iterator[Finding]:
    meta = heif_items.parse(data)
    tone_maps = [item for item in meta.items.values() if item.kind == b"tmap"]
    if tone_maps and b"tmap" not in meta.brands:
        yield Finding("brand-missing", "the file has a tmap item, and its brands lack tmap")
    if not tone_maps and b"tmap" in meta.brands:
        yield Finding("map-missing", "the brands say tmap, and there is no tmap item")
    for item in tone_maps:
        payload = heif_items.item_bytes(data, item)
        if not payload or payload[0] != 0:
            yield Finding("newer-reader", "the tmap item has a version other than 0")
            continue
        yield from _iso(payload[1:])[1]
