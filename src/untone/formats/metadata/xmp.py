"""XMP packets, and gain map parameters as Adobe's hdrgm XMP 1.0; `gcontainer.py` edits the base image's packet.

Packets are parsed as UTF-8 only, without DTDs or entities.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree
from decimal import Decimal

from ...errors import DamagedError, LimitError, UnsupportedError
from ...image import Triple
from ..common.limits import MAX_METADATA_BYTES, MAX_XML_TAGS, quoted
from .iso21496 import Metadata

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
APPLE = "http://ns.apple.com/HDRGainMap/1.0/"

BOM = b"\xef\xbb\xbf"
PADDING = b"\0 \t\r\n"
"""Bytes that may surround a packet."""

TAG = re.compile(rb"""<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>""")
"""A tag from its < to its >, which values may contain."""

_DEFAULT_OFFSET = 1 / 64

Properties = dict[str, tuple[str, ...]]


def parse(packet: bytes) -> ElementTree.Element:
    """The tree of an XMP packet.

    Raises:
        LimitError: larger than MAX_METADATA_BYTES, or of more than MAX_XML_TAGS tags.
        DamagedError: not UTF-8, not well-formed, or with a DTD, which XMP never has.
    """
    if len(packet) > MAX_METADATA_BYTES:
        raise LimitError(f"the XMP packet has {len(packet)} bytes; the limit is {MAX_METADATA_BYTES}")
    try:
        text = packet.removeprefix(BOM).strip(PADDING).decode("utf-8")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DamagedError("the XMP packet declares a DTD or an entity")
        if text.count("<") > MAX_XML_TAGS:
            raise LimitError(f"the XMP packet has {text.count('<')} tags; the limit is {MAX_XML_TAGS}")
        return ElementTree.fromstring(text, ElementTree.XMLParser(encoding="utf-8"))
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError) as error:
        raise DamagedError(f"the XMP packet is not well-formed: {error}") from error


def properties(packet: bytes, namespace: str) -> Properties:
    """Properties of one namespace: local name to its values, one for a scalar, several for an rdf:Seq.

    Looks two levels below each description and no deeper: descriptions may hold descriptions.
    """
    found: Properties = {}
    prefix = f"{{{namespace}}}"
    for description in parse(packet).iter(f"{{{RDF}}}Description"):
        for name, value in description.attrib.items():
            if name.startswith(prefix):
                found.setdefault(name[len(prefix) :], (value,))
        for child in description:
            if isinstance(child.tag, str) and child.tag.startswith(prefix):
                items = [entry.text or "" for entry in child.findall(f"*/{{{RDF}}}li")]
                found.setdefault(child.tag[len(prefix) :], tuple(items) if items else (child.text or "",))
    return found


def xmp_to_metadata(found: Properties) -> Metadata:
    """Parameters from the hdrgm properties of a gain map (gain-map metadata of Ultra HDR 1.1; defaults as there).

    Raises:
        UnsupportedError: a Version other than 1.0.
        DamagedError: GainMapMax or HDRCapacityMax absent, a value that is no number, or numbers nobody could use.
    """
    version = found.get("Version", ("1.0",))[0].strip()
    if version != "1.0":
        raise UnsupportedError(f"the gain map XMP has hdrgm:Version {quoted(version)}; this reader knows 1.0")
    missing = [name for name in ("GainMapMax", "HDRCapacityMax") if name not in found]
    if missing:
        raise DamagedError(f"the gain map XMP lacks hdrgm:{missing[0]}")
    base_is_hdr = _boolean(found, "BaseRenditionIsHDR")
    low, high = _numbers(found, "HDRCapacityMin", 0.0)[0], _numbers(found, "HDRCapacityMax", 1.0)[0]
    if not low < high:
        raise DamagedError(f"the gain map XMP has HDRCapacityMin {low} not below HDRCapacityMax {high}")
    sdr, hdr = _numbers(found, "OffsetSDR", _DEFAULT_OFFSET), _numbers(found, "OffsetHDR", _DEFAULT_OFFSET)
    return Metadata(
        min_stops=_numbers(found, "GainMapMin", 0.0),
        max_stops=_numbers(found, "GainMapMax", 1.0),
        gamma=_numbers(found, "Gamma", 1.0),
        base_offset=hdr if base_is_hdr else sdr,
        alternate_offset=sdr if base_is_hdr else hdr,
        base_headroom_stops=high if base_is_hdr else low,
        alternate_headroom_stops=low if base_is_hdr else high,
        multichannel=any(len(values) == 3 for values in found.values()),
    )


def _boolean(found: Properties, name: str) -> bool:
    value = found.get(name, ("False",))[0].strip()
    if value not in ("True", "False"):
        raise DamagedError(f"the gain map XMP has hdrgm:{name} {quoted(value)}; it must be True or False")
    return value == "True"


def _numbers(found: Properties, name: str, default: float) -> Triple:
    values = found.get(name)
    if values is None:
        return default, default, default
    try:
        numbers = [number(value) for value in values]
    except ValueError as error:
        raise DamagedError(f"the gain map XMP has hdrgm:{name} {quoted(values)}; it must be a number") from error
    if len(numbers) not in (1, 3) or not all(map(math.isfinite, numbers)):
        raise DamagedError(
            f"the gain map XMP has hdrgm:{name} {quoted(values)}; it must be one or three finite numbers"
        )
    return (numbers[0], numbers[0], numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2])


def number(text: str) -> float:
    """A decimal as XMP has it; Python's own underscores are none.

    Raises:
        ValueError: it is no number.
    """
    if "_" in text:
        raise ValueError(text)
    return float(text)


def decimal(number: float) -> str:
    """The shortest decimal that reads back as the same double; a full stop, no exponent, in every locale."""
    text = format(Decimal(repr(float(number))), "f")
    return "0.0" if text == "-0.0" else text


def metadata_to_xmp(metadata: Metadata) -> bytes:
    """The packet that the gain map's JPEG carries; `metadata` must be `rounded`, then ISO bytes say the same."""
    base_is_hdr = metadata.base_headroom_stops > metadata.alternate_headroom_stops
    capacities = sorted((metadata.base_headroom_stops, metadata.alternate_headroom_stops))
    offsets = (metadata.base_offset, metadata.alternate_offset)
    values: dict[str, Triple | float] = {
        "GainMapMin": metadata.min_stops,
        "GainMapMax": metadata.max_stops,
        "Gamma": metadata.gamma,
        "OffsetSDR": offsets[base_is_hdr],
        "OffsetHDR": offsets[not base_is_hdr],
        "HDRCapacityMin": capacities[0],
        "HDRCapacityMax": capacities[1],
    }
    attributes, elements = [f'hdrgm:Version="1.0" hdrgm:BaseRenditionIsHDR="{base_is_hdr}"'], []
    for name, value in values.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if len(set(numbers)) == 1:
            attributes.append(f'hdrgm:{name}="{decimal(numbers[0])}"')
        else:
            items = "".join(f"<rdf:li>{decimal(number)}</rdf:li>" for number in numbers)
            elements.append(f"<hdrgm:{name}><rdf:Seq>{items}</rdf:Seq></hdrgm:{name}>")
    description = f'<rdf:Description rdf:about="" xmlns:hdrgm="{HDRGM}" {" ".join(attributes)}'
    return packet_of(f"{description}>{''.join(elements)}</rdf:Description>" if elements else f"{description}/>")


def packet_of(description: str) -> bytes:
    """A whole packet around one rdf:Description."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="untone">'
        f'<rdf:RDF xmlns:rdf="{RDF}">{description}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
