"""XMP packets joined and parted at their descriptions: a JPEG keeps as extended XMP what others have in one packet.

XMP part 3 (Adobe, 2020), 1.1.3.1: the main packet names an extension by xmpNote:HasExtendedXMP, readers join both.
"""

from __future__ import annotations

import re
from xml.parsers import expat

from ...errors import DamagedError
from .xmp import PADDING, RDF, TAG, packet_of, parse

NOTE = "http://ns.adobe.com/xmp/note/"

_RDF_END = re.compile(rb"</(?:[\w.-]+:)?RDF\s*>")
_CLAIM = re.compile(rb"""\s[\w.-]+:HasExtendedXMP\s*=\s*(?:"[^"]*"|'[^']*')|<([\w.-]+:HasExtendedXMP)>[^<]*</\1>""")


def without_claim(packet: bytes) -> bytes:
    """The packet without a word of an extension, which only a JPEG has."""
    return _CLAIM.sub(b"", packet)


def joined(packet: bytes, extension: bytes) -> bytes:
    """The packet with the descriptions of its extension behind its own.

    Raises:
        DamagedError: one of them cannot be parsed, or their descriptions make no sense in one packet.
        LimitError: as `xmp.parse`.
    """
    more = b"".join(extension[start:end] for start, end in _descriptions(extension))
    made = _with_more(without_claim(packet), more)
    parse(made)
    return made


def parted(packet: bytes, most_bytes: int) -> tuple[bytes, bytes | None]:
    """The packet less as many of its largest descriptions as it takes to fit, and a packet of those; None of none.

    Raises:
        DamagedError: it cannot be parsed, or does not fit without them either.
    """
    spans = _descriptions(packet)
    size, gone = len(packet), set[tuple[int, int]]()
    for span in sorted(spans, key=lambda span: span[0] - span[1]):
        if size <= most_bytes:
            break
        gone.add(span)
        size -= span[1] - span[0]
    if size > most_bytes:
        raise DamagedError(f"the XMP packet has {size} bytes beside its descriptions; {most_bytes} fit")
    if not gone:
        return packet, None
    edges = [0, *(edge for span in spans if span in gone for edge in span), len(packet)]
    kept = b"".join(packet[start:stop] for start, stop in zip(edges[::2], edges[1::2], strict=True))
    return kept, packet_of(b"".join(packet[start:end] for start, end in spans if (start, end) in gone).decode())


def claiming(packet: bytes, digest: bytes) -> bytes:
    """The packet with the name of its extension.

    Raises:
        DamagedError: there is no place for it.
    """
    claim = f'<rdf:Description xmlns:rdf="{RDF}" rdf:about="" xmlns:xmpNote="{NOTE}" xmpNote:HasExtendedXMP="'
    return _with_more(packet, claim.encode() + digest + b'"/>')


def _with_more(packet: bytes, more: bytes) -> bytes:
    ends = [match.start() for match in _RDF_END.finditer(packet)]
    if not ends:
        raise DamagedError("the XMP packet has no rdf:RDF to add to")
    return packet[: ends[-1]] + more + packet[ends[-1] :]


def _descriptions(packet: bytes) -> list[tuple[int, int]]:
    """Where the descriptions of a packet begin and end; what they hold may hold others."""
    parse(packet)  # its limits
    spans: list[tuple[int, int]] = []
    names: list[str] = []
    parser = expat.ParserCreate("utf-8", " ")

    def start(name: str, _: object) -> None:
        if names and names[-1] == f"{RDF} RDF":
            tag = TAG.match(packet, parser.CurrentByteIndex)
            spans.append((parser.CurrentByteIndex, tag.end() if tag else len(packet)))
        names.append(name)

    def end(_: str) -> None:
        names.pop()
        if names and names[-1] == f"{RDF} RDF":
            first, last = spans[-1]
            closed = packet[last - 2 : last] == b"/>"
            spans[-1] = first, last if closed else packet.index(b">", parser.CurrentByteIndex) + 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(packet.rstrip(PADDING), True)
    except (expat.ExpatError, ValueError) as error:
        raise DamagedError(f"the XMP packet is not well-formed: {error}") from error
    return spans
