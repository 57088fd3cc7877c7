"""Google's GContainer directory in the base image's XMP, by which Android finds the gain map.

A packet that belongs to the user is never rebuilt: what an earlier gain map left there is cut out, one
rdf:Description is inserted, and every other byte stays.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Sequence
from xml.parsers import expat

from ...errors import DamagedError
from ..metadata.xmp import HDRGM, RDF, TAG, packet_of, parse
from ..metadata.xmp_parts import without_claim

CONTAINER = "http://ns.google.com/photos/1.0/container/"
ITEM = "http://ns.google.com/photos/1.0/container/item/"

_PREFIXED = re.compile(rb"""\s([\w.-]+):[\w.-]+\s*=\s*(?:"[^"]*"|'[^']*')""")
"""An attribute with a prefix, and the blank before it."""


@dataclasses.dataclass(frozen=True)
class Item:
    """One entry of a container directory, by its Item: attributes in order."""

    attributes: tuple[tuple[str, str], ...]

    @property
    def semantic(self) -> str:
        """What the item is: Primary, GainMap, MotionPhoto, ..."""
        return dict(self.attributes).get("Semantic", "")


def directory(packet: bytes) -> list[Item]:
    """The items of a packet's Container:Directory, in order; empty where there is none. Items outside are nobody's."""
    prefix, items = f"{{{ITEM}}}", []
    listed = (i for d in parse(packet).iter(f"{{{CONTAINER}}}Directory") for i in d.iter(f"{{{CONTAINER}}}Item"))
    for element in dict.fromkeys(listed):
        pairs = {child.tag: child.text or "" for child in element if isinstance(child.tag, str)} | element.attrib
        named = ((name[len(prefix) :], value) for name, value in pairs.items() if name.startswith(prefix))
        items.append(Item(tuple(named)))
    return items


def announce(existing: bytes | None, map_length: int | None, more: Sequence[Item] = ()) -> bytes:
    """The base image's packet: `existing` with the directory and hdrgm:Version for a gain map of so many bytes.

    With None for the length, the packet less any announcement. Other items of an existing directory, and those of
    `more`, are kept.

    Raises:
        DamagedError: `existing` cannot be parsed, so that nothing can be inserted safely.
    """
    if existing is None:
        return packet_of(_description(map_length, [], ""))
    items = [*directory(existing), *more]
    rewriter = _Rewriter(existing)
    others = [item for item in items if item.semantic not in ("Primary", "GainMap")]
    wanted = map_length is not None or others
    return rewriter.with_inserted(_description(map_length, items, rewriter.about) if wanted else "")


def silence(packet: bytes) -> bytes:
    """The packet without its directory and without hdrgm properties.

    Raises:
        DamagedError: it cannot be parsed.
    """
    parse(packet)
    return _Rewriter(packet).with_inserted("")


def says_nothing(packet: bytes) -> bool:
    """Whether a packet that can be parsed has no description left."""
    return all(len(root) == 0 for root in parse(packet).iter(f"{{{RDF}}}RDF"))


def says_more(packet: bytes | None) -> bool:
    """Whether a packet says anything but where a gain map is and how it is applied; one that is damaged may."""
    try:
        return packet is not None and not says_nothing(silence(packet))
    except DamagedError:
        return True


_MOTION = re.compile(
    rb"""\s[\w.-]+:(?:MotionPhoto|MicroVideo)\w*\s*=\s*(?:"[^"]*"|'[^']*')"""
    rb"""|<([\w.-]+:(?:MotionPhoto|MicroVideo)\w*)>[^<]*</\1>"""
)


def promises_video(packet: bytes | None) -> bool:
    """Whether an XMP packet says that a motion photo's video follows."""
    return packet is not None and _MOTION.search(packet) is not None


def without_video(packet: bytes) -> bytes:
    """The packet without a word of a motion photo's video, blanks in its place."""
    return _MOTION.sub(lambda match: b" " * len(match[0]), packet)


def described_elsewhere(packet: bytes) -> bytes | None:
    """A JPEG's XMP packet for another file: of the picture only, not of the gain map, video and XMP that followed it.

    None where it spoke of nothing else.
    """
    packet = without_claim(packet)
    with contextlib.suppress(DamagedError):
        packet = silence(packet)
        if says_nothing(packet):
            return None
    return without_video(packet)


def without_padding(packet: bytes) -> bytes:
    """The packet less the blanks that XMP writers leave for editing in place."""
    end = packet.rfind(b"<?xpacket end")
    kept = packet[: max(end, 0)].rstrip()
    return kept + b"\n" + packet[end:] if end - len(kept) > 1 else packet


