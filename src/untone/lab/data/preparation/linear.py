"""`untone data render` and `pq`: linear HDR of SDR picture and gain map, and 16-bit PQ PNG of linear HDR."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .... import colour, formats
from ....console import progress
from ....errors import UnsupportedError, UntoneError, UsageError
from ....formats.common.files import Part, save
from ....formats.common.pixels import bands
from ....formats.exr import codec as exr
from ....formats.png import codec as png
from ....image import DIFFUSE_WHITE_NITS, Image, turned_upright
from .. import codes
from ..examples import light_of
from ..layouts import gmnet, located
from ..layouts.opened import Entry, Fault

Light = NDArray[np.float32]

KINDS = ("exr", "tiff")
PROTOCOLS = ("ours", "gmnet")


def render(source: Path, target: Path, *, protocol: str = "ours", kind: str = "exr", force: bool = False) -> int:
    """Writes the light of every pair of a folder as float32, BT.709, 1.0 = SDR white; skips what is there.

    Args:
        source: a folder of any layout; `protocol` gmnet needs that layout.
        protocol: "gmnet" is (sdr/255) ** 2.2 * 2 ** (qmax * NGM), whatever a note beside the metadata says; "ours" is
            the light that the pair means: by sRGB and offsets where it says so.
        kind: "exr" or "tiff".

    Returns:
        The exit code: 1 where a pair was broken.

    Raises:
        UsageError: the protocol does not fit the layout.
        UntoneError: no pairs.
    """
    folder, layout = located(source)
    if protocol == "gmnet" and layout.name != "gmnet":
        raise UsageError(f"--protocol gmnet needs pairs of the GMNet layout; {folder} is of {layout.name}")
    items: list[Entry | Fault | gmnet.Files]
    items = list(gmnet.listed(folder)) if protocol == "gmnet" else list(layout.find(folder))
    target.mkdir(parents=True, exist_ok=True)

    def work(item: Entry | Fault | gmnet.Files) -> None:
        if isinstance(item, Fault):
            raise UntoneError(item.text)
        out = target / f"{_name(item).replace('/', '_')}.{kind}"
        if force or not out.exists():
            save(out, light_file(_light(item), kind))

    return progress.each(items, "pairs", work, _name)


def _name(item: Entry | Fault | gmnet.Files) -> str:
    return item.image.stem if isinstance(item, gmnet.Files) else item.name


def _light(item: Entry | gmnet.Files) -> Light:
    if isinstance(item, gmnet.Files):
        sdr = codes.read(item.image, 8)
        gmnet.divisor(codes.header(item.image), codes.header(item.gain_map))
        return gmnet.THEIRS.light(sdr, gmnet.gain_of(item, *sdr.shape[:2]))
    example = item.read()
    return light_of(example.sdr, example.gain_stops)


def light_file(light: Light, kind: str) -> Iterable[Part]:
    """The pieces of a float32 EXR or TIFF of BT.709 light [H, W, 3]."""
    if kind == "exr":
        return exr.write(Image(np.ascontiguousarray(light), "bt709", "linear", bits=32), half=False)
    return float_tiff(light)


def float_tiff(light: Light) -> list[bytes | memoryview]:
    """The pieces of an uncompressed little-endian TIFF 6.0 of float32 RGB [H, W, 3], one strip.

    Raises:
        UntoneError: it would pass 4 GiB, which TIFF cannot address.
    """
    height, width = light.shape[:2]
    size = light.size * 4
    if size > 0xFFFF0000:
        raise UntoneError(f"{width}x{height} pixels pass the 4 GiB of a TIFF; write EXR")
    data = 8 + 2 + 12 * 11 + 4 + 12
    tags = (
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, data - 12), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, data), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, size), (284, 3, 1, 1),
        (339, 3, 3, data - 6),
    )  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + struct.pack("<6H", 32, 32, 32, 3, 3, 3)
    return [head, np.ascontiguousarray(light, "<f4").tobytes()]


def view(source: Path, target: Path, *, white_nits: float, scale: float, keep_primaries: bool) -> None:
    """Writes the PQ view of linear HDR: 16-bit PNG, rounded, with cICP and cLLI.

    Args:
        white_nits: nits of light 1.0.
        scale: light is multiplied by it first: the peak, for files that were divided by it.
        keep_primaries: codes in the file's own primaries, instead of BT.2020.

    Raises:
        UnsupportedError: the file holds no linear light.
        UntoneError: it cannot be read, or the disk refuses.
    """
    image, _ = formats.read(source)
    if image.transfer != "linear":
        raise UnsupportedError(f"{source}: holds {image.transfer} codes, not linear light")
    light = np.ascontiguousarray(turned_upright(image.pixels, image.orientation)) * np.float32(scale)
    upright = Image(light, image.primaries, "linear", bits=32, white_nits=white_nits)
    if keep_primaries:
        upright = Image(pq_codes(light, white_nits), image.primaries, "pq", bits=16, white_nits=white_nits)
    save(target, png.write(upright))


def pq_codes(light: Light, white_nits: float = DIFFUSE_WHITE_NITS) -> NDArray[np.uint16]:
    """16-bit PQ codes of light, rounded, in its own primaries."""
    out = np.empty(light.shape, np.uint16)
    for source, target in zip(bands(light), bands(out), strict=True):
        target[:] = np.floor(colour.nits_to_pq(np.nan_to_num(source) * white_nits) * 65535 + 0.5)
    return out
