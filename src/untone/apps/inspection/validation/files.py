"""Validation of a file's gain map against its specifications; findings of JPEGs.

Every part is looked at anew, without trusting the reader. Findings of AVIF and HEIC are in `heif.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .... import formats
from ....errors import DamagedError, UntoneError
from ....formats.common.limits import MAX_SECONDARY_SEGMENTS, quoted
from ....formats.jpeg import mpf
from ....formats.jpeg.gcontainer import Item, directory
from ....formats.jpeg.segments import APP1, APP2, EXIF_TAG, XMP_TAG, Codestream, check_binary, find_end, parse
from ....formats.jpeg.ultrahdr import flavours, images
from ....formats.jpeg.xmp_segments import announces_gain_map, extension
from ....formats.metadata.exif import orientation_of
from ....formats.metadata.iso21496 import ISO_TAG, ISO_VERSION, Metadata
from ....formats.metadata.xmp import HDRGM, Properties, properties, xmp_to_metadata
from ..viewers import BY_DIRECTORY
from . import heif
from .parameters import ONE_SAMPLE, Finding, excused, of_error, of_headrooms, of_iso

TOLERANCE = 1e-3
"""Relative difference from which XMP and ISO 21496-1 disagree."""


UNDEFINED = 0
"""MPF type of gain maps, and of other images that are neither previews nor parts of a panorama or a stereo picture."""


def findings(data: bytes) -> list[Finding]:
    """All deviations of a file, broken ones first; empty where it is as the specifications want it."""
    found: list[Finding] = []
    try:
        if data[:2] == b"\xff\xd8":
            found += _jpeg(data)
        elif data[4:8] == b"ftyp":
            found += heif.deviations(data)
    except UntoneError as error:
        found.append(Finding("unreadable", str(error)))
    try:
        signalled = formats.probe(data)
        if signalled.left_out and not any(f.broken for f in found):
            found.append(Finding("map-left-out", signalled.left_out))
        if not found:
            found += [Finding("reader", text) for text in signalled.warnings]
    except UntoneError as error:
        if not any(f.broken for f in found):
            found.append(Finding("unreadable", str(error)))
    return sorted(dict.fromkeys(found), key=lambda f: not f.broken)


def _jpeg(data: bytes) -> Iterator[Finding]:
    primary = parse(data)
    end = find_end(data, primary)
    check_binary(data, primary.scan, end)
    entries, problems = _index(primary)
    yield from problems
    announced = announces_gain_map(primary)
    second, indexed = _second(data, primary, end, entries)
    if second is None:
        if announced:
            yield Finding("map-missing", "the photo announces a gain map, and no image of the file has its metadata")
        elif gone := [e for e in entries[1:] if e.attribute & 0xFFFFFF == UNDEFINED and not _is_image(data, e)]:
            yield Finding(
                "images-missing",
                f"the MPF index names an image of {gone[0].size} bytes, as gain maps are, that is not there",
            )
        elif len(data) > max([end, *(e.offset + e.size for e in entries[1:])]):
            yield Finding("trailing-bytes", f"{len(data) - end} bytes follow the image")
        return
    yield from _places(data, primary, end, entries, second, indexed)
    known = flavours(second)
    if known != ("apple",):
        yield from _announcement(data, primary, second, known)
        yield from _parameters(second, known)
    yield from _picture(primary, second)


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
    return next(filter(None, map(_gain_map, images(data, end))), None), None


def _is_image(data: bytes, entry: mpf.Entry) -> bool:
    return data[entry.offset : entry.offset + 2] == b"\xff\xd8" and entry.offset + entry.size <= len(data)


def _gain_map_at(data: bytes, offset: int) -> Codestream | None:
    try:
        return _gain_map(parse(data, offset, MAX_SECONDARY_SEGMENTS))
    except UntoneError:
        return None


def _gain_map(stream: Codestream) -> Codestream | None:
    """A codestream that carries gain map metadata, broken ones included."""
    try:
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
        said = f"the gain map begins at byte {second.start}; the MPF index says {places}"
        index = primary.first(APP2, mpf.MPF_TAG)
        if index is not None and any(
            e.offset == index.start + 4 + len(mpf.MPF_TAG) for e in entries[1:]
        ):  # stated as 0
            yield Finding("mpf-itself", said)
        else:
            yield Finding("mpf-offset", said, instead=BY_DIRECTORY if _leads(data, primary, second) else None)
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


def _leads(data: bytes, primary: Codestream, second: Codestream) -> bool:
    """Whether the container directory says the gain map's length, by which Chromium finds it."""
    try:
        items = [item for part in _packets(primary) for item in directory(part)]
        return _lengths(items)[:1] == [str(find_end(data, second) - second.start)]
    except UntoneError:
        return False


