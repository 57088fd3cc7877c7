"""README's picture: the two samples before and after, at SDR white and two stops below, by the shipped weights.

    python scripts/before_after.py [docs/before-after.png]

To be run again whenever the default weights change; a slow test compares the two.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

import untone
from untone import colour, gainmap

ROOT = Path(__file__).parents[1]
SAMPLES = {"night-highrise": 0.45, "desert-palms": 0.5}
"""Of `samples/`, and how far down the part lies that is shown."""

COLUMNS = ("before", "after", "before, two stops down", "after, two stops down")
WIDTH, HEIGHT, GAP, HEAD = 360, 270, 4, 28


def page():
    """All of it."""
    size = (len(COLUMNS) * (WIDTH + GAP) - GAP, HEAD + len(SAMPLES) * (HEIGHT + GAP) - GAP)
    made = Pil.new("RGB", size, (255, 255, 255))
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(15)
    for column, title in enumerate(COLUMNS):
        pen.text((column * (WIDTH + GAP) + 8, 6), title, font=font, fill=(0, 0, 0))
    for row, (name, down) in enumerate(SAMPLES.items()):
        for column, tile in enumerate(tiles(ROOT / "samples" / f"{name}.jpg", down)):
            made.paste(tile, (column * (WIDTH + GAP), HEAD + row * (HEIGHT + GAP)))
    return made


def tiles(path, down):
    """One sample as each of COLUMNS shows it."""
    image, _ = untone.read(path)
    stops = gainmap.to_stops(untone.predict(image, map_size="full"))
    before = colour.light_of(image).astype(np.float32)
    after = gainmap.apply(before, stops)
    matrix = colour.rgb_to_rgb(image.primaries, "bt709").T
    return [exposed(cut(light, down) @ matrix, ev) for ev in (0, -2) for light in (before, after)]


def cut(light, down):
    """The part of the tiles' proportions, reduced to them by means of light."""
    height, width = light.shape[:2]
    high, wide = min(height, round(width * HEIGHT / WIDTH)), min(width, round(height * WIDTH / HEIGHT))
    top, left = round((height - high) * down), (width - wide) // 2
    part = light[top : top + high, left : left + wide]
    planes = [Pil.fromarray(np.ascontiguousarray(part[..., k])) for k in range(3)]
    return np.stack([np.asarray(plane.resize((WIDTH, HEIGHT), Pil.Resampling.BOX)) for plane in planes], -1)


def exposed(light, ev):
    """As an SDR screen shows it."""
    return Pil.fromarray((colour.linear_to_srgb(np.clip(light * 2.0**ev, 0, 1)) * 255 + 0.5).astype(np.uint8))


if __name__ == "__main__":
    page().save(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "before-after.png", optimize=True)
