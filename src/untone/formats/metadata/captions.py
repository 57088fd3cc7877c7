"""What other containers have no place for, as XMP properties: IPTC-IIM datasets, PNG's texts, a print's resolution.

Which property stands for which dataset is of the IPTC Photo Metadata Standard (its table of IIM and XMP). A property
that the packet has already wins, as the guidelines of the Metadata Working Group have it for equal ones.
"""

from __future__ import annotations

import dataclasses
import re
import struct
from collections.abc import Iterator, Mapping

from ...errors import UntoneError
from .xmp import RDF, packet_of, parse, properties

DC = "http://purl.org/dc/elements/1.1/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
IPTC = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
XMP = "http://ns.adobe.com/xap/1.0/"
EXIF = "http://ns.adobe.com/exif/1.0/"
TIFF = "http://ns.adobe.com/tiff/1.0/"
PREFIXES = {DC: "dc", PHOTOSHOP: "photoshop", IPTC: "Iptc4xmpCore", XMP: "xmp", EXIF: "exif", TIFF: "tiff"}


@dataclasses.dataclass(frozen=True)
class Name:
    """A property: its namespace, its local name, and what holds its values: "", "Alt", "Bag" or "Seq"."""

    namespace: str
    local: str
    array: str = ""


DATASETS = {
    5: Name(DC, "title", "Alt"), 25: Name(DC, "subject", "Bag"), 40: Name(PHOTOSHOP, "Instructions"),
    80: Name(DC, "creator", "Seq"), 85: Name(PHOTOSHOP, "AuthorsPosition"), 90: Name(PHOTOSHOP, "City"),
    92: Name(IPTC, "Location"), 95: Name(PHOTOSHOP, "State"), 100: Name(IPTC, "CountryCode"),
    101: Name(PHOTOSHOP, "Country"), 103: Name(PHOTOSHOP, "TransmissionReference"), 105: Name(PHOTOSHOP, "Headline"),
    110: Name(PHOTOSHOP, "Credit"), 115: Name(PHOTOSHOP, "Source"), 116: Name(DC, "rights", "Alt"),
    120: Name(DC, "description", "Alt"), 122: Name(PHOTOSHOP, "CaptionWriter"),
}  # fmt: skip
"""Of record 2."""

SAID_ELSEWHERE = frozenset((0, 55, 60, 62, 63, 65, 70))
"""Datasets of record 2 that say a version, the program, or the time, as EXIF does."""

TEXTS = {
    "Title": DATASETS[5], "Author": DATASETS[80], "Description": DATASETS[120], "Copyright": DATASETS[116],
    "Software": Name(XMP, "CreatorTool"), "Source": DATASETS[115], "Comment": Name(EXIF, "UserComment", "Alt"),
}  # fmt: skip
"""Of PNG, by its keywords (third edition, 11.3.3.1)."""

PLAIN_DPI = 97
"""Dots per inch below which a resolution is a screen's, and says nothing."""

UTF8 = b"\x1b%G"
Values = Mapping[Name, list[str]]


def datasets(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Record, number and value of each dataset (IIM 4.2, 1.5); those of over 32 KiB end the search."""
    position = 0
    while position + 5 <= len(block) and block[position] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", block, position + 1)
        position += 5
        if length & 0x8000:
            return
        yield record, number, block[position : position + length]
        position += length


def of_datasets(block: bytes) -> tuple[Values, bool]:
    """The properties of IPTC data, and whether there is more than they say."""
    found: dict[Name, list[str]] = {}
    more, is_utf8 = False, False
    for record, number, value in datasets(block):
        is_utf8 |= (record, number) == (1, 90) and value.startswith(UTF8)
        name = DATASETS.get(number) if record == 2 else None
        text = _text(value, is_utf8).strip(" \0") if name is not None else ""
        if name is not None and text:
            found.setdefault(name, []).append(text)
        more |= name is None and record == 2 and number not in SAID_ELSEWHERE
    return found, more


def of_resolution(across: float, down: float) -> Values:
    """The properties of dots per inch; none of a screen's."""
    if max(across, down) < PLAIN_DPI:
        return {}
    values = {"XResolution": f"{across * 100:.0f}/100", "YResolution": f"{down * 100:.0f}/100", "ResolutionUnit": "2"}
    return {Name(TIFF, name): [value] for name, value in values.items()}


def _text(value: bytes, is_utf8: bool) -> str:
    """UTF-8 where it is said or can be, else Latin-1."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace") if is_utf8 else value.decode("latin-1")


def merged(packet: bytes | None, values: Values) -> bytes | None:
    """The packet with those of the properties that it lacks; as it is where it cannot be parsed or added to."""
    try:
        missing = {name: found for name, found in values.items() if found and not _has(packet, name)}
        if not missing:
            return packet
        if packet is None:
            return packet_of(_description(missing, ""))
        end = [match.start() for match in re.finditer(rb"</(?:[\w.-]+:)?RDF\s*>", packet)]
        about = re.search(rb"""\babout\s*=\s*(?:"([^"<&]*)"|'([^'<&]*)')""", packet)
        subject = (about[1] or about[2] or b"").decode() if about else ""
        made = packet[: end[-1]] + _description(missing, subject).encode() + packet[end[-1] :] if end else packet
        parse(made)
    except (UntoneError, UnicodeDecodeError):
        return packet
    return made


def _has(packet: bytes | None, name: Name) -> bool:
    return packet is not None and name.local in properties(packet, name.namespace)


def _description(values: Values, about: str) -> str:
    spaces = sorted({name.namespace for name in values})
    named = " ".join(f'xmlns:{PREFIXES[space]}="{space}"' for space in spaces)
    body = "".join(_element(name, found) for name, found in values.items())
    return f'<rdf:Description xmlns:rdf="{RDF}" rdf:about="{_escaped(about)}" {named}>{body}</rdf:Description>'


def _element(name: Name, values: list[str]) -> str:
    tag = f"{PREFIXES[name.namespace]}:{name.local}"
    if not name.array:
        return f"<{tag}>{_escaped(values[0])}</{tag}>"
    language = ' xml:lang="x-default"' if name.array == "Alt" else ""
    listed = values[:1] if name.array == "Alt" else values
    items = "".join(f"<rdf:li{language}>{_escaped(value)}</rdf:li>" for value in listed)
    return f"<{tag}><rdf:{name.array}>{items}</rdf:{name.array}></{tag}>"


def _escaped(text: str) -> str:
    """Text between tags or in quotes, without what XML 1.0 has no characters for."""
    text = re.sub(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
