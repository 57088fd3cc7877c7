"""CASES: every picture of the set, its kind, whether it is for choosing or only to report, and how it is made.

A model, a recipe, a strength may be chosen by the pictures of CHOOSE; those of REPORT are looked at to report. The
split is by name, and no picture of one is a version of a picture of the other.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np

from .... import pipeline
from ....errors import UntoneError
from ....formats.common.files import save
from . import camera, graphics, lights, pages
from .drawing import Codes

KINDS = (
    "page, slide, whiteboard", "page in uneven light", "page in warm light", "page on a desk", "page in hands",
    "dark mode", "chat", "settings", "article with photos", "comic", "sheet music", "map", "painting",
    "product on white", "portrait", "still life", "overcast sky", "flowers and garden", "snow, salt, beach", "sun",
    "lamps", "neon", "windows", "fire", "glitter", "lit wall beside a lamp",
)  # fmt: skip

CHOOSE, REPORT = "choose", "report"
PICTURES = Path(__file__).parent / "pictures"
TABLE = "cases.json"

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the picture."""

Regions = Mapping[str, tuple[Box, ...]]
"""Parts of a picture by name: "photo", those of a screen that are photos; "lamp" and "wall", a lamp and what it lights.
"""

Make = Callable[[np.random.Generator], Codes]


@dataclasses.dataclass(frozen=True)
class Case:
    """One picture.

    Attributes:
        name: unique; its random numbers follow from it.
        kind: of KINDS, by which it is judged.
        half: CHOOSE or REPORT.
        make: gives its codes [h, w, 3] uint8, sRGB.
        regions: where its photos are, or its lamp and wall.
    """

    name: str
    kind: str
    half: str
    make: Make
    regions: Regions = dataclasses.field(default_factory=dict)

    def codes(self) -> Codes:
        """[h, w, 3] uint8 sRGB; the same every time."""
        return self.make(np.random.default_rng(zlib.crc32(self.name.encode())))


def _file(path: Path) -> Codes:
    """The codes of a picture file, sRGB."""
    image, _ = pipeline.read(path)
    if image.pixels.dtype != np.uint8 or image.pixels.ndim != 3:
        raise UntoneError(f"{path}: the set holds 8-bit RGB pictures")
    return np.ascontiguousarray(image.pixels[..., :3])


def _kept(name: str) -> Make:
    return lambda random: _file(PICTURES / name)


def _photographed(page: Make, *how: object) -> Make:
    return lambda random: camera.photographed(page(random), random, *how)  # type: ignore[arg-type]


def _painted(name: str, framed: bool) -> Make:
    return lambda random: graphics.painting(_file(PICTURES / f"{name}.jpg"), random, framed)


DAY, WARM = camera.DAYLIGHT, camera.WARM

