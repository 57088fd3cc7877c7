"""Ridge regression from a histogram to a curve: how far one gets by reading the tone mapper, without a network.

44 numbers of the SDR picture: shares of 32 bins of the brightest channel, eight percentiles of it, and four of the
saturation of bright pixels. They predict the mean gain of eight equal bins of that code; the curve through these gains
is applied to all channels alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....console.progress import tracked
from ...data.examples import Dataset

BINS, EIGHTHS = 32, 8
PERCENTILES = (5, 25, 50, 75, 90, 97, 99, 99.8)
BRIGHT = 160 / 255
DAMPING = 30.0
"""Weight of the squared coefficients, of standardised features; of 3 to 300 it mattered little."""

STRIDE = 2
LEAST_PIXELS = 50
CENTRES = (np.arange(EIGHTHS) + 0.5) / EIGHTHS

RIDGE_SHAPE = BINS + len(PERCENTILES) + 5, EIGHTHS + 2

Plane = NDArray[Any]


def features(encoded: Plane) -> Plane:
    """The 44 numbers of a picture [h, w, 3] (or [n, 3]) in 0..1."""
    pixels = encoded.reshape(-1, 3)
    top = pixels.max(-1)
    shares = np.bincount(np.minimum((top * BINS).astype(int), BINS - 1), minlength=BINS) / len(top)
    saturation = 1 - pixels.min(-1) / np.maximum(top, 1e-3)
    bright = saturation[top >= BRIGHT]
    spread = np.percentile(bright, (10, 50, 90)) if len(bright) else np.zeros(3)
    return np.concatenate([np.sqrt(shares), np.percentile(top, PERCENTILES), spread, [len(bright) / len(top)]])


def gain_by_eighth(encoded: Plane, stops: Plane) -> Plane:
    """Mean gain [8] of eight bins of the brightest channel's code; NaN where there are too few pixels."""
    where = np.minimum((encoded.reshape(-1, 3).max(-1) * EIGHTHS).astype(int), EIGHTHS - 1)
    count = np.bincount(where, minlength=EIGHTHS)
    total = np.bincount(where, stops.reshape(-1, 3).mean(-1), minlength=EIGHTHS)
    return np.where(count >= LEAST_PIXELS, total / np.maximum(count, 1), np.nan)


def fit_ridge(pairs: Dataset, most: int = 4000) -> Plane:
    """Fitted to at most `most` pairs, evenly chosen.

    Returns:
        [45, 10]: for each feature its mean, its scale and its weights in the gains of the eight bins, stops; in the
        last row the level of these gains.
    """
    rows, gains = [], []
    indices = np.unique(np.linspace(0, len(pairs) - 1, min(len(pairs), most)).astype(int)).tolist()
    for index in tracked(indices, "pairs read for the ridge regression"):
        example = pairs[index]
        encoded = example.sdr[::STRIDE, ::STRIDE].astype(np.float32) / 255
        rows.append(features(encoded))
        gains.append(gain_by_eighth(encoded, example.gain_stops[::STRIDE, ::STRIDE].astype(np.float32)))
    return _solved(np.stack(rows), np.stack(gains))


def _solved(rows: Plane, gains: Plane) -> Plane:
    """Each eighth by itself, from the pictures that have it."""
    mean, scale = rows.mean(0), rows.std(0) + 1e-3
    standard = (rows - mean) / scale
    weights, level = np.zeros((rows.shape[1], EIGHTHS)), np.zeros(EIGHTHS)
    for eighth in range(EIGHTHS):
        known = np.isfinite(gains[:, eighth])
        if not known.any():
            continue
        x, y = standard[known], gains[known, eighth]
        centre, level[eighth] = x.mean(0), y.mean()
        squares = (x - centre).T @ (x - centre) + DAMPING * np.eye(x.shape[1])
        weights[:, eighth] = np.linalg.solve(squares, (x - centre).T @ (y - y.mean()))
        level[eighth] -= centre @ weights[:, eighth]
    return np.vstack([np.column_stack([mean, scale, weights]), np.concatenate([[0.0, 1.0], level])])


def ridge_gain(fitted: Plane, encoded: Plane, seen: Plane) -> Plane:
    """Gain in stops of pixels [..., 3], equal for all channels.

    Args:
        fitted: of fit_ridge.
        encoded: the pixels, 0..1.
        seen: the whole picture they are of, [h, w, 3] in 0..1.
    """
    (mean, scale), weights, level = fitted[:-1, :2].T, fitted[:-1, 2:], fitted[-1, 2:]
    gains = np.clip((features(seen) - mean) / scale, -4, 4) @ weights + level
    places = np.concatenate([[0.0], CENTRES, [1.0]])
    end = gains[-1] + (gains[-1] - gains[-2]) / 2
    curve = np.concatenate([[0.0], gains, [end]])
    return np.repeat(np.interp(encoded.max(-1), places, curve)[..., None], 3, -1).astype(np.float32)
