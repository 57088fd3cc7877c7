"""Screenshots: dark mode, chats, settings, articles with photographs. Interface white is the display's white, no light.

Photographs in them keep a part of their own gain.
"""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw

from .canvas import Drawing, PhotoSource, Random, blank, font, of_image, paragraph, pasted, shade, vivid, word


def _screen(random: Random) -> tuple[int, int]:
    """Rows and columns of a phone, a laptop or a window."""
    return ((640, 300), (400, 640), (480, 480), (300, 620))[int(random.integers(4))]


def _theme(random: Random, dark: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Ground, panel, ink."""
    if dark:
        return shade(random, 0, 40, 4), shade(random, 25, 75, 8), shade(random, 190, 255, 4)
    return shade(random, 236, 255, 3), shade(random, 215, 255, 6), shade(random, 0, 80, 8)


def _shown(photos: PhotoSource, random: Random) -> Drawing:
    """A photograph on a screen: some share of its gain, at times none."""
    photo = photos(random)
    share = 0.0 if random.random() < 0.3 else random.uniform(0.4, 1.0)
    return Drawing(photo.encoded, photo.gain_stops * np.float32(share))


def text_window(random: Random, photos: PhotoSource) -> Drawing:
    """A terminal, an editor or a reader, mostly dark: the text is the brightest thing there is, and stays."""
    height, width = _screen(random)
    ground, panel, ink = _theme(random, random.random() < 0.75)
    page = blank(height, width, ground)
    pen, size, y = ImageDraw.Draw(page), int(random.integers(8, 20)), int(random.integers(4, 40))
    if random.random() < 0.5:
        pen.rectangle(
            (0, 0, width if random.random() < 0.5 else width // 5, height // 14 if random.random() < 0.5 else height),
            fill=panel,
        )
    bright = [ink, (255, 255, 255), vivid(random), vivid(random)]
    while y < height - size:
        tone = bright[int(random.integers(len(bright)))] if random.random() < 0.4 else ink
        y = paragraph(pen, (width // 12, y, width - width // 12, height), random, tone, size) + int(
            random.integers(0, 12)
        )
    return of_image(page)


def chat(random: Random, photos: PhotoSource) -> Drawing:
    """Balloons left and right, at times a photograph among them."""
    height, width = _screen(random)
    ground, panel, _ink = _theme(random, random.random() < 0.35)
    page = blank(height, width, ground if random.random() < 0.8 else vivid(random))
    pen, y, size = ImageDraw.Draw(page), int(height * 0.08), int(random.integers(9, 16))
    own = vivid(random)
    pen.rectangle((0, 0, width, y - 4), fill=panel)
    places = []
    while y < height - 20:
        mine, wide = random.random() < 0.5, int(width * random.uniform(0.25, 0.75))
        left = width - wide - 8 if mine else 8
        if random.random() < 0.15 and y + wide * 0.7 < height:
            places.append((left, y, left + wide, y + int(wide * 0.7)))
            y += int(wide * 0.7) + 8
            continue
        high = int(size * 1.5 * random.integers(1, 5)) + 8
        tone = own if mine else (panel if random.random() < 0.6 else (255, 255, 255))
        pen.rounded_rectangle((left, y, left + wide, y + high), 9, fill=tone)
        letters = (255, 255, 255) if sum(tone) < 380 else (20, 20, 20)
        paragraph(pen, (left + 7, y + 4, left + wide - 7, y + high), random, letters, size)
        y += high + int(random.integers(4, 14))
    drawing = of_image(page)
    for box in places:
        drawing = pasted(drawing, _shown(photos, random), box)
    return drawing


def settings(random: Random, photos: PhotoSource) -> Drawing:
    """Rows with switches, cards and buttons; a home screen's icons."""
    height, width = _screen(random)
    ground, panel, ink = _theme(random, random.random() < 0.4)
    page = blank(height, width, ground)
    pen, y, size = ImageDraw.Draw(page), int(random.integers(6, 50)), int(random.integers(9, 18))
    accent = vivid(random)
    if random.random() < 0.3:
        _icons(pen, width, height, random)
        return of_image(page)
    while y < height - 16:
        high = int(size * random.uniform(2, 4))
        pen.rounded_rectangle((10, y, width - 10, y + high), 6, fill=panel if random.random() < 0.8 else ground)
        pen.text((22, y + high // 3), f"{word(random)} {word(random)}", font=font(size), fill=ink)
        on = random.random() < 0.5
        pen.rounded_rectangle(
            (width - 60, y + high // 4, width - 24, y + high * 3 // 4),
            9,
            fill=accent if on else shade(random, 120, 200),
        )
        knob = width - 44 if on else width - 58
        pen.ellipse((knob, y + high // 4 + 1, knob + high // 2, y + high * 3 // 4 - 1), fill=(255, 255, 255))
        y += high + int(random.integers(1, 14))
    return of_image(page)


def _icons(pen: ImageDraw.ImageDraw, width: int, height: int, random: Random) -> None:
    step = int(random.integers(40, 90))
    for top in range(step // 3, height - step // 2, step):
        for left in range(step // 3, width - step // 2, step):
            pen.rounded_rectangle((left, top, left + step * 2 // 3, top + step * 2 // 3), step // 6, fill=vivid(random))
            pen.ellipse((left + step // 5, top + step // 5, left + step // 2, top + step // 2), fill=(255, 255, 255))


def article(random: Random, photos: PhotoSource) -> Drawing:
    """A page of the web: headline, columns, photographs of any size; a gallery; a product list on white."""
    height, width = _screen(random)
    ground, panel, ink = _theme(random, random.random() < 0.25)
    page = blank(height, width, ground if random.random() < 0.4 or ground[0] < 128 else (255, 255, 255))
    pen, y, size = ImageDraw.Draw(page), 6, int(random.integers(7, 14))
    if random.random() < 0.6:
        pen.rectangle((0, 0, width, height // 12), fill=panel if random.random() < 0.5 else vivid(random))
        y = height // 12 + 8
    places, margin = [], int(width * random.uniform(0.02, 0.18))
    while y < height - size * 2:
        kind = random.random()
        if kind < 0.4:
            columns = int(random.choice([1, 1, 2, 3]))
            wide = (width - 2 * margin) // columns - 6
            high = min(int(wide * random.uniform(0.4, 1.1)), height - y - 2)
            if high > 12:
                places += [
                    (margin + c * (wide + 6), y, margin + c * (wide + 6) + wide, y + high) for c in range(columns)
                ]
            y += max(high, 12) + 8
        elif kind < 0.55:
            pen.text((margin, y), f"{word(random)} {word(random)} {word(random)}", font=font(size * 2), fill=ink)
            y += size * 3
        else:
            y = paragraph(pen, (margin, y, width - margin, height), random, ink, size)
    drawing = of_image(page)
    for box in places:
        drawing = pasted(drawing, _shown(photos, random), box)
    return drawing


def framed(random: Random, photos: PhotoSource) -> Drawing:
    """A photograph with bars or a border around it, or several on a card: what surrounds them gains nothing."""
    side = 512
    ground = [(0, 0, 0), (255, 255, 255), shade(random, 0, 255, 10), vivid(random)][int(random.integers(4))]
    drawing = of_image(blank(side, side, ground))
    if random.random() < 0.3:
        gap, count = int(random.integers(4, 30)), int(random.integers(2, 4))
        step = side // count
        for k in range(count * count):
            top, left = k // count * step, k % count * step
            drawing = pasted(drawing, photos(random), (left + gap, top + gap, left + step - gap, top + step - gap))
        return drawing
    across, down = random.uniform(0, 0.3, 2) * (random.random(2) < 0.6) + 0.01
    box = (int(across * side), int(down * side), int((1 - across) * side), int((1 - down) * side))
    return pasted(drawing, photos(random), box)


def negative(random: Random, photos: PhotoSource) -> Drawing:
    """A scanned film negative: inverted, often under an orange mask; nothing in it glows."""
    photo = photos(random)
    mask = np.array([1.0, 0.72, 0.5]) if random.random() < 0.7 else np.ones(3)
    encoded = (1 - photo.encoded) * mask * random.uniform(0.7, 1) + random.uniform(0, 0.1)
    border = int(random.integers(0, 40))
    inner = Drawing(np.clip(encoded, 0, 1).astype(np.float32), 0 * photo.gain_stops)
    ground = shade(random, 0, 255, 4)
    return pasted(of_image(blank(512, 512, ground)), inner, (border, border, 512 - border, 512 - border))


def one_colour(random: Random, photos: PhotoSource) -> Drawing:
    """One colour, two, or a slope between two: nothing in it glows."""
    ends = (
        np.array([vivid(random) if random.random() < 0.5 else shade(random, 0, 255, 2) for _ in range(2)], np.float32)
        / 255
    )
    if random.random() < 0.5:
        ends[1] = ends[0]
    part = np.linspace(0, 1, 512, dtype=np.float32)
    if random.random() < 0.3:
        part = (part > random.uniform(0.1, 0.9)).astype(np.float32)
    slope = part[:, None, None] if random.random() < 0.5 else part[None, :, None]
    encoded = ends[0] + (ends[1] - ends[0]) * slope + np.zeros((512, 512, 1), np.float32)
    if random.random() < 0.2:
        small = Pil.fromarray((encoded * 255).astype(np.uint8)).resize((16, 16))
        encoded = np.asarray(small.resize((512, 512), Pil.Resampling.NEAREST), np.float32) / 255
    return Drawing(encoded, np.zeros_like(encoded))
