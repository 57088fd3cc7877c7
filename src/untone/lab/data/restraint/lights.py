"""Scenes that do shine, simulated: neon, windows at night, fire, glitter, a lamp at a wall; and snow and salt."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter, ImageFont

from .camera import FRAME, developed
from .drawing import Codes, Light, smooth_noise, texture

RED, BLUE, AMBER = (6.0, 0.08, 0.10), (0.15, 0.5, 6.0), (6.0, 2.4, 0.3)


def neon(random: np.random.Generator, words: str, glow: tuple[float, float, float]) -> Codes:
    """A sign of tubes on dark brick; the tubes' strongest channel is lost to the camera, the others are not."""
    width, height = FRAME
    tubes = Pil.new("L", FRAME)
    font = ImageFont.load_default(150)
    ImageDraw.Draw(tubes).text((width / 2, height * 0.42), words, 0, font, "mm", stroke_width=7, stroke_fill=255)
    mask = np.asarray(tubes, np.float32) / 255
    bloom = sum(
        np.asarray(tubes.filter(ImageFilter.GaussianBlur(r)), np.float32) / 255 * w for r, w in ((8, 0.16), (40, 0.06))
    )
    brick = (
        0.02
        * (1 + 0.5 * texture(random, height, width, 24))
        * np.where(np.mgrid[0:height, 0:width][0] % 36 < 3, 0.5, 1)
    )
    light = brick[..., None] * np.array([1.2, 0.8, 0.7]) + (mask + bloom)[..., None] * np.array(glow) * 0.5
    return developed(light, random)


def windows(random: np.random.Generator) -> Codes:
    """A facade at night over a street lamp: some windows lit, warm, brighter than the camera holds, with bars."""
    width, height = FRAME
    v, u = np.mgrid[0:height, 0:width] / height
    stone = 0.012 * (1 + 0.6 * texture(random, height, width, 30)) * (0.4 + 1.6 * v)
    light = stone[..., None] * np.array([1.25, 0.95, 0.75])
    for row in range(6):
        for column in range(9):
            top, left = 30 + 84 * row, 30 + 80 * column
            lit = random.random() < 0.45
            strength = random.uniform(0.5, 3.0) if lit else 0.01
            curtain = 1 - 0.5 * random.random() * np.linspace(0, 1, 56)[:, None, None]
            pane = np.array([1.0, 0.62, 0.26] if lit else [0.7, 0.9, 1.3]) * strength * curtain
            light[top : top + 56, left : left + 42] = pane * (1 + 0.25 * smooth_noise(random, 56, 42, 3)[..., None])
            light[top + 24 : top + 28, left : left + 42] *= 0.04
            light[top : top + 56, left + 19 : left + 23] *= 0.04
    lamp_far = np.hypot(u - 0.25, v - 0.93)
    glow = 5 * np.exp(-((lamp_far / 0.022) ** 2)) + 0.12 * np.exp(-((lamp_far / 0.2) ** 2))
    return developed(light + glow[..., None] * np.array([1.0, 0.75, 0.45]), random)


def fire(random: np.random.Generator) -> Codes:
    """A camp fire: yellow white at its heart, orange and red around, sparks, a dark ground."""
    width, height = FRAME
    v, u = np.mgrid[0:height, 0:width] / height
    flicker = texture(random, height, width, 9)
    body = 1.5 * np.exp(-(((u - 0.66 + 0.08 * flicker) / (0.07 + 0.17 * v)) ** 2)) * np.clip((0.78 - v) * 3, 0, 1)
    heat = np.clip(body + 0.5 * flicker * body, 0, None) * np.clip((v - 0.12) * 2.2, 0, 1)
    light = np.stack([6 * heat**1.3, 3.2 * heat**2.2, 0.9 * heat**4], -1)
    light += 0.02 * np.exp(-(((u - 0.66) / 0.5) ** 2 + ((v - 0.9) / 0.25) ** 2))[..., None] * np.array([1.5, 0.6, 0.2])
    return developed(light + 0.002, random)


