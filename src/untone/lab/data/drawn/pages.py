"""Paper: letters, tables, charts, sheet music, comics, maps; slides and whiteboards. None of it gives light."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from .canvas import Box, Drawing, PhotoSource, Random, blank, font, of_image, paragraph, pasted, shade, vivid, word


def _sheet(random: Random) -> tuple[int, int]:
    side = int(random.integers(320, 720))
    return (side, int(side * random.uniform(0.62, 1.0))) if random.random() < 0.6 else (int(side * 0.7), side)


def _paper(random: Random) -> tuple[int, ...]:
    """White, off-white, or tinted paper."""
    if random.random() < 0.6:
        return shade(random, 240, 255, 3)
    warm = np.array([0, -5, -22]) * random.uniform(0, 1.3)
    return tuple(int(v) for v in np.clip(random.integers(215, 255) + warm, 0, 255))


def letter(random: Random, photos: PhotoSource) -> Drawing:
    """Text with headings, at times a table, a chart or a printed photograph, whose gain is none: it is ink."""
    height, width = _sheet(random)
    page = blank(height, width, _paper(random))
    pen, ink = ImageDraw.Draw(page), shade(random, 0, 90, 20)
    margin, y = int(width * random.uniform(0.04, 0.14)), int(height * random.uniform(0.03, 0.12))
    size = max(int(width * random.uniform(0.015, 0.04)), 5)
    columns = int(random.choice([1, 1, 1, 2, 3]))
    span = (width - margin) // columns
    for column in range(columns):
        left, y_here = margin + column * span, y
        while y_here < height - margin:
            box = (left, y_here, left + span - margin, height - margin)
            y_here = _part(pen, box, random, ink, size) + size // 2
    drawing = of_image(page)
    if random.random() < 0.25:
        photo = photos(random)
        high, wide = int(height * random.uniform(0.15, 0.4)), int(width * random.uniform(0.3, 0.8))
        top, left = int(random.integers(1, height - high)), int(random.integers(0, width - wide))
        printed = Drawing(0.04 + 0.9 * photo.encoded, 0 * photo.gain_stops)
        drawing = pasted(drawing, printed, (left, top, left + wide, top + high))
    return drawing


def _part(pen: ImageDraw.ImageDraw, box: Box, random: Random, ink: tuple[int, ...], size: int) -> int:
    left, top, right, bottom = box
    kind = random.random()
    if kind < 0.15:
        pen.text(
            (left, top), word(random) + " " + word(random), font=font(int(size * random.uniform(1.5, 3))), fill=ink
        )
        return top + size * 3
    if kind < 0.25:
        return _table(pen, box, random, ink, size)
    if kind < 0.33:
        return _chart(pen, box, random, size)
    return paragraph(pen, (left, top, max(right, left + size), bottom), random, ink, size)


def _table(pen: ImageDraw.ImageDraw, box: Box, random: Random, ink: tuple[int, ...], size: int) -> int:
    left, top, right, bottom = box
    rows, columns = int(random.integers(2, 9)), int(random.integers(2, 6))
    step = size * 2
    low = min(top + rows * step, bottom)
    head = vivid(random) if random.random() < 0.5 else shade(random, 190, 240)
    pen.rectangle((left, top, right, min(top + step, low)), fill=head)
    for k in range((low - top) // step + 1):
        pen.line((left, top + k * step, right, top + k * step), fill=ink)
        for c in range(columns):
            x = left + (right - left) * c // columns
            pen.text((x + 3, top + k * step + 2), word(random)[:5], font=font(size), fill=ink)
    return low + size


def _chart(pen: ImageDraw.ImageDraw, box: Box, random: Random, size: int) -> int:
    left, top, right, bottom = box
    low = min(top + size * int(random.integers(6, 20)), bottom)
    bars = int(random.integers(3, 12))
    tone = vivid(random)
    for k in range(bars):
        x = left + (right - left) * k // bars
        y = int(low - (low - top) * random.uniform(0.1, 1))
        if y < low and x + 2 < right:
            pen.rectangle((x, y, x + max((right - left) // bars - 3, 1), low), fill=tone)
    return low + size


def music(random: Random, photos: PhotoSource) -> Drawing:
    """Staves with notes."""
    height, width = _sheet(random)
    page = blank(height, width, _paper(random))
    pen, gap = ImageDraw.Draw(page), max(int(width * random.uniform(0.008, 0.016)), 3)
    y = gap * 6
    while y + 5 * gap < height:
        for line in range(5):
            pen.line((gap * 4, y + line * gap, width - gap * 4, y + line * gap), fill=(30, 30, 30))
        x = gap * 8
        while x < width - gap * 6:
            at = y + int(random.integers(-2, 9)) * gap // 2
            pen.ellipse((x, at, x + int(gap * 1.3), at + gap), fill=(10, 10, 10))
            pen.line((x + int(gap * 1.3), at + gap // 2, x + int(gap * 1.3), at - 3 * gap), fill=(10, 10, 10))
            x += int(random.integers(2, 7)) * gap
        y += int(random.integers(9, 14)) * gap
    return of_image(page)


def comic(random: Random, photos: PhotoSource) -> Drawing:
    """Panels of flat colour with outlined shapes, balloons and lettering."""
    height, width = _sheet(random)
    page = blank(height, width, _paper(random))
    pen = ImageDraw.Draw(page)
    rows, gutter = int(random.integers(1, 5)), int(width * 0.02) + 2
    for r in range(rows):
        columns = int(random.integers(1, 4))
        for c in range(columns):
            box = (
                gutter + (width - gutter) * c // columns, gutter + (height - gutter) * r // rows,
                (width - gutter) * (c + 1) // columns, (height - gutter) * (r + 1) // rows,
            )  # fmt: skip
            _panel(pen, box, random)
    return of_image(page)


def _panel(pen: ImageDraw.ImageDraw, box: Box, random: Random) -> None:
    left, top, right, bottom = box
    colourful = random.random() < 0.8
    pen.rectangle(box, fill=vivid(random) if colourful else shade(random, 220, 255), outline=(0, 0, 0), width=3)
    for _ in range(int(random.integers(2, 9))):
        a, b = sorted(random.integers(left, right, 2)), sorted(random.integers(top, bottom, 2))
        tone = vivid(random) if colourful else shade(random, 30, 255)
        inner = (int(a[0]), int(b[0]), int(a[1]), int(b[1]))
        draw = pen.ellipse if random.random() < 0.6 else pen.rectangle
        draw(inner, fill=tone, outline=(0, 0, 0), width=2)
    x, y = int(random.integers(left, right)), int(random.integers(top, bottom))
    wide, high = max((right - left) // 3, 12), max((bottom - top) // 5, 10)
    balloon = (x, y, min(x + wide, right), min(y + high, bottom))
    if balloon[2] > x + 8 and balloon[3] > y + 8:
        pen.ellipse(balloon, fill=(255, 255, 255), outline=(0, 0, 0), width=2)
        pen.text((x + wide // 5, y + high // 3), word(random), font=font(max(high // 4, 5)), fill=(0, 0, 0))


def town_map(random: Random, photos: PhotoSource) -> Drawing:
    """Land, water, roads and names."""
    height, width = _sheet(random)
    page = blank(height, width, shade(random, 225, 250, 8))
    pen = ImageDraw.Draw(page)
    for _ in range(int(random.integers(2, 9))):
        centre = random.uniform(0, 1, 2) * (width, height)
        angles = np.sort(random.uniform(0, 2 * np.pi, 9))
        reach = random.uniform(0.05, 0.3, 9) * width
        outline = [
            (float(centre[0] + r * np.cos(a)), float(centre[1] + r * np.sin(a)))
            for a, r in zip(angles, reach, strict=True)
        ]
        pen.polygon(outline, fill=[(170, 211, 223), (200, 230, 180), (235, 220, 200)][int(random.integers(3))])
    for _ in range(int(random.integers(6, 40))):
        ends = random.uniform(0, 1, 4) * (width, height, width, height)
        tone = [(255, 255, 255), (250, 215, 120), (230, 140, 120)][int(random.integers(3))]
        pen.line(tuple(map(float, ends)), fill=(150, 150, 150), width=5)
        pen.line(tuple(map(float, ends)), fill=tone, width=3)
    for _ in range(int(random.integers(3, 30))):
        place = random.uniform(0, 1, 2) * (width, height)
        pen.text(
            (float(place[0]), float(place[1])), word(random), font=font(int(random.integers(7, 16))), fill=(60, 60, 60)
        )
    return of_image(page)


def slide(random: Random, photos: PhotoSource) -> Drawing:
    """A title and a few lines on a light, dark or coloured ground; or strokes of a pen on a whiteboard."""
    height, width = 360, int(random.choice([480, 640]))
    board = random.random() < 0.4
    ground = (
        shade(random, 225, 250, 4)
        if board
        else [shade(random, 235, 255), shade(random, 10, 60), vivid(random)][int(random.integers(3))]
    )
    page = blank(height, width, ground)
    pen = ImageDraw.Draw(page)
    ink = shade(random, 0, 60) if sum(ground) > 380 else shade(random, 220, 255)
    if not board:
        pen.text((30, 24), f"{word(random)} {word(random)}", font=font(int(random.integers(24, 44))), fill=ink)
        paragraph(pen, (40, 100, width - 40, height - 20), random, ink, int(random.integers(12, 24)))
        return of_image(page)
    for _ in range(int(random.integers(8, 40))):
        tone = [(30, 30, 60), (180, 30, 40), (20, 110, 60), (20, 60, 160)][int(random.integers(4))]
        start = random.uniform(0, 1, 2) * (width, height)
        steps = np.cumsum(random.normal(0, 9, (14, 2)), 0) + start
        pen.line([tuple(map(float, p)) for p in steps], fill=tone, width=int(random.integers(2, 4)))
    return of_image(page)
