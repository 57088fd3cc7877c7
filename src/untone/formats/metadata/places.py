"""Places in a picture that XMP names: regions of faces and things, and the part of a panorama that a photo is.

Regions are those of the Metadata Working Group (mwg-rs, Guidelines 2.0, 5.9: centre and size, shares of the stored
picture) and Microsoft's (MP: left, top, width, height, the same). Only their numbers are rewritten, and what cannot be
goes. GPano (Google's Photo Sphere XMP) counts pixels.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from xml.parsers import expat

from ...errors import UntoneError
from .xmp import BOM, PADDING, RDF, parse

AREA = "http://ns.adobe.com/xmp/sType/Area#"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
MICROSOFT = "http://ns.microsoft.com/photo/1.2/t/Region#"
MICROSOFT_REGIONS = "http://ns.microsoft.com/photo/1.2/"
PANORAMA = "http://ns.google.com/photos/1.0/panorama/"

LISTS = (f"{MWG} Regions", f"{MICROSOFT_REGIONS} RegionInfo")
"""What holds all regions of a kind, and goes with the last of them, or where they are not understood."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, shares of the stored picture."""

Mapping = Callable[[Box], Box | None]
"""Where a part of the old picture is in the new one; None: nowhere."""

_TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")


@dataclasses.dataclass
class _Region:
    """A list entry: its bytes, and those of its numbers by name."""

    start: int
    end: int = 0
    values: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)


