"""A page as a phone photographs it: uneven and warm light, on a desk, in hands; perspective, blur, noise, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter

from .... import colour
from .drawing import Codes, Light, smooth_noise, texture

FRAME = (768, 576)
DAYLIGHT, WARM = (1.0, 1.0, 1.0), (1.0, 0.84, 0.58)
PAPER_LIGHT = 0.82
"""Linear light of white paper where it is lit best."""


def photographed(
    page: Codes, random: np.random.Generator, uneven: float, tint: tuple[float, float, float] = DAYLIGHT,
    place: str = "frame",
) -> Codes:  # fmt: skip
    """The photo of a page.

    Args:
        page: [h, w, 3] as drawn.
        uneven: share of the light that is missing at the darkest corner of the frame.
        tint: of the lamp, relative to the camera's white balance.
        place: "frame" (it fills the frame), "desk" or "hands".
    """
    scene = _laid(page, random, place)
    width, height = FRAME
    direction = random.uniform(0, 2 * np.pi)
    v, u = np.mgrid[0:height, 0:width] / max(FRAME)
    slope = u * np.cos(direction) + v * np.sin(direction)
    slope = (slope - slope.min()) / np.ptp(slope)
    field = 1 - uneven * slope + 0.03 * uneven * smooth_noise(random, height, width, 3)
    return developed(scene * (PAPER_LIGHT * field)[..., None] * tint, random)


def developed(light: Light, random: np.random.Generator, quality: int = 86) -> Codes:
    """Linear light as a camera's JPEG shows it: what is above 1 is lost; shot noise, a touch of blur, compression."""
    noisy = light + random.normal(0, 0.012, light.shape) * np.sqrt(np.maximum(light, 0) + 0.01)
    codes = (np.clip(colour.linear_to_srgb(np.clip(noisy, 0, 1)), 0, 1) * 255 + 0.5).astype(np.uint8)
    kept = io.BytesIO()
    Pil.fromarray(codes).filter(ImageFilter.GaussianBlur(0.6)).save(kept, "JPEG", quality=quality)
    return np.asarray(Pil.open(kept).convert("RGB"))


def _laid(page: Codes, random: np.random.Generator, place: str) -> Light:
    """Reflectance of the frame [h, w, 3] with the page in it."""
    width, height = FRAME
    upright = page.shape[0] > page.shape[1]
    share = 1.04 if place == "frame" else random.uniform(0.74, 0.86)
    half_height = height * share / 2
    half_width = min(half_height * page.shape[1] / page.shape[0], width * share / 2) if upright else width * share / 2
    if place == "frame":
        half_width, half_height = width * 0.52, height * 0.52
    corners = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * (half_width, half_height)
    turn = 0.0 if place == "frame" else random.uniform(-0.2, 0.2)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = corners * (1 + 0.00025 * corners[:, 1:]) + (width / 2, height / 2) + random.normal(0, 4, (4, 2))
    ground = {"desk": _desk, "hands": _room, "frame": _room}[place](random)
    drawn = Pil.fromarray(page).transform(
        FRAME, Pil.Transform.PERSPECTIVE, _towards(corners, page), Pil.Resampling.BICUBIC
    )
    mask = Pil.new("L", FRAME)
    ImageDraw.Draw(mask).polygon([tuple(c) for c in corners], fill=255)
    inside = np.asarray(mask, np.float32)[..., None] / 255
    shadow = np.asarray(mask.filter(ImageFilter.GaussianBlur(14)), np.float32)[..., None] / 255
    reflecting = colour.srgb_to_linear(np.asarray(drawn) / 255) * inside + ground * (1 - 0.45 * shadow) * (1 - inside)
    return _held(reflecting, random, corners) if place == "hands" else np.asarray(reflecting)


def _towards(corners: Light, page: Codes) -> list[float]:
    """Eight numbers of the projection from the frame to the page (as Pillow takes them)."""
    height, width = page.shape[:2]
    there = [(0, 0), (0, height), (width, height), (width, 0)]
    rows, right = [], []
    for (x, y), (u, v) in zip(corners, there, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return list(np.linalg.solve(np.array(rows), np.array(right)))


def _desk(random: np.random.Generator) -> Light:
    """Wood, with a mug's dark round and a pen."""
    width, height = FRAME
    grain = texture(random, height, width // 8, 40).repeat(8, 1)
    tone = np.array(random.choice([(0.30, 0.17, 0.09), (0.45, 0.32, 0.20), (0.16, 0.10, 0.07)]))
    wood = tone * (1 + 0.35 * grain[..., None])
    things = Pil.new("L", FRAME)
    pen = ImageDraw.Draw(things)
    pen.ellipse((width - 130, 20, width - 20, 130), fill=255)
    pen.line((30, height - 60, 230, height - 30), fill=180, width=9)
    covered = np.asarray(things, np.float32)[..., None] / 255
    return np.asarray(wood * (1 - covered) + np.array([0.05, 0.07, 0.12]) * covered)


def _room(random: np.random.Generator) -> Light:
    """Blurred furniture."""
    width, height = FRAME
    tone = random.uniform(0.05, 0.3, 3)
    return np.asarray(np.clip(tone * (1 + 0.8 * smooth_noise(random, height, width, 4)[..., None]), 0.01, 1))


def _held(reflecting: Light, random: np.random.Generator, corners: Light) -> Light:
    """Thumbs over both sides of the page."""
    layer = Pil.new("L", FRAME)
    pen = ImageDraw.Draw(layer)
    for x, y in (corners[:2].mean(0), corners[2:].mean(0)):
        pen.ellipse((x - 46, y - 24, x + 46, y + 40), fill=255)
        pen.ellipse((x - 70, y + 30, x + 60, y + 190), fill=255)
    covered = np.asarray(layer.filter(ImageFilter.GaussianBlur(3)), np.float32)[..., None] / 255
    skin = np.array([0.42, 0.24, 0.17]) * (1 + 0.2 * smooth_noise(random, FRAME[1], FRAME[0], 6)[..., None])
    return np.asarray(reflecting * (1 - covered) + skin * covered)
