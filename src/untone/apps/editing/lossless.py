"""Lossless edits: crops and turns of base and gain map by their DCT blocks, where those allow them.

jpegtran is the reference: a crop begins at a unit's border, and a side that is reversed must be whole units. Where a
photo or a request does not fit, `Mode` says what gives way.
"""

from __future__ import annotations

import dataclasses
import enum

import numpy as np

from ...errors import UnsupportedError, UntoneError
from ...formats.jpeg import blocks
from ...formats.jpeg import codec as jpeg
from ...formats.jpeg.blocks import Axis
from ...formats.jpeg.segments import Codestream, parse
from ...formats.jpeg.ultrahdr import flavours, locate
from ...image import GainMap, Image, Pixels, turned_upright
from .geometry import Edit, orientation_after, window_of
from .resampling import Span, Window, cut

FURTHEST_GROWTH = 64
"""Pixels that a crop grows at one side for the sake of the map's blocks; beyond, the map is encoded anew."""


class Mode(enum.Enum):
    """What gives way where blocks do not allow the edit."""

    EXACT = "the base is encoded anew, and shows exactly what was asked"
    GROWN = "the crop grows to whole units, sides that are reversed lose what is part of one (jpegtran -trim)"
    PERFECT = "the edit is refused (jpegtran -perfect)"


@dataclasses.dataclass(frozen=True)
class Moves:
    """Block moves of base and gain map.

    Attributes:
        window: rows and columns that stay, as stored; of the size that it has.
        orientation: the turn that blocks make; 1 leaves them.
        base: the moved base, a bare JPEG; None where it must be encoded anew.
        gain_map: the map likewise.
        note: what did not go as asked, or not without loss; one line.
    """

    window: Window
    orientation: int
    base: bytes | None = None
    gain_map: bytes | None = None
    note: str | None = None


def moves(data: bytes, image: Image, edit: Edit, mode: Mode) -> Moves | None:
    """Block moves of an edit that does not resize; None where changing the orientation is all there is to do.

    Raises:
        UsageError: the crop does not lie within the picture.
        UnsupportedError: it is to be without loss, and cannot be.
    """
    layout = locate(data)
    base, second = layout.primary, layout.gain_map
    if second is None or image.left_out is not None or flavours(second) == ("apple",):
        second = None
    asked, after = window_of(image, edit), orientation_after(image.orientation, edit)
    turned = after if edit.upright or edit.turns or edit.flip else 1
    window = asked
    if mode is Mode.GROWN:
        window = _grown(asked, base, second, turned if edit.upright else 1)
    movable = image.left_out is None and all(_fits(s, base, window, turned) for s in (base, second) if s)
    if turned != 1 and not edit.upright and not movable:
        turned = 1  # the orientation says it as well, needs no blocks, and turns a map that is not read too
    if turned == 1 and window == _whole(base):
        return None
    found = Moves(window, turned, note=_difference(asked, window))
    if not _fits(base, base, window, turned):
        return _given_way(found, mode, _obstacle(base, window, turned))
    try:
        made = blocks.moved(data, base, _pixels(window), turned)
    except UnsupportedError as error:
        return _given_way(found, mode, str(error))
    found = dataclasses.replace(found, base=made)
    return found if second is None else _with_map(data, base, second, found, mode)


def _given_way(found: Moves, mode: Mode, obstacle: str) -> Moves:
    if mode is not Mode.EXACT:
        raise UnsupportedError(f"not without loss: {obstacle}")
    return dataclasses.replace(found, note=f"the base is encoded anew: {obstacle}")


def _with_map(data: bytes, base: Codestream, second: Codestream, found: Moves, mode: Mode) -> Moves:
    """The moves with the map's too, where its blocks allow them."""
    if _fits(second, base, found.window, found.orientation):
        part = _of_map(found.window, base, second)
        assert part is not None
        try:
            return dataclasses.replace(found, gain_map=blocks.moved(data, second, part, found.orientation))
        except UntoneError:
            pass  # the map in the file may be coded in another way than its base
    if mode is Mode.PERFECT:
        raise UnsupportedError("not without loss: the edit does not fall between the blocks of the gain map")
    return found


def suffice(image: Image, gain_map: GainMap | None, found: Moves | None, mode: Mode) -> bool:
    """Whether blocks make all of an edit, so that its pixels need not be known; of a photo and map as outlined."""
    if found is None or found.base is None or image.is_hdr:
        return False
    if gain_map is None:
        return True
    if found.gain_map is None or gain_map.encoded is None:
        return False
    if mode is not Mode.EXACT or found.window.size == (image.height, image.width):
        return True
    stream = parse(gain_map.encoded)
    codes = jpeg.decode(gain_map.encoded, stream)[:, :, : gain_map.channels]
    return cut(dataclasses.replace(gain_map, codes=codes), found.window, (image.height, image.width)) is not None