def _lengths(items: list[Item]) -> list[str]:
    """What a container directory says of its gain maps, each empty where nothing is said."""
    return [dict(i.attributes).get("Length", "").strip() for i in items if i.semantic == "GainMap"]


def _packets(primary: Codestream) -> list[bytes]:
    return [part for part in (primary.payload(APP1, XMP_TAG), extension(primary)) if part]


def _announcement(data: bytes, primary: Codestream, second: Codestream, known: tuple[str, ...]) -> Iterator[Finding]:
    marker = primary.payload(APP2, ISO_TAG)
    by_iso, by_xmp, items = (marker or b"")[:2] == ISO_VERSION[:2] and len(marker or b"") >= len(ISO_VERSION), False, []
    if marker is not None and not by_iso:
        yield Finding("marker-newer", "the photo's ISO 21496-1 marker is not of minimum_version 0")
    for part in _packets(primary):
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
    lengths = _lengths(items)
    if by_xmp and not lengths:
        yield Finding("container-missing", "the photo's XMP has no container directory with a GainMap item")
    try:
        length = find_end(data, second) - second.start
    except UntoneError:
        return
    if lengths and lengths[0] != str(length):
        yield Finding(
            "container-length", f"the gain map has {length} bytes; the container directory says {quoted(lengths[0])}"
        )


def _parameters(second: Codestream, known: tuple[str, ...]) -> Iterator[Finding]:
    payload, packet = second.payload(APP2, ISO_TAG) or b"", second.payload(APP1, XMP_TAG) or b""
    has_iso = len(payload) > len(ISO_VERSION)
    iso, of_payload = (
        of_iso(payload) if has_iso else (None, [Finding("iso-missing", "the gain map has no ISO 21496-1 metadata")])
    )
    xmp, of_packet = _of_xmp(packet, alone=not has_iso)
    yield from excused(of_payload, of_iso=True) if xmp is not None else of_payload
    yield from excused(of_packet, of_iso=False) if iso is not None else of_packet
    if iso is not None and xmp is not None:
        differing = [name for name in _NUMBERS if not _near(getattr(iso, name), getattr(xmp, name))]
        if differing:
            yield Finding("flavours-disagree", f"XMP and ISO 21496-1 disagree about {', '.join(differing)}")
    chosen = iso or xmp
    if chosen is not None:
        yield from of_headrooms(chosen)


def _of_xmp(packet: bytes, *, alone: bool) -> tuple[Metadata | None, list[Finding]]:
    """The parameters in a map's XMP, None where they cannot be used, and what is wrong with it."""
    try:
        found: Properties = properties(packet, HDRGM) if packet else {}
        if not found:
            return None, [Finding("xmp-missing", "the gain map has no hdrgm XMP")]
        xmp = xmp_to_metadata(found)
    except UntoneError as error:
        return None, [of_error(error)]
    problems = []
    if alone and "Version" not in found:
        problems.append(Finding("xmp-version", "the gain map's XMP lacks hdrgm:Version"))
    if alone and any(len(values) > 1 for values in found.values()):
        problems.append(Finding("xmp-per-channel", "the parameters are in XMP only, one by one for each channel"))
    return xmp, problems


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


def _picture(primary: Codestream, second: Codestream) -> Iterator[Finding]:
    if primary.components == 1:
        yield Finding("grey-base", "the photo has one component; a base of three (YCbCr) is what every viewer takes")
    if orientation_of(second.payload(APP1, EXIF_TAG)) != 1:
        yield Finding("map-orientation", "the gain map has an orientation of its own; that of the photo turns both")
    frame = next(s.body for s in second.segments if s.marker == second.frame)
    factors = {frame[7 + 3 * index] for index in range(second.components) if 7 + 3 * index < len(frame)}
    if second.components == 3 and len(factors) > 1:
        yield Finding("map-subsampled", "the gain map's colours are subsampled, which blurs its gains")
    if second.width >= 2 * primary.width and second.height >= 2 * primary.height:
        sizes = f"{second.width} x {second.height} samples, the photo {primary.width} x {primary.height}"
        yield Finding("map-large", f"the gain map has {sizes}")
    if second.width == second.height == 1:
        yield Finding("map-single", ONE_SAMPLE)