DRAWN: dict[str, tuple[tuple[str, Make], ...]] = {
    "page, slide, whiteboard": (
        ("page-letter", pages.letter), ("page-form", pages.form), ("slide", pages.slide),
        ("spreadsheet", pages.spreadsheet), ("whiteboard", pages.whiteboard), ("newspaper", pages.newspaper),
    ),
    "page in uneven light": (
        ("uneven-letter", _photographed(pages.letter, 0.2)), ("uneven-form", _photographed(pages.form, 0.3)),
        ("uneven-whiteboard", _photographed(pages.whiteboard, 0.35)),
        ("uneven-newspaper", _photographed(pages.newspaper, 0.25)),
    ),
    "page in warm light": (
        ("warm-form", _photographed(pages.form, 0.25, WARM)), ("warm-letter", _photographed(pages.letter, 0.35, WARM)),
        ("warm-music", _photographed(graphics.music, 0.3, WARM)),
        ("warm-slide", _photographed(pages.slide, 0.2, WARM)),
    ),
    "page on a desk": (
        ("desk-letter", _photographed(pages.letter, 0.3, DAY, "desk")),
        ("desk-form", _photographed(pages.form, 0.4, DAY, "desk")),
        ("desk-slide-warm", _photographed(pages.slide, 0.5, WARM, "desk")),
        ("desk-newspaper-warm", _photographed(pages.newspaper, 0.4, WARM, "desk")),
    ),
    "page in hands": (
        ("hands-newspaper", _photographed(pages.newspaper, 0.25, DAY, "hands")),
        ("hands-letter", _photographed(pages.letter, 0.3, DAY, "hands")),
        ("hands-music-warm", _photographed(graphics.music, 0.3, WARM, "hands")),
    ),
    "dark mode": (("dark-editor", pages.dark), ("dark-slide", pages.dark_slide)),
    "comic": (("comic-one", graphics.comic), ("comic-two", graphics.comic)),
    "sheet music": (("music-one", graphics.music), ("music-two", graphics.music)),
    "map": (("map-one", graphics.map_sheet), ("map-two", graphics.map_sheet)),
    "painting": (
        ("painting-pavilion", _painted("overcast-pavilion", False)),
        ("painting-dahlia", _painted("flower-dahlia", False)),
        ("painting-station", _painted("neon-station", True)), ("painting-garden", _painted("flower-garden", True)),
    ),
    "product on white": tuple(
        (name, partial(graphics.product, shape=name.split("-")[1]))
        for name in ("product-ball-one", "product-ball-two", "product-mug-one", "product-mug-two", "product-box")
    ),
    "snow, salt, beach": (
        ("snow-slope", lights.snow), ("snow-hollows", lights.snow), ("salt-flat", lights.salt),
        ("salt-plates", lights.salt),
    ),
    "neon": (
        ("neon-open", partial(lights.neon, words="OPEN", glow=lights.RED)),
        ("neon-bar", partial(lights.neon, words="BAR", glow=lights.BLUE)),
        ("neon-hotel", partial(lights.neon, words="HOTEL", glow=lights.AMBER)),
    ),
    "windows": (("windows-facade", lights.windows), ("windows-tower", lights.windows)),
    "fire": (("fire-camp", lights.fire), ("fire-beach", lights.fire)),
    "glitter": (("glitter-bay", lights.glitter), ("glitter-lake", lights.glitter)),
    "lit wall beside a lamp": (
        ("wall-bulb", partial(lights.lamp, tint=(1.0, 0.94, 0.84))),
        ("wall-bulb-warm", partial(lights.lamp, tint=(1.0, 0.8, 0.55))),
    ),
}  # fmt: skip
"""Kind -> name and maker of each picture that is drawn anew every time."""

PHOTOGRAPHS: dict[str, tuple[str, ...]] = {
    "dark mode": ("dark-terminal.webp", "dark-dashboard.webp"),
    "chat": ("chat-desktop.webp", "chat-phone.webp", "chat-photo.webp", "chat-dark.webp"),
    "settings": ("settings-desktop.webp", "settings-phone.webp", "settings-dark.webp"),
    "article with photos": (
        "article-news.webp", "article-phone.webp", "article-sepia.webp", "article-recipe.webp", "article-dark.webp",
    ),
    "portrait": (
        "portrait-astronaut.jpg", "portrait-officer.jpg", "portrait-cat.jpg", "portrait-pug.jpg",
        "portrait-white-dog.jpg",
    ),
    "still life": ("still-coffee.jpg", "still-dial.jpg", "still-shop-window.jpg", "still-plant.jpg"),
    "overcast sky": (
        "overcast-river.jpg", "overcast-pavilion.jpg", "overcast-field.jpg", "overcast-lake.jpg", "overcast-city.jpg",
    ),
    "flowers and garden": ("flower-dahlia.jpg", "flower-hedge.jpg", "flower-garden.jpg"),
    "snow, salt, beach": (
        "snow-forest.jpg", "snow-path.jpg", "snow-field.jpg", "snow-tracks.jpg", "beach-wide.jpg", "beach-trees.jpg",
    ),
    "sun": ("sun-palms.jpg", "sun-overpass.jpg", "sun-garden.jpg", "sun-clouds.jpg", "sun-sea.jpg"),
    "lamps": ("lamps-stage.jpg", "lamps-bridge.jpg", "lamps-hall.jpg", "lamps-launch.jpg"),
    "neon": ("neon-station.jpg", "neon-tubes.jpg", "neon-car.jpg"),
    "windows": ("windows-highrise.jpg", "windows-bund.jpg", "windows-room.jpg"),
    "fire": ("fire-candle.jpg", "fire-hearth.jpg"),
    "lit wall beside a lamp": ("wall-chapel.jpg", "wall-chapel-lamp.jpg", "wall-cafe.jpg", "wall-hall.jpg"),
}  # fmt: skip
"""Kind -> files of the folder `pictures`."""