def glitter(random: np.random.Generator) -> Codes:
    """The sun's path on rippled water: specks beyond white on mid blue."""
    width, height = FRAME
    v, u = np.mgrid[0:height, 0:width] / height
    waves = texture(random, height, width // 4, 70, 2).repeat(4, 1)[:, :width]
    path = np.exp(-(((u - 0.66) / (0.10 + 0.22 * v)) ** 2))
    specks = np.clip(waves + 0.72 * path - 0.62, 0, None) * 26 * np.clip(v * 6 - 1.2, 0, 1)
    water = np.array([0.05, 0.10, 0.17]) * (1 + 0.5 * waves)[..., None]
    sky = np.array([0.30, 0.42, 0.60]) * np.ones_like(water)
    light = np.where((v < 0.2)[..., None], sky, water) + specks[..., None] * np.array([1.0, 0.93, 0.78])
    return developed(light, random)


LAMP, WALL = (0.44, 0.30, 0.58, 0.44), (0.62, 0.28, 0.76, 0.46)
"""Where in the picture `lamp` has its lamp and the wall that it lights best: left, top, right, bottom, as shares."""


def lamp(random: np.random.Generator, tint: tuple[float, float, float]) -> Codes:
    """A bare bulb before a wall that it lights; both are near white in the photo."""
    width, height = FRAME
    v, u = np.mgrid[0:height, 0:width]
    far = np.hypot((u / width - 0.51) * width / height, v / height - 0.37)
    wall = 0.72 / (1 + (far / 0.42) ** 2) * (1 + 0.03 * texture(random, height, width, 60))
    light = wall[..., None] * np.array(tint)
    bulb = 1 / (1 + np.exp((far - 0.085) * 160))
    light = light + bulb[..., None] * np.array([9.0, 8.4, 7.4]) + 0.25 * np.exp(-((far / 0.13) ** 2))[..., None]
    light[int(0.84 * height) :] *= 0.25
    return developed(light, random)


def snow(random: np.random.Generator) -> Codes:
    """A snow slope in the sun, bluish in its hollows, under a pale sky with a few firs."""
    ground, v = _slope(random, 5, 0.5)
    tint = np.array([1.0, 0.99, 0.97]) * ground[..., None] + np.array([0.02, 0.05, 0.10]) * (1 - ground)[..., None]
    light = np.where((v < 0.24)[..., None], np.array([0.34, 0.52, 0.86]), 0.96 * tint)
    return developed(_firs(light, random), random)


def salt(random: np.random.Generator) -> Codes:
    """A salt flat: white crust in plates to the horizon, low hills, blue sky."""
    width, height = FRAME
    ground, v = _slope(random, 40, 0.16)
    ridges = np.abs(texture(random, height, width, 14)) < 0.05
    crust = np.where(ridges, 0.78, 0.92) * (0.75 + 0.25 * ground)
    light = crust[..., None] * np.array([1.0, 0.985, 0.95])
    hills = 0.30 - 0.03 * smooth_noise(random, height, width, 8)[0]
    light = np.where((v < 0.34)[..., None], np.array([0.16, 0.18, 0.24]), light)
    light = np.where((v < hills[None])[..., None], np.array([0.25, 0.45, 0.85]) + 0.5 * v[..., None], light)
    return developed(light, random)


def _slope(random: np.random.Generator, cells: int, relief: float) -> tuple[Light, Light]:
    """How much sun a rough ground gets [h, w] in 0..1, and the height in the picture, 0 at the top."""
    width, height = FRAME
    level = texture(random, height, width, cells)
    lit = 1 + relief * (np.gradient(level, axis=1) + 0.4 * np.gradient(level, axis=0)) * height / cells / 4
    return np.clip(lit, 0.25, 1.0), np.mgrid[0:height, 0:width][0] / height


def _firs(light: Light, random: np.random.Generator) -> Light:
    width, height = FRAME
    layer = Pil.new("L", FRAME)
    pen = ImageDraw.Draw(layer)
    for _ in range(14):
        x, tall = int(random.integers(0, width)), int(random.integers(50, 130))
        base = int(0.26 * height + random.uniform(0, 12))
        pen.polygon([(x, base - tall), (x - tall // 5, base), (x + tall // 5, base)], fill=255)
    covered = np.asarray(layer.filter(ImageFilter.GaussianBlur(1)), np.float32)[..., None] / 255
    return np.asarray(light * (1 - covered) + np.array([0.02, 0.035, 0.03]) * covered)
