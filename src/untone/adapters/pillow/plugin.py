"""Hooks into Pillow's tables: what opens a file finds its gain map, what saves one writes it.

Pillow's own openers and writers do their work as before; a JPEG without a multi-picture index and without a word of
gain maps costs one look at segments that Pillow has parsed.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageFile

from .info import KEY, attach

if TYPE_CHECKING:
    from ...formats.signalling import Signalling
    from ...image import GainMap

Opener = Callable[..., ImageFile.ImageFile]
Saver = Callable[[Image.Image, IO[bytes], "str | bytes"], None]

FORMATS = {"JPEG": "jpeg", "AVIF": "avif", "HEIF": "heic", "JXL": "jxl"}
"""Pillow's names of formats that hold a gain map, and ours; HEIF and JXL are those of other plugins."""

QUALITY = "gain_map_quality"
MAP_QUALITY = 90
"""Of the gain map, 1 to 100, where it is encoded anew."""

BOXES_BYTES = 1 << 16
"""Of an AVIF, HEIC or JPEG XL: boxes that lead to a gain map begin here."""

HINTS = (b"tmap", b"auxC", b"jhgm")
ORIENTATION = 0x0112


def register() -> None:
    """Put the hooks around every opener and writer that Pillow knows now; twice does no harm.

    `import untone.pillow` does it. A plugin that is registered later (pillow_heif.register_heif_opener) needs it again.
    """
    Image.init()
    if not _is_ours(Image.Image.copy):
        Image.Image.copy = _copying(Image.Image.copy)  # type: ignore[assignment, method-assign]
    for name in FORMATS:
        if name in Image.OPEN and not _is_ours(Image.OPEN[name][0]):
            opener, accept = Image.OPEN[name]
            Image.OPEN[name] = (_opening(opener, name), accept)
    for name, saver in list(Image.SAVE.items()):
        if not _is_ours(saver):
            Image.SAVE[name] = _saving(saver, FORMATS.get(name))
    for name, saver in list(Image.SAVE_ALL.items()):
        if not _is_ours(saver):
            Image.SAVE_ALL[name] = _saving(saver, None)


def _copying(copy: Callable[[Image.Image], Image.Image]) -> Callable[[Image.Image], Image.Image]:
    """Image.copy, which keeps every pixel in its place, and so the gain map."""

    @functools.wraps(copy)
    def copied(image: Image.Image) -> Image.Image:
        made, info = copy(image), image.info
        if KEY in info:
            attach(made, lambda: info[KEY])
        return made

    copied._of_untone = True  # type: ignore[attr-defined]
    return copied


def _is_ours(hook: object) -> bool:
    return getattr(hook, "_of_untone", False)


def _opening(opener: Opener, name: str) -> Opener:
    def opened(fp: Any, filename: Any = None) -> ImageFile.ImageFile:
        image = opener(fp, filename)
        if _may_have_one(image, fp, name):
            place = fp.tell()
            fp.seek(0)
            data = fp.read()
            fp.seek(place)
            made = _found(image, data, name)
            if made is not None:
                attach(image, made)
        return image

    opened._of_untone = True  # type: ignore[attr-defined]
    return opened


def _may_have_one(image: ImageFile.ImageFile, fp: Any, name: str) -> bool:
    """Whether a look at the whole file is worth it."""
    if name == "JPEG":
        segments = getattr(image, "applist", ())
        return any(content.startswith((b"MPF\0", b"urn:iso")) or b"hdrgm" in content for _, content in segments)
    if getattr(image, "n_frames", 1) > 1 and name == "AVIF":
        return False
    place = fp.tell()
    fp.seek(0)
    head = fp.read(BOXES_BYTES)
    fp.seek(place)
    return any(hint in head for hint in HINTS)


def _found(image: ImageFile.ImageFile, data: bytes, name: str) -> Callable[[], GainMap | None] | None:
    """What makes the gain map of a file; None where there is none, or none that is read."""
    from ...errors import UntoneError  # here, as few pictures have one

    try:
        if name == "JPEG":
            from ...formats.jpeg.codec import later

            return later(data)
        return _within(image, data, name)
    except UntoneError:  # Pillow shows the base of such a file, as before
        return None


def _within(image: ImageFile.ImageFile, data: bytes, name: str) -> Callable[[], GainMap | None] | None:
    """As _found, of formats whose gain map is read with its base; turned as the plugin turned the base."""
    from ... import formats

    found = formats.probe(data)
    if found.gain_map is None:
        return None
    kept = found.orientation == 1 or _as_stored(image, found, name)

    def made() -> GainMap:
        from .geometry import turned

        base, gain_map = formats.read(data)
        assert gain_map is not None
        return gain_map if kept else turned(gain_map, base.orientation)

    return made


def _as_stored(image: ImageFile.ImageFile, found: Signalling, name: str) -> bool:
    """Whether a plugin leaves the pixels of a turned picture as they are stored.

    Sides that were exchanged say so. Else pillow-heif says so in EXIF; those of JPEG XL do not, and turn.
    """
    if found.orientation > 4 and found.width != found.height:
        return image.size == (found.width, found.height)
    return name != "JXL" and image.getexif().get(ORIENTATION, 1) == found.orientation


def _saving(saver: Saver, name: str | None) -> Saver:
    def saved(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
        gain_map = image.encoderinfo.pop(KEY, None)
        quality = image.encoderinfo.pop(QUALITY, MAP_QUALITY)
        if gain_map is None:
            saver(image, fp, filename)
            return
        from .writing import check, with_gain_map

        check(image, gain_map, name)
        base = io.BytesIO()
        saver(image, base, filename)
        assert name is not None
        fp.write(with_gain_map(base.getvalue(), gain_map, name, quality))

    saved._of_untone = True  # type: ignore[attr-defined]
    return saved