LISTED = """
page-letter slide whiteboard uneven-letter uneven-whiteboard warm-letter warm-slide desk-letter desk-slide-warm
hands-letter dark-editor dark-terminal comic-one music-one map-one painting-pavilion painting-dahlia
product-ball-one product-ball-two chat-desktop chat-photo settings-desktop article-sepia article-recipe article-phone
portrait-astronaut portrait-pug portrait-cat still-coffee still-plant overcast-pavilion overcast-field
flower-dahlia snow-forest snow-path snow-slope salt-flat beach-wide beach-trees sun-overpass sun-sea lamps-hall
lamps-bridge neon-tubes neon-open neon-bar windows-room windows-facade windows-bund fire-candle fire-camp glitter-bay
wall-chapel wall-chapel-lamp wall-bulb wall-hall
"""
CHOOSING = frozenset(LISTED.split())
"""Pictures of CHOOSE; all others are of REPORT."""

LAMPS: dict[str, Regions] = {
    "wall-bulb": {"lamp": (lights.LAMP,), "wall": (lights.WALL,)},
    "wall-bulb-warm": {"lamp": (lights.LAMP,), "wall": (lights.WALL,)},
    "wall-chapel": {"lamp": ((0.48, 0.24, 0.75, 0.51),), "wall": ((0.27, 0.87, 0.345, 1.0),)},
    "wall-chapel-lamp": {"lamp": ((0.54, 0.42, 0.78, 0.66),), "wall": ((0.30, 0.85, 0.48, 1.0),)},
    "wall-cafe": {"lamp": ((0.81, 0.43, 0.93, 0.57),), "wall": ((0.70, 0.3, 0.8, 0.6),)},
    "wall-hall": {"lamp": ((0.17, 0.86, 0.25, 0.98),), "wall": ((0.05, 0.30, 0.5, 0.55),)},
}
"""Where the lamp and what it lights are."""


@cache
def cases() -> tuple[Case, ...]:
    """The whole set, kind by kind."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    photos = json.loads((PICTURES / "regions.json").read_text("utf-8"))
    for kind in KINDS:
        makers = {**dict(DRAWN.get(kind, ())), **{Path(f).stem: _kept(f) for f in PHOTOGRAPHS.get(kind, ())}}
        for name, make in makers.items():
            regions = LAMPS.get(name) or _boxes(photos.get(name, {}))
            yield Case(name, kind, CHOOSE if name in CHOOSING else REPORT, make, regions)


def _boxes(found: dict[str, list[list[float]]]) -> Regions:
    return {name: tuple((b[0], b[1], b[2], b[3]) for b in boxes) for name, boxes in found.items()}


# -- on disk ----------------------------------------------------------------------------------------------------------


def write(folder: Path) -> int:
    """Write the set as PNG files and a table, for other programs and for additions; returns how many pictures."""
    from PIL import Image as Pil

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for case in cases():
        Pil.fromarray(case.codes()).save(folder / f"{case.name}.png")
        rows.append({"file": f"{case.name}.png", "kind": case.kind, "half": case.half, "regions": dict(case.regions)})
    save(folder / TABLE, [(json.dumps(rows, indent=1) + "\n").encode()])
    return len(rows)


def opened(folder: Path) -> tuple[Case, ...]:
    """A set from disk: pictures, and cases.json that names file, kind, half and regions of each.

    Raises:
        UntoneError: there is no such table, or it names a kind or a half that there is not.
    """
    table = folder / TABLE
    try:
        rows = json.loads(table.read_text("utf-8"))
        return tuple(_row(folder, row) for row in rows)
    except OSError as fault:
        raise UntoneError(f"{table}: {fault.strerror}; untone data restraint -o DIR makes it") from None
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise UntoneError(f"{table}: is no table of such pictures ({str(fault).splitlines()[0][:80]})") from None


def _row(folder: Path, row: dict[str, object]) -> Case:
    kind, half, file = str(row["kind"]), str(row["half"]), str(row["file"])
    if kind not in KINDS or half not in (CHOOSE, REPORT):
        raise UntoneError(f"{folder / TABLE}: {file}: no kind {kind!r} or half {half!r}")
    regions = _boxes(row.get("regions") or {})  # type: ignore[arg-type]
    return Case(Path(file).stem, kind, half, lambda random: _file(folder / file), regions)
