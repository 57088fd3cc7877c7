"""Photos as one HTML file that asks nobody for anything: the page of `untone view`, its scripts and the pictures in it.

Scripts and style are those of the served page, put together and named in the Content-Security-Policy by their hashes.
The pictures are smaller than the photos; what the page says of light is of these pictures.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import html
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__, formats, pipeline
from ...console.lines import complain, fault_line
from ...console.progress import tracked
from ...errors import UntoneError, UsageError
from ...formats.common.files import no_wider_than, save
from ...image import GainMap, Image, Pixels
from ...system import is_folder
from ..choices import REJECT, Choice
from . import renditions, tiles
from .films import Frame
from .library import Library, Photo, guarded
from .renditions import Pair
from .scale import SCALE
from .static_files import static

MODULES = (
    "dom", "light", "histogram", "decisions", "dropping", "pointers", "stage", "panel", "grid", "photo", "exporting",
    "embedded", "app",
)  # fmt: skip
"""Each after those that it imports; `alone` begins."""

MOST_PHOTOS = 100
PICTURE_SIDE, MAP_SIDE, STRIP_SIDE, TILE_SIDE = 1600, 800, 360, 480
PICTURE_QUALITY, STRIP_QUALITY = 92, 82
STRIP_STOPS = (0, -1, -2, -3)


def write_document(target: Path, library: Library, model: str, force: bool) -> int:
    """Write one file of all photos that are not rejected; 1 where one of them could not be shown, else 0.

    Raises:
        UsageError: the file exists, is no .html, or the photos are too many for one.
        UntoneError: no photo could be shown, or the disk refuses; nothing is left behind.
    """
    check_target(target, (".html", ".htm"), force)
    wanted = [photo for photo in library.photos if library.choice(photo.number).verdict != REJECT]
    if not 0 < len(wanted) <= MOST_PHOTOS:
        raise UsageError(f"--html takes 1 to {MOST_PHOTOS} photos that are not rejected, not {len(wanted)}")
    entries, failed = [], 0
    for photo in tracked(wanted, "photos"):
        try:
            entries.append(guarded(photo, functools.partial(_entry, photo, library.choice(photo.number), model)))
        except UntoneError as error:
            complain(fault_line(photo.name, error))
            failed += 1
    if not entries:
        raise UntoneError(f"{target}: not written, as no photo can be shown")
    with no_wider_than(*(photo.path for photo in wanted)):
        save(target, [document(entries).encode(errors="replace")])
    return int(failed > 0)


def _entry(photo: Photo, wanted: Choice, model: str, data: bytes | Frame) -> Entry:
    return entry(photo.name, renditions.pair(data, lambda image: pipeline.predict(image, model)), wanted)


def check_target(target: Path, suffixes: tuple[str, ...], force: bool) -> None:
    """Before any work.

    Raises:
        UsageError: another suffix, a missing folder, a folder, or a file that exists (without `force`).
    """
    if target.suffix.lower() not in suffixes:
        raise UsageError(f"{target}: the output must end in one of {', '.join(suffixes)}")
    if not is_folder(target.absolute().parent):
        raise UsageError(f"{target}: there is no folder {target.parent}")
    if is_folder(target):
        raise UsageError(f"{target}: it is a folder")
    if os.path.lexists(target) and not force:
        raise UsageError(f"{target}: it exists; --force replaces it")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One photo of a document: its name, what was chosen, and all that its script reads."""

    name: str
    choice: Choice
    content: dict[str, Any]


def entry(name: str, found: Pair, wanted: Choice, report: str | None = None) -> Entry:
    """What a document holds of a photo.

    Args:
        name: as it is shown.
        found: its renditions.
        wanted: strength, peak and white that it is shown with.
        report: text about its file.
    """
    small = reduced(found, PICTURE_SIDE, MAP_SIDE)
    thumbnail = renditions.small_file(small, renditions.limited(small, wanted), TILE_SIDE)
    strip_pair = reduced(small, STRIP_SIDE, STRIP_SIDE)
    strip_map = renditions.shown_map(strip_pair, wanted)
    strip = [tiles.jpeg(tiles.exposed(strip_pair, strip_map, stops), STRIP_QUALITY) for stops in STRIP_STOPS]
    content = {
        "meaning": {"name": name, **renditions.meaning(small), **renditions.figures(found, wanted)},
        "whole": [found.image.width, found.image.height],
        "base": _text(renditions.small_file(small, renditions.limited(small, wanted), PICTURE_SIDE, PICTURE_QUALITY)),
        "map": _text(_png(renditions.eight_bits(small.gain_map.codes))),
        "tile": _text(thumbnail),
        "figures": renditions.figures(found, wanted),
        "strip": [[stops, _text(data)] for stops, data in zip(STRIP_STOPS, strip, strict=True)],
        "report": report,
    }
    return Entry(name, wanted, content)