class _Finder:
    """Where the regions, their lists and their dimensions are in a packet."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.lists: list[tuple[int, int]] = []
        self.regions: list[_Region] = []
        self.sizes: dict[str, tuple[int, int]] = {}
        self._stack: list[tuple[str, int, _Region | None]] = []
        self._prefixes: dict[str, bytes] = {}
        body = packet.removeprefix(BOM).lstrip(PADDING)
        self._shift = len(packet) - len(body)
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._finish
        self._parser.Parse(body.rstrip(PADDING), True)

    def _declare(self, prefix: str | None, uri: str) -> None:
        self._prefixes[uri] = (prefix or "").encode()

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        at = self._shift + self._parser.CurrentByteIndex
        tag = _TAG.match(self.packet, at)
        end = tag.end() if tag else at
        within = any(part[0] in LISTS for part in self._stack)
        is_entry = within and name == f"{RDF} li" and self._region() is None
        self._stack.append((name, at, _Region(at) if is_entry else None))
        if not within:
            return
        for key in attributes:
            span = self._attribute(key, at, end)
            self._note(key, span)
        text_end = self.packet.find(b"<", end)
        self._note(name, (end, max(text_end, end)))

    def _attribute(self, key: str, at: int, end: int) -> tuple[int, int] | None:
        uri, _, name = key.rpartition(" ")
        pattern = rb"""\s%s:%s\s*=\s*["']([^"']*)["']""" % (re.escape(self._prefixes.get(uri, b"")), name.encode())
        found = re.compile(pattern).search(self.packet, at, end)
        return found.span(1) if found else None

    def _region(self) -> _Region | None:
        return next((region for *_, region in reversed(self._stack) if region is not None), None)

    def _note(self, key: str, span: tuple[int, int] | None) -> None:
        uri, _, name = key.rpartition(" ")
        region = self._region()
        if span is None:
            return
        if uri == DIMENSIONS and name in ("w", "h") and region is None:
            self.sizes.setdefault(name, span)
        elif region is not None and ((uri == AREA and name in "xywh") or (uri, name) == (MICROSOFT, "Rectangle")):
            region.values.setdefault(name, span)

    def _finish(self, name: str) -> None:
        _, start, region = self._stack.pop()
        at = self._shift + self._parser.CurrentByteIndex
        end = self.packet.find(b">", at) + 1
        if region is not None:
            self.regions.append(dataclasses.replace(region, end=end))
        if name in LISTS:
            self.lists.append((start, end))


def regions_moved(packet: bytes, mapping: Mapping, size: tuple[int, int]) -> bytes:
    """The packet with its regions where they are in a new picture of this width and height; those outside are gone."""
    if MWG.encode() not in packet and MICROSOFT_REGIONS.encode() not in packet:
        return packet
    try:
        parse(packet)
        found = _Finder(packet)
    except (UntoneError, expat.ExpatError):
        return packet
    changes: list[tuple[int, int, bytes]] = []
    for start, end in found.lists:
        inside = [region for region in found.regions if start <= region.start < end]
        try:
            made = [_moved(packet, region, mapping) for region in inside]
        except ValueError:
            made = []
        if not any(each is not None for each in made):
            changes.append((start, end, b""))
            continue
        for region, each in zip(inside, made, strict=True):
            changes += [(region.start, region.end, b"")] if each is None else each
        named = zip("wh", size, strict=True)
        spans = [(found.sizes[name], value) for name, value in named if name in found.sizes]
        changes += [(*span, str(value).encode()) for span, value in spans if start <= span[0] < end]
    return _replaced(packet, changes)


def _moved(packet: bytes, region: _Region, mapping: Mapping) -> list[tuple[int, int, bytes]] | None:
    """The changes to a region; None where it is outside. ValueError where it is not understood."""
    text = {name: packet[start:end].decode("utf-8") for name, (start, end) in region.values.items()}
    if "Rectangle" in text:
        left, top, width, height = map(float, text["Rectangle"].split(","))
        box = mapping((left, top, left + width, top + height))
        if box is None:
            return None
        numbers = (box[0], box[1], box[2] - box[0], box[3] - box[1])
        return [(*region.values["Rectangle"], ", ".join(f"{n:.6f}" for n in numbers).encode())]
    if not {"x", "y"} <= text.keys():
        raise ValueError("no area")
    x, y, wide, high = (float(text.get(name, 0)) for name in "xywh")
    box = mapping((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2))
    if box is None:
        return None
    values = {"x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2, "w": box[2] - box[0], "h": box[3] - box[1]}
    return [(*span, f"{values[name]:.6f}".encode()) for name, span in region.values.items()]


def _replaced(packet: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    pieces, position = [], 0
    for start, end, new in sorted(changes):
        if start >= position:
            pieces += [packet[position:start], new]
            position = end
    return b"".join([*pieces, packet[position:]])


def has_panorama(packet: bytes) -> bool:
    """Whether a packet says that the photo is part of a panorama."""
    return PANORAMA.encode() in packet


def panorama_moved(packet: bytes, left: float, top: float, scale: tuple[float, float], size: tuple[int, int]) -> bytes:
    """The packet of a panorama's photo that was cut at so many pixels, then scaled to this width and height."""
    values = {name: int(value) for name, value in _panorama(packet)}
    wide, high = scale
    at = {"CroppedAreaLeftPixels": (left, wide), "CroppedAreaTopPixels": (top, high)}
    made = {name: round((values[name] + offset) * factor) for name, (offset, factor) in at.items() if name in values}
    for name, factor in (("FullPanoWidthPixels", wide), ("FullPanoHeightPixels", high)):
        if name in values:
            made[name] = round(values[name] * factor)
    made |= dict(zip(("CroppedAreaImageWidthPixels", "CroppedAreaImageHeightPixels"), size, strict=True))
    for name in made.keys() & values.keys():
        number = str(made[name]).encode()
        packet = re.sub(rb"(GPano:%s\s*(?:=\s*[\"']|>\s*))\d+" % name.encode(), rb"\g<1>" + number, packet)
    return _without(packet, rb"LargestValidInteriorRect\w*")


def without_panorama(packet: bytes) -> bytes:
    """The packet without a word of a panorama."""
    return _without(packet, rb"\w+")


def _panorama(packet: bytes) -> list[tuple[str, str]]:
    found = re.findall(rb"GPano:(\w+Pixels)\s*(?:=\s*[\"']|>\s*)(\d{1,9})", packet)
    return [(name.decode(), value.decode()) for name, value in found]


def _without(packet: bytes, names: bytes) -> bytes:
    packet = re.sub(rb"\sGPano:%s\s*=\s*(?:\"[^\"]*\"|'[^']*')" % names, b"", packet)
    return re.sub(rb"<(GPano:%s)>[^<]*</\1>" % names, b"", packet)
