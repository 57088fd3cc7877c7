"""Comics, sheet music, maps, paintings and products on white: bright, colourful, and no light of their own."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter

from .... import colour
from .drawing import BLACK, WHITE, Codes, Colour, Light, Sheet, smooth_noise

FLAT: tuple[Colour, ...] = (
    (250, 220, 60),
    (235, 60, 50),
    (60, 150, 230),
    (90, 190, 90),
    (255, 200, 170),
    (180, 120, 210),
)


def comic(random: np.random.Generator) -> Codes:
    """Four panels of flat colours, heads, bubbles."""
    sheet = Sheet(720, 560)
    for k in range(4):
        left, top = 14 + 352 * (k % 2), 14 + 272 * (k // 2)
        sheet.pen.rectangle(
            (left, top, left + 338, top + 258), fill=FLAT[int(random.integers(6))], outline=BLACK, width=5
        )
        sheet.pen.rectangle((left + 5, top + 190, left + 333, top + 253), fill=FLAT[int(random.integers(6))])
        x, y = left + int(random.integers(70, 220)), top + int(random.integers(110, 140))
        sheet.pen.ellipse((x, y, x + 70, y + 80), fill=FLAT[4], outline=BLACK, width=4)
        for eye in (20, 44):
            sheet.pen.ellipse((x + eye, y + 26, x + eye + 9, y + 40), fill=BLACK)
        sheet.pen.arc((x + 18, y + 44, x + 52, y + 66), 10, 170, fill=BLACK, width=4)
        sheet.pen.ellipse((left + 20, top + 16, left + 190, top + 84), fill=WHITE, outline=BLACK, width=4)
        sheet.text((left + 52, top + 38), str(random.choice(["NO GLOW!", "REALLY?", "AT NIGHT", "HA HA"])), 20)
    return sheet.codes()


def music(random: np.random.Generator) -> Codes:
    """Staves with notes."""
    sheet = Sheet(600, 760, (254, 253, 250))
    sheet.text((200, 30), "Nocturne", 36)
    for stave in range(7):
        top = 110 + 92 * stave
        for line in range(5):
            sheet.pen.line((40, top + 9 * line, 560, top + 9 * line), fill=BLACK, width=1)
        for k in range(16):
            x, y = 70 + 30 * k, top + 4.5 * int(random.integers(-1, 9))
            sheet.pen.ellipse((x, y, x + 11, y + 8), fill=BLACK)
            sheet.pen.line((x + 10, y + 4, x + 10, y - 28), fill=BLACK, width=2)
            if k % 4 == 3:
                sheet.pen.line((x + 22, top, x + 22, top + 36), fill=BLACK, width=2)
    return sheet.codes()


def map_sheet(random: np.random.Generator) -> Codes:
    """Streets, parks, water and names."""
    sheet = Sheet(760, 560, (244, 241, 234))
    river = [(0, 380), (180, 340), (330, 420), (520, 360), (760, 430)]
    sheet.pen.line(river, fill=(170, 211, 223), width=70, joint="curve")
    for _ in range(5):
        x, y = int(random.integers(0, 650)), int(random.integers(0, 460))
        sheet.pen.rectangle(
            (x, y, x + int(random.integers(40, 150)), y + int(random.integers(30, 110))), fill=(200, 226, 182)
        )
    for k in range(12):
        x, y = int(random.integers(0, 760)), int(random.integers(0, 560))
        sheet.pen.line((0, y, 760, y + int(random.normal(0, 60))), fill=(205, 200, 190), width=11)
        sheet.pen.line((0, y, 760, y + int(random.normal(0, 60))), fill=WHITE, width=9)
        sheet.pen.line(
            (x, 0, x + int(random.normal(0, 60)), 560), fill=((252, 214, 140) if k % 3 == 0 else WHITE), width=8
        )
        sheet.text((x, y), str(random.choice(["Mill Lane", "Harbour St", "Park", "Station"])), 14, (90, 80, 70))
    return sheet.codes()


def painting(photo: Codes, random: np.random.Generator, framed: bool) -> Codes:
    """Brush strokes in the colours of a photo, as a scan or in a frame on a wall."""
    source = Pil.fromarray(photo).filter(ImageFilter.GaussianBlur(3))
    codes = np.asarray(source)
    height, width = codes.shape[:2]
    canvas = source.copy()
    pen = ImageDraw.Draw(canvas)
    for size in (26, 14, 8):
        for _ in range(height * width // (size * size) * 2):
            x, y = int(random.integers(width)), int(random.integers(height))
            angle = random.normal(0.5, 0.6)
            ink = np.clip(codes[y, x].astype(float) * random.uniform(0.92, 1.05), 0, 244).astype(int)
            ends = (x + size * np.cos(angle), y + size * np.sin(angle))
            pen.line((x, y, *ends), fill=tuple(ink.tolist()), width=max(2, size // 4))
    weave = 1 + 0.03 * random.normal(size=(height, width, 1))
    made = np.clip(np.asarray(canvas) * weave, 0, 250).astype(np.uint8)
    return _framed(made, random) if framed else made


def _framed(made: Codes, random: np.random.Generator) -> Codes:
    height, width = made.shape[:2]
    wall = Sheet(width + 220, height + 180, (196, 192, 184))
    wall.pen.rectangle((90, 70, width + 130, height + 110), fill=(96, 66, 34))
    wall.picture.paste(Pil.fromarray(made), (110, 90))
    shade = 0.9 + 0.1 * smooth_noise(random, wall.height, wall.width, 3)[..., None]
    return np.clip(wall.codes() * shade, 0, 255).astype(np.uint8)


def product(random: np.random.Generator, shape: str) -> Codes:
    """A shaded ball, mug or box on seamless white."""
    height, width = 560, 640
    v, u = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.full((height, width, 3), 1.0, np.float32)
    light *= 1 - 0.05 * (v / height)[..., None]
    under = np.exp(-(((u - 320) / 210) ** 2) - ((v - 450) / 26) ** 2)
    light *= (1 - 0.6 * under)[..., None]
    body = colour.srgb_to_linear(np.array(FLAT[int(random.integers(1, 6))]) / 255)
    shade, inside = SHAPES[shape](u, v)
    gloss = 0.5 * np.clip(shade, 0, 1) ** 40
    lit = body * (0.18 + 0.75 * np.clip(shade, 0, 1))[..., None] + gloss[..., None]
    made = np.where(inside[..., None], lit, light)
    return (np.clip(colour.linear_to_srgb(np.clip(made, 0, 1)), 0, 1) * 255 + 0.5).astype(np.uint8)


def _ball(u: Light, v: Light) -> tuple[Light, Light]:
    x, y = (u - 320) / 170, (v - 290) / 170
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    return -0.5 * x - 0.6 * y + 0.62 * z, x * x + y * y < 1


def _mug(u: Light, v: Light) -> tuple[Light, Light]:
    x = (u - 320) / 130
    shade = -0.55 * x + 0.8 * np.sqrt(np.maximum(1 - x * x, 0))
    ring = np.hypot((u - 460) / 70, (v - 300) / 90)
    return np.where(abs(x) < 1, shade, 0.45), ((abs(x) < 1) & (abs(v - 300) < 150)) | ((ring < 1) & (ring > 0.68))


def _box(u: Light, v: Light) -> tuple[Light, Light]:
    front = (abs(u - 290) < 130) & (abs(v - 330) < 120)
    side = (u >= 420) & (u < 500) & (v < 450 - (u - 420) * 0.5) & (v > 210 - (u - 420) * 0.5)
    top = (v >= 170) & (v < 210) & (u > 160 + (210 - v) * 2) & (u < 420 + (210 - v) * 2)
    return np.where(front, 0.62, np.where(top, 0.9, 0.35)), front | side | top


SHAPES = {"ball": _ball, "mug": _mug, "box": _box}
