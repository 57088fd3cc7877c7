"""untone sheet: every photo of a folder before and after, at 0 and at -2 EV, as one picture or one HTML file."""

from __future__ import annotations

import argparse
import base64
import dataclasses
import functools
import html
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from ... import formats, pipeline
from ...console.lines import answer, complain, fault_line, one_line
from ...console.options import add_answer, add_force, add_output
from ...console.progress import Progress
from ...errors import UntoneError, UsageError
from ...formats.common.files import no_wider_than, save
from ...image import Image
from ..choices import REJECT, Choice
from . import renditions, tiles
from .document import check_target, reduced
from .films import Frame
from .library import Library, Photo, check_model, guarded

EXPOSURES = (0, -2)
LARGEST_PICTURE, SMALLEST_PICTURE = 360, 90
"""Pixels of the longer side, of few and of very many photos."""

MOST_PIXELS = 60_000_000
MOST_PHOTOS_HTML = 2000
GAP, MARGIN, LINE = 6, 28, 20
HEADER = 34
LEGEND = "Left before, right after; above at 0 EV, below at -2 EV"
GROUND, TEXT, SOFT = (14, 14, 14), (236, 236, 236), (166, 166, 166)
QUALITY = 86
SIDE_BY_SIDE = 2

HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark">
<title>{title}</title><style>
body{{margin:0;padding:1.5rem clamp(1rem,3vw,4rem) 4rem}}
body{{background:#0e0e0e;color:#ececec;font:1rem/1.45 system-ui,sans-serif}}
h1{{font-size:1.25rem;font-weight:600}}
p{{color:#a6a6a6;margin:0}}
main{{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr));gap:2.5rem 2rem;margin-top:2rem}}
figure{{margin:0}}
div{{display:grid;grid-template-columns:1fr 1fr;gap:4px}}
img{{width:100%;aspect-ratio:3/2;object-fit:contain;background:#141414;display:block}}
figcaption{{margin-top:.5rem;overflow-wrap:anywhere}}
small{{color:#a6a6a6;display:block}}
</style></head><body><h1>{title}</h1><p>Left before, right after; above at 0 EV, below at −2 EV, where what shines stays
bright and what is only white turns grey.</p><main>
"""


@dataclasses.dataclass(frozen=True)
class Card:
    """One photo of a sheet.

    Attributes:
        name: of the photo.
        words: peak and share above white, or the fault.
        pictures: before and after at 0 EV, then at -2 EV; none of a photo that cannot be shown.
        failed: whether it could not.
    """

    name: str
    words: str
    pictures: tuple[NDArray[np.uint8], ...] = ()
    failed: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone sheet`."""
    add = parser.add_argument
    add("inputs", nargs="+", metavar="FOLDER|PHOTO", help="folders of photos, photos")
    add_output(add, "sheet.png or sheet.html", required=True)
    add("-R", "--recursive", action="store_true", help="look into folders within folders")
    add_force(add)
    add("--model", default="fastgamer", metavar="NAME|PATH", help="a model by name, or an .onnx file")
    add_answer(add)


def run(arguments: argparse.Namespace) -> int:
    """Write the sheet; 1 where a photo could not be shown on it, else 0.

    Raises:
        UsageError: the request makes no sense; nothing was written.
        UntoneError: the disk refuses; nothing is left behind.
    """
    target = Path(arguments.output)
    check_target(target, (".png", ".html", ".htm"), arguments.force)
    library = Library(arguments.inputs, arguments.recursive)
    check_model(arguments.model)
    photos = [photo for photo in library.photos if library.choice(photo.number).verdict != REJECT]
    if not photos:
        raise UsageError(f"{target}: every photo is rejected")
    if target.suffix.lower() == ".png":
        layout = Layout.of(len(photos))
        made = cards(library, photos, arguments.model, layout.side)
        with no_wider_than(*(photo.path for photo in photos)):
            failed = write_picture(target, made, layout)
    else:
        if len(photos) > MOST_PHOTOS_HTML:
            raise UsageError(f"{target}: a page takes {MOST_PHOTOS_HTML} photos, not {len(photos)}")
        title = ", ".join(Path(name).resolve().name or name for name in arguments.inputs)
        with no_wider_than(*(photo.path for photo in photos)):
            failed = write_html(target, cards(library, photos, arguments.model, LARGEST_PICTURE), title)
    facts = {"output": arguments.output, "photos": len(photos), "failed": failed}
    answer(facts, None, as_json=arguments.json, quiet=arguments.quiet)
    return int(failed > 0)


def cards(library: Library, photos: Sequence[Photo], model: str, side: int) -> Iterator[Card]:
    """The cards of photos in their order, two made at a time; faults go to stderr, too."""

    def make(photo: Photo) -> Card:
        try:
            return guarded(photo, functools.partial(card, photo.name, library.choice(photo.number), model, side))
        except UntoneError as error:
            complain(fault_line(photo.name, error))
            return Card(photo.name, one_line(str(error)), failed=True)

    with ThreadPoolExecutor(SIDE_BY_SIDE) as workers, Progress(len(photos), "photos") as progress:
        ahead: list[Future[Card]] = []
        for photo in [*photos, *[None] * SIDE_BY_SIDE]:
            ahead += [workers.submit(make, photo)] if photo else []
            if len(ahead) > SIDE_BY_SIDE or (not photo and ahead):
                yield ahead.pop(0).result()
                progress.step()


def card(name: str, wanted: Choice, model: str, side: int, data: bytes | Frame) -> Card:
    """One photo before and after.

    Raises:
        UntoneError: it cannot be shown.
    """
    found = renditions.pair(data, lambda image: pipeline.predict(image, model))
    known = renditions.figures(found, wanted)
    small = reduced(found, side, side)
    maps = (None, renditions.shown_map(small, wanted))
    pictures = tuple(tiles.exposed(small, gain_map, stops) for stops in EXPOSURES for gain_map in maps)
    share = 100 * known["share_above_white"]
    words = f"{known['peak_nits']:.0f} nits at the brightest, {share:.1f} % above white"
    return Card(name, words, pictures)


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where cards lie on a picture.

    Attributes:
        columns, rows: of cards.
        side: of one of the four pictures of a card, its longer side.
    """

    columns: int
    rows: int
    side: int

    @property
    def card(self) -> tuple[int, int]:
        """Width and height of a card, its words included."""
        return 2 * self.side + GAP, 2 * (self.side * 3 // 4) + GAP + 2 * LINE + 10

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        width, height = self.card
        return (MARGIN + self.columns * (width + MARGIN), MARGIN + HEADER + self.rows * (height + MARGIN))

    @classmethod
    def of(cls, count: int) -> Layout:
        """The largest pictures with which so many photos fit one sheet.

        Raises:
            UsageError: not even the smallest do.
        """
        for side in range(LARGEST_PICTURE, SMALLEST_PICTURE - 1, -10):
            columns = max(1, min(count, round(math.sqrt(count * 1.3))))
            found = cls(columns, -(-count // columns), side)
            if found.size[0] * found.size[1] <= MOST_PIXELS:
                return found
        raise UsageError(f"{count} photos do not fit a picture; name an .html output, or fewer photos")


def write_picture(target: Path, made: Iterator[Card], layout: Layout) -> int:
    """Draw all cards and write the PNG; how many photos could not be shown."""
    sheet = Pictures.new("RGB", layout.size, GROUND)
    draw, failed = ImageDraw.Draw(sheet), 0
    width, height = layout.card
    _write(draw, (MARGIN, MARGIN - 4), LEGEND, layout.size[0] - 2 * MARGIN, SOFT)
    for index, one in enumerate(made):
        left = MARGIN + index % layout.columns * (width + MARGIN)
        top = MARGIN + HEADER + index // layout.columns * (height + MARGIN)
        failed += one.failed
        for k, picture in enumerate(one.pictures):
            _paste(
                sheet, picture, left + k % 2 * (layout.side + GAP), top + k // 2 * (layout.side * 3 // 4 + GAP), layout
            )
        below = top + 2 * (layout.side * 3 // 4) + GAP + 8
        _write(draw, (left, below), one.name, width, TEXT)
        _write(draw, (left, below + LINE), one.words, width, SOFT)
    image = Image(np.asarray(sheet))
    formats.write(target, image, format="png")
    return failed


def _paste(sheet: Pictures.Image, codes: NDArray[np.uint8], left: int, top: int, layout: Layout) -> None:
    box = (layout.side, layout.side * 3 // 4)
    picture = Pictures.fromarray(codes)
    picture.thumbnail(box)
    sheet.paste((20, 20, 20), (left, top, left + box[0], top + box[1]))
    sheet.paste(picture, (left + (box[0] - picture.width) // 2, top + (box[1] - picture.height) // 2))


def _write(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, width: int, colour: tuple[int, int, int]) -> None:
    font = ImageFont.load_default(size=15)
    text = one_line(text)
    if draw.textlength(text, font) > width:
        while text and draw.textlength(text + "...", font) > width:
            text = text[:-1]
        text += "..."
    draw.text(at, text, fill=colour, font=font)


def write_html(target: Path, made: Iterator[Card], title: str) -> int:
    """Write the page a card at a time; how many photos could not be shown."""
    failed = 0

    def parts() -> Iterator[bytes]:
        nonlocal failed
        yield HEAD.format(title=html.escape(title)).encode(errors="replace")
        for one in made:
            failed += one.failed
            yield _figure(one).encode()
        yield b"</main></body></html>\n"

    save(target, parts())
    return failed


def _figure(one: Card) -> str:
    words = ("before, 0 EV", "after, 0 EV", "before, -2 EV", "after, -2 EV")
    pictures = "".join(
        f'<img alt="{word}" loading="lazy" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
        for word, data in zip(words, (tiles.jpeg(p, QUALITY) for p in one.pictures), strict=False)
    )
    caption = f"{html.escape(one_line(one.name))}<small>{html.escape(one.words)}</small>"
    return f"<figure><div>{pictures}</div><figcaption>{caption}</figcaption></figure>\n"