def _description(map_length: int | None, items: list[Item], about: str) -> str:
    kept = [Item((("Semantic", "Primary"), ("Mime", "image/jpeg")))]
    if map_length is not None:
        kept.append(Item((("Semantic", "GainMap"), ("Mime", "image/jpeg"), ("Length", str(map_length)))))
    kept += [item for item in items if item.semantic not in ("Primary", "GainMap")]
    rows = "".join(f'<rdf:li rdf:parseType="Resource"><Container:Item {_printed(item)}/></rdf:li>' for item in kept)
    version = f' xmlns:hdrgm="{HDRGM}" hdrgm:Version="1.0"' if map_length is not None else ""
    return (
        f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={_quoted(about)} xmlns:Container="{CONTAINER}" '
        f'xmlns:Item="{ITEM}"{version}><Container:Directory><rdf:Seq>{rows}</rdf:Seq></Container:Directory>'
        "</rdf:Description>"
    )


def _quoted(text: str) -> str:
    """An XML attribute's value with its quotes; `xml.sax.saxutils` would do, and load an HTTP client."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return f'"{text}"'


def _printed(item: Item) -> str:
    return " ".join(f"Item:{name}={_quoted(value)}" for name, value in item.attributes)


@dataclasses.dataclass
class _Element:
    """An element that is open: where its start tag is, how many cuts there were before, what of it will stay."""

    name: str
    start: int
    tag_end: int
    cuts: int
    kept: int = 0


class _Rewriter:
    """Byte spans of a packet to cut (hdrgm properties, the directory) and the place to insert at."""

    def __init__(self, packet: bytes) -> None:
        self.packet = packet
        self.about: str = ""
        self._cuts: list[tuple[int, int]] = []
        self._open: list[_Element] = []
        self._prefixes: set[bytes] = set()
        self._end: int | None = None
        self._first = True
        parser = expat.ParserCreate("utf-8", " ")
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = lambda name, attributes: self._start(parser.CurrentByteIndex, name, attributes)
        parser.EndElementHandler = lambda name: self._finish(parser.CurrentByteIndex)
        try:
            parser.Parse(packet.rstrip(b"\0 \t\r\n"), True)
        except expat.ExpatError as error:
            raise DamagedError(f"the XMP packet is not well-formed: {error}") from error

    def with_inserted(self, description: str) -> bytes:
        """The packet without the cut spans and with `description` at the end of its rdf:RDF."""
        if self._end is None:
            raise DamagedError("the XMP packet has no rdf:RDF to add to")
        pieces, position = [], 0
        inserted = [(self._end, self._end, description.encode())]
        for start, end, new in sorted([(a, b, b"") for a, b in self._cuts] + inserted):
            if start >= position:
                pieces += [self.packet[position:start], new]
                position = end
        return b"".join([*pieces, self.packet[position:]])

    def _declare(self, prefix: str | None, uri: str) -> None:
        if uri == HDRGM and prefix:
            self._prefixes.add(prefix.encode())

    def _start(self, index: int, name: str, attributes: dict[str, str]) -> None:
        tag = TAG.match(self.packet, index)
        element = _Element(name, index, tag.end() if tag else index, len(self._cuts))
        ours = name == f"{CONTAINER} Directory" or name.startswith(f"{HDRGM} ")
        if self._open and not ours:
            self._open[-1].kept += 1
        self._open.append(element)
        if name == f"{RDF} Description":
            if self._first:
                self.about, self._first = attributes.get(f"{RDF} about", ""), False
            self._cut_attributes(element)
            element.kept = sum(not key.startswith(f"{HDRGM} ") and key != f"{RDF} about" for key in attributes)

    def _cut_attributes(self, element: _Element) -> None:
        found = _PREFIXED.finditer(self.packet, element.start, element.tag_end)
        self._cuts += [match.span() for match in found if match[1] in self._prefixes]

    def _finish(self, index: int) -> None:
        element = self._open.pop()
        closed = self.packet[element.tag_end - 2 : element.tag_end] == b"/>"
        if element.name == f"{RDF} RDF" and not closed:
            self._end = index
        ours = element.name == f"{CONTAINER} Directory" or element.name.startswith(f"{HDRGM} ")
        emptied = element.name == f"{RDF} Description" and not element.kept and len(self._cuts) > element.cuts
        if ours or emptied:
            end = element.tag_end if closed else self.packet.index(b">", index) + 1
            del self._cuts[element.cuts :]
            self._cuts.append((element.start, end))