def reduced(found: Pair, side: int, map_side: int) -> Pair:
    """The same pair with fewer pixels, upright."""
    pixels = _fewer(found.shown, side, smooth=False)
    codes = _fewer(renditions.eight_bits(found.gain_map.codes), min(map_side, max(pixels.shape)), smooth=True)
    image = Image(pixels, primaries=found.image.primaries, white_nits=found.image.white_nits)
    gain_map: GainMap = dataclasses.replace(found.gain_map, codes=codes, encoded=None)
    return Pair(image, gain_map, found.origin, pixels, (image, gain_map), found.moment)


def _fewer(codes: Pixels, side: int, smooth: bool) -> Pixels:
    height, width = codes.shape[:2]
    step = max(height, width) / side
    if step <= 1:
        return codes
    size = (max(1, round(width / step)), max(1, round(height / step)))
    return renditions.resampled(codes, (0, 0, width, height), size, smooth=smooth)


def _png(codes: Pixels) -> bytes:
    colours = np.ascontiguousarray(np.broadcast_to(codes, (*codes.shape[:2], 3)))
    return formats.write(None, Image(colours), format="png") or b""


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def document(entries: Iterable[Entry], title: str | None = None) -> str:
    """The HTML of some photos.

    Args:
        entries: the photos.
        title: of the page; None takes the name of a single photo.
    """
    listed = list(entries)
    title = title or (listed[0].name if len(listed) == 1 else f"{len(listed)} photos")
    state = {
        "version": __version__,
        "title": title,
        "photos": [{"number": n, "name": e.name, "kept": False} for n, e in enumerate(listed)],
        "choices": {n: e.choice.as_dict() for n, e in enumerate(listed)},
        "faults": [],
        "scale": [[nits, list(rgb)] for nits, rgb in SCALE],
    }
    blocks = [_block("state", state), *(_block(f"photo-{n}", e.content) for n, e in enumerate(listed))]
    return _filled(title, "".join(blocks), "".join(_still(e) for e in listed))


def _block(name: str, value: Any) -> str:
    text = json.dumps(value).replace("<", "\\u003c")  # so that no name can end the block
    return f'<script type="application/json" id="{name}">{text}</script>\n'


def _still(listed: Entry) -> str:
    """For readers without scripts: the photo at exposures, and the report."""
    pictures = "".join(
        f'<img alt="{stops} EV" src="data:image/jpeg;base64,{data}">' for stops, data in listed.content["strip"]
    )
    report = f"<pre>{html.escape(listed.content['report'])}</pre>" if listed.content["report"] else ""
    return f"<section><h2>{html.escape(listed.name)}</h2>{pictures}{report}</section>"


def script() -> str:
    """All modules as one: their imports of each other and their exports are taken off."""
    text = "\n".join(static(f"{name}.js").decode() for name in (*MODULES, "alone"))
    text = re.sub(r'^import\s[^;]*?from\s"\./\w+\.js";\n', "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)


def _filled(title: str, blocks: str, stills: str) -> str:
    style, code = static("style.css").decode(), script()
    policy = (
        f"default-src 'none'; script-src '{_hash(code)}'; style-src '{_hash(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = static("index.html").decode()
    for old, new in (
        ('<link rel="icon" href="static/icon.svg">\n', ""),
        ("<head>", f'<head>\n<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        ("<title>untone</title>", f"<title>{html.escape(title)}</title>"),
        ('<link rel="stylesheet" href="static/style.css">', f"<style>{style}</style>"),
        ('<script type="module" src="static/main.js"></script>\n', ""),
        ('<p class="fault-card">This page needs JavaScript.</p>', stills),
        ("</body>", f'{blocks}<script type="module">{code}</script>\n</body>'),
    ):  # fmt: skip
        if old not in page:
            raise AssertionError(f"index.html has no {old}")
        page = page.replace(old, new, 1)
    return page


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
