"""DNG files made of light, uncompressed, with a Bayer pattern: what a camera would record (Adobe DNG 1.4)."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from untone import colour

BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED = 1, 2, 3, 4, 5, 10
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SIGNED: 8}
NEUTRAL = (0.5, 1.0, 0.625)
"""What the sensor's channels say of white: red and blue see less."""

BLACK, WHITE = 256, 16383


def dng(light: NDArray[np.floating], orientation: int = 1, pattern: str = "RGGB", noise: float = 0.0) -> bytes:
    """A RAW file of [H, W, 3] linear sRGB light whose sensor is saturated where a channel, times NEUTRAL, passes 1.

    Args:
        orientation: that the file asks for.
        pattern: of the first 2 x 2 samples, row by row.
        noise: standard deviation, in shares of full scale.
    """
    high, wide = light.shape[:2]
    channels = np.array([["RGB".index(c) for c in pattern[:2]], ["RGB".index(c) for c in pattern[2:]]])
    chosen = np.tile(channels, (high // 2 + 1, wide // 2 + 1))[:high, :wide]
    sensed = np.take_along_axis(light * np.asarray(NEUTRAL), chosen[:, :, None], axis=2)[:, :, 0]
    sensed = sensed + np.random.default_rng(1).normal(0, noise, sensed.shape) if noise else sensed
    codes = np.clip(np.floor(BLACK + sensed * (WHITE - BLACK) + 0.5), 0, WHITE).astype("<u2")
    return _tiff(codes, orientation, channels)


def _tiff(codes: NDArray[np.uint16], orientation: int, channels: NDArray[np.intp]) -> bytes:
    high, wide = codes.shape
    to_camera = np.diag(NEUTRAL) @ np.linalg.inv(colour.rgb_to_xyz("bt709"))
    tags = [
        (254, LONG, [0]), (256, LONG, [wide]), (257, LONG, [high]), (258, SHORT, [16]), (259, SHORT, [1]),
        (262, SHORT, [32803]), (271, ASCII, b"Maker\0"), (272, ASCII, b"Model\0"), (273, LONG, [0]),
        (274, SHORT, [orientation]), (277, SHORT, [1]), (278, LONG, [high]), (279, LONG, [codes.nbytes]),
        (284, SHORT, [1]), (33421, SHORT, [2, 2]), (33422, BYTE, channels.ravel().tolist()),
        (50706, BYTE, [1, 4, 0, 0]), (50708, ASCII, b"Maker Model\0"), (50714, LONG, [BLACK]), (50717, LONG, [WHITE]),
        (50721, SIGNED, to_camera.ravel().tolist()), (50728, RATIONAL, list(NEUTRAL)), (50778, SHORT, [21]),
    ]  # fmt: skip
    beyond = 8 + 2 + 12 * len(tags) + 4
    extra, entries = b"", []
    for number, kind, values in tags:
        count = len(values)
        body = _packed(kind, values)
        if number == 273:
            place = len(entries)
        if len(body) > 4:
            at, extra = beyond + len(extra), extra + body + b"\0" * (len(body) % 2)
            body = struct.pack("<I", at)
        entries.append(struct.pack("<HHI", number, kind, count) + body.ljust(4, b"\0"))
    entries[place] = entries[place][:8] + struct.pack("<I", beyond + len(extra))
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)
    return head + extra + codes.tobytes()


def _packed(kind: int, values: list[float] | bytes) -> bytes:
    if isinstance(values, bytes):
        return values
    if kind in (RATIONAL, SIGNED):
        letter = "<iI" if kind == SIGNED else "<II"
        return b"".join(struct.pack(letter, round(value * 100000), 100000) for value in values)
    return struct.pack(f"<{len(values)}{ {BYTE: 'B', SHORT: 'H', LONG: 'I'}[kind] }", *map(int, values))