def outlined(image: Image, gain_map: GainMap | None, found: Moves, edit: Edit) -> tuple[Image, GainMap | None]:
    """The outline of an edited photo, and its map with its blocks, from those of the old."""
    assert found.base is not None
    orientation = 1 if edit.upright or found.orientation != 1 else orientation_after(image.orientation, edit)
    pixels = _blank(image.pixels, parse(found.base), 3)
    made = dataclasses.replace(image, pixels=pixels, orientation=orientation, encoded=None)
    if gain_map is None or found.gain_map is None:
        return made, None
    codes = _blank(gain_map.codes, parse(found.gain_map), gain_map.channels)
    return made, dataclasses.replace(gain_map, codes=codes, encoded=found.gain_map)


def _blank(like: Pixels, stream: Codestream, channels: int) -> Pixels:
    return np.broadcast_to(like[:1, :1, :1], (stream.height, stream.width, channels))


def samples(old: GainMap, found: Moves, image: Image) -> Pixels:
    """Codes of a map whose blocks were moved: those of the old one, cut out and turned."""
    whole, spans = (image.height, image.width), (found.window.rows, found.window.columns)
    part = [
        slice(span[0] * count // side, span[1] * count // side)
        for span, count, side in zip(spans, old.codes.shape, whole, strict=False)
    ]
    return np.array(turned_upright(old.codes[tuple(part)], found.orientation), order="C")


def _whole(base: Codestream) -> Window:
    return Window((0, base.height), (0, base.width), (base.height, base.width))


def _pixels(window: Window) -> tuple[int, int, int, int]:
    """Left, top, width, height."""
    (top, bottom), (left, right) = window.rows, window.columns
    return left, top, right - left, bottom - top


def _axes(base: Codestream, second: Codestream | None) -> tuple[Axis, Axis]:
    """Columns and rows of base and map."""
    unit = blocks.unit(base)
    sides = (base.width, base.height)
    if second is None:
        return Axis(sides[0], unit[0]), Axis(sides[1], unit[1])
    other, samples = blocks.unit(second), (second.width, second.height)
    return Axis(sides[0], unit[0], samples[0], other[0]), Axis(sides[1], unit[1], samples[1], other[1])


def _of_map(window: Window, base: Codestream, stream: Codestream) -> tuple[int, int, int, int] | None:
    """The window in the samples of a stream; None where its edges are within samples."""
    edges = []
    for span, samples, side in zip(
        (window.columns, window.rows), (stream.width, stream.height), (base.width, base.height), strict=True
    ):
        if any(edge * samples % side for edge in span):
            return None
        edges.append((span[0] * samples // side, span[1] * samples // side))
    (left, right), (top, bottom) = edges
    return (left, top, right - left, bottom - top) if right > left and bottom > top else None


def _fits(stream: Codestream, base: Codestream, window: Window, orientation: int) -> bool:
    """Whether the blocks of base or map can make this move."""
    part = _of_map(window, base, stream)
    return part is not None and blocks.fits(stream, part, orientation)


def _grown(asked: Window, base: Codestream, second: Codestream | None, orientation: int) -> Window:
    """The crop with its borders moved outward to units, of the map too where that is near; reversed sides trimmed."""
    spans: list[Span] = []
    alone, both = _axes(base, None), _axes(base, second)
    backwards = blocks.reversed_sides(orientation)
    for span, single, joint, reverse in zip((asked.columns, asked.rows), alone, both, backwards, strict=True):
        grown = joint.grown(*span)
        axis = joint
        if max(span[0] - grown[0], grown[1] - span[1]) > FURTHEST_GROWTH:
            grown, axis = single.grown(*span), single
        if reverse:
            trimmed = axis.trimmed(*grown)
            trimmed = trimmed if trimmed[1] > trimmed[0] else single.trimmed(*grown)
            grown = trimmed if trimmed[1] > trimmed[0] else grown
        spans.append(grown)
    columns, rows = spans
    return Window(rows, columns, (rows[1] - rows[0], columns[1] - columns[0]))


def _difference(asked: Window, made: Window) -> str | None:
    if asked == made:
        return None
    left, top, width, height = _pixels(made)
    return f"kept without loss: {width} x {height} pixels from {left}, {top} on, as stored"


def _obstacle(base: Codestream, window: Window, orientation: int) -> str:
    """Why the blocks of a base cannot make a move."""
    wide, high = blocks.unit(base)
    left, top, width, height = _pixels(window)
    if left % wide or top % high:
        return f"its blocks of {wide} x {high} pixels do not begin at {left}, {top}; --lossless grows the crop"
    return f"{width} x {height} pixels are not whole blocks of {wide} x {high}; --lossless trims them"
