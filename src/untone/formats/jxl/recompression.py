"""JPEGs within JPEG XL (ISO/IEC 18181-2, `jbrd`): smaller by a fifth, and given back byte for byte.

libjxl, by imagecodecs, codes a JPEG's coefficients anew, and keeps what else its bytes are. The boxes of EXIF and
XMP are part of that: a JPEG can only be made again while they are what they were.
"""

from __future__ import annotations

import imagecodecs

from ...errors import UntoneError
from ...image import Image
from ..common.files import joined
from ..common.isobmff import boxes
from ..jpeg import remarks, ultrahdr
from ..jpeg.gcontainer import described_elsewhere, promises_video
from ..jpeg.revision import Revision, revised
from ..jpeg.segments import APP0, APP1, APP14, APP15, EXIF_TAG, XMP_TAG, find_end, parse
from ..jpeg.xmp_segments import announces_gain_map, fits, whole, with_packet
from ..metadata.exif import with_orientation
from ..metadata.xmp_parts import without_claim
from .container import CONTAINER

JPEG = b"\xff\xd8\xff"
BOX = b"jbrd"


def recompressed(data: bytes) -> bytes | None:
    """A JPEG XL file of a JPEG and what follows it; None where it is coded in a way that libjxl does not carry."""
    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(data))
    except (RuntimeError, ValueError, TypeError, MemoryError):
        return None


def reconstructed(data: bytes) -> bytes | None:
    """The JPEG of a JPEG XL file; None where it holds none, or not as it was."""
    if not is_recompressed(data):
        return None
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(data, numthreads=1))
    except (RuntimeError, ValueError, TypeError, MemoryError):
        return None


def is_recompressed(data: bytes) -> bool:
    """Whether a JPEG XL file says that it holds a JPEG."""
    return data.startswith(CONTAINER) and any(name == BOX for name, *_ in boxes(data, 0, len(data)))


def base_of(image: Image) -> bytes | None:
    """The JPEG that an image was read from, with the image's EXIF and XMP, and without a word of a gain map or video.

    The whole file where that is what it is already; None of other images, or where the JPEG shows something else.
    """
    data = image.encoded
    if data is None or not data.startswith(JPEG):
        return None
    try:
        layout = ultrahdr.locate(data)
        primary = layout.primary
        if (primary.width, primary.height) != (image.width, image.height):
            return None
        packet = primary.payload(APP1, XMP_TAG)
        if not is_alone(data) or promises_video(packet):
            data = joined(ultrahdr.assemble(data, None))
            data = data[: find_end(data, parse(data))]
        return _described(data, image)
    except UntoneError:
        return None


def is_alone(data: bytes) -> bool:
    """Whether a JPEG is carried with all that follows it: no gain map and no other picture does.

    Raises:
        UntoneError: it is damaged.
    """
    layout = ultrahdr.locate(data)
    return not layout.entries and layout.gain_map is None and not announces_gain_map(layout.primary)


def packet_of(data: bytes, packet: bytes | None) -> bytes | None:
    """The XMP packet of a JPEG XL file with the extension that its JPEG has of it."""
    if packet is None or without_claim(packet) == packet:
        return packet
    made = reconstructed(data)
    try:
        return packet if made is None else whole(parse(made))
    except UntoneError:
        return packet


def _described(data: bytes, image: Image) -> bytes | None:
    """The JPEG with the EXIF and XMP of an image; None where it cannot have them."""
    block, packet = with_orientation(image.exif, image.orientation), image.xmp
    if _metadata(data) == (block, packet):
        return data
    if packet is None:
        made = revised(data, Revision(exif=lambda _: block, bare=True, trailer=False))
    elif not fits(packet):
        made = with_packet(revised(data, Revision(exif=lambda _: block)), packet)
        return made if _metadata(made)[0] == block else None  # in parts it is the same, not byte for byte
    else:
        made = revised(data, Revision(exif=lambda _: block, xmp=lambda _: packet))
    return made if _metadata(made) == (block, packet) else None


def bare(data: bytes) -> bytes:
    """A JPEG of nothing but its picture."""
    stream = parse(data)
    kept = (data[s.start : s.end] for s in stream.segments if not APP0 <= s.marker <= APP15 or s.marker == APP14)
    return b"".join([b"\xff\xd8", *kept, data[stream.scan : find_end(data, stream)]])


def _metadata(data: bytes) -> tuple[bytes | None, bytes | None]:
    """EXIF and XMP as another format gets them from a JPEG; a packet that promises a video as it is."""
    stream = parse(data)
    packet = remarks.packet(stream)
    if packet is not None and not promises_video(packet):
        packet = described_elsewhere(packet)
    return stream.payload(APP1, EXIF_TAG), packet
