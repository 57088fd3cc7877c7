"""SSIM and SR-SIM of encoded pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import UntoneError
from .domains import Light

Plane = NDArray[np.float64]

WINDOW, SIGMA, K1, K2 = 11, 1.5, 0.01, 0.03
"""Wang et al. 2004: Gaussian window and constants; no downsampling, no unbiased covariance."""

SALIENCY_SCALE, SALIENCY_SIDE, SALIENCY_SIGMA = 0.25, 10, 3.8
C1, C2, ALPHA = 0.40, 225.0, 0.50
NORMAL_SIDE = 256
"""Zhang and Li 2012, section 3: SR-SIM's constants; C2 belongs to luma of 0..255."""

YIQ_LUMA = np.array([0.299, 0.587, 0.114])


def ssim(made: Light, truth: Light, data_range: float = 1.0) -> float:
    """Mean SSIM of the channels of [H, W, C] over every place where the window fits.

    Raises:
        UntoneError: the picture is smaller than the window.
    """
    if min(truth.shape[:2]) < WINDOW:
        raise UntoneError(f"SSIM needs {WINDOW} x {WINDOW} pixels or more, not {truth.shape[1]} x {truth.shape[0]}")
    planes = zip(np.moveaxis(made, -1, 0), np.moveaxis(truth, -1, 0), strict=True)
    scores = [_ssim_plane(a.astype(np.float64), b.astype(np.float64), data_range) for a, b in planes]
    return float(np.mean(scores))


def _ssim_plane(a: Plane, b: Plane, data_range: float) -> float:
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_a, mean_b = _gaussian(a), _gaussian(b)
    var_a, var_b = _gaussian(a * a) - mean_a**2, _gaussian(b * b) - mean_b**2
    covariance = _gaussian(a * b) - mean_a * mean_b
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float((similarity / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _gaussian(plane: Plane) -> Plane:
    """Weighted mean of the window at every place where it fits."""
    weights = np.exp(-0.5 * ((np.arange(WINDOW) - WINDOW // 2) / SIGMA) ** 2)
    weights /= weights.sum()
    return _correlated(_correlated(plane, weights, 0), weights, 1)


def _correlated(plane: Plane, weights: Plane, axis: int) -> Plane:
    """Correlation along an axis where all of `weights` fits."""
    kept = plane.shape[axis] - len(weights) + 1
    shape = (kept, plane.shape[1]) if axis == 0 else (plane.shape[0], kept)
    total = np.zeros(shape)
    for offset, weight in enumerate(weights):
        part = slice(offset, offset + kept)
        total += weight * (plane[part] if axis == 0 else plane[:, part])
    return total


# -- SR-SIM -----------------------------------------------------------------------------------------------------------


def sr_sim(made: Light, truth: Light, data_range: float = 1.0) -> float:
    """Spectral residual similarity of encoded RGB [H, W, 3] (Zhang and Li, ICIP 2012), from the paper's description.

    Codes are scaled to 0..255, which the constants belong to; fed anything else, the number is another one.
    1 is equal; where the made picture is more contrasty than the true one it stays below.

    Raises:
        UntoneError: the picture is smaller than the saliency filter at a quarter of its size.
    """
    if min(truth.shape[:2]) * SALIENCY_SCALE < SALIENCY_SIDE:
        least = int(SALIENCY_SIDE / SALIENCY_SCALE)
        raise UntoneError(f"SR-SIM needs {least} x {least} pixels or more, not {truth.shape[1]} x {truth.shape[0]}")
    a, b = (_reduced(picture @ YIQ_LUMA * (255 / data_range)) for picture in (made, truth))
    seen_a, seen_b = saliency(a), saliency(b)
    similarity = _similarity(seen_a, seen_b, C1) * _similarity(_gradient(a), _gradient(b), C2) ** ALPHA
    weight = np.maximum(seen_a, seen_b)
    return float((similarity * weight).sum() / (weight.sum() + np.finfo(np.float64).eps))


def _similarity(a: Plane, b: Plane, constant: float) -> Plane:
    return (2 * a * b + constant) / (a * a + b * b + constant)


def _reduced(luma: Plane) -> Plane:
    """Averaged and sampled so that the shorter side is about 256 pixels."""
    factor = max(1, round(min(luma.shape) / NORMAL_SIDE))
    padded = np.pad(luma, ((factor - 1) // 2, factor // 2))
    rows, columns = (side // factor for side in padded.shape)
    blocks = padded[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
    return blocks.mean((1, 3))


def saliency(luma: Plane) -> Plane:
    """Spectral residual saliency [0, 1] (Hou and Zhang 2007), at a quarter of the size, blurred, scaled back."""
    rows, columns = (_weights(side, int(np.ceil(side * SALIENCY_SCALE)), 1 / SALIENCY_SCALE) for side in luma.shape)
    small = rows @ luma @ columns.T
    spectrum = np.fft.fft2(small)
    amplitude = np.log(np.abs(spectrum) + np.finfo(np.float64).eps)
    box = np.full(3, 1 / 3)
    smooth = _correlated(_correlated(np.pad(amplitude, 1, "edge"), box, 0), box, 1)
    residual = np.exp(amplitude - smooth + 1j * np.angle(spectrum))
    energy = np.abs(np.fft.ifft2(residual)) ** 2
    half = (SALIENCY_SIDE - 1) / 2
    weights = np.exp(-0.5 * ((np.arange(SALIENCY_SIDE) - half) / SALIENCY_SIGMA) ** 2)
    weights /= weights.sum()
    before, after = (SALIENCY_SIDE - 1) // 2, SALIENCY_SIDE // 2
    blurred = _correlated(_correlated(np.pad(energy, (before, after)), weights, 0), weights, 1)
    span = blurred.max() - blurred.min()
    level = (blurred - blurred.min()) / (span + np.finfo(np.float64).eps)
    rows, columns = (_weights(a, b, a / b) for a, b in zip(level.shape, luma.shape, strict=True))
    return rows @ level @ columns.T


def _gradient(luma: Plane) -> Plane:
    """Magnitude of the Scharr gradient; black beyond the border."""
    padded = np.pad(luma, 1)
    across, along = np.array([3.0, 10.0, 3.0]) / 16, np.array([1.0, 0.0, -1.0])
    rows = _correlated(_correlated(padded, along, 0), across, 1)
    columns = _correlated(_correlated(padded, across, 0), along, 1)
    return np.hypot(rows, columns)


def _weights(source: int, target: int, step: float) -> Plane:
    """[target, source] bicubic weights (a = -0.5) of one axis, `step` source samples for each of the target's.

    Widened where it shrinks, mirrored at the border.
    """
    stretch = max(step, 1.0)
    centre = (np.arange(target) + 0.5) * step - 0.5
    reach = int(np.ceil(2 * stretch)) + 1
    taps = np.floor(centre)[:, None].astype(int) + np.arange(-reach, reach + 1)
    far = np.abs(taps - centre[:, None]) / stretch
    near = np.where(far <= 1, (1.5 * far - 2.5) * far * far + 1, ((-0.5 * far + 2.5) * far - 4) * far + 2)
    share = np.where(far < 2, near, 0.0)
    mirrored = np.mod(taps, 2 * source)
    mirrored = np.where(mirrored >= source, 2 * source - 1 - mirrored, mirrored)
    result = np.zeros((target, source))
    np.add.at(result, (np.arange(target)[:, None], mirrored), share / share.sum(1, keepdims=True))
    return result
