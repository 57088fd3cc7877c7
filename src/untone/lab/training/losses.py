"""Loss terms that networks share. Light is linear with 1.0 = SDR white of 203 nits; gains are stops."""

from __future__ import annotations

import torch
from torch import Tensor

from ... import colour
from ...image import DIFFUSE_WHITE_NITS
from ..data.examples import OFFSET

PLATEAU = 5e-6
"""Mean square PQ error (53 dB) below which a picture's loss levels off. At 45 dB networks learned to touch dim
pictures, which are right as they are and which a fitted LUT leaves alone: some lost 10 to 20 dB."""


LIGHTS = 2.0
"""Times SDR white, from which on a pixel begins to count as a light."""


def srgb_to_linear(encoded: Tensor) -> Tensor:
    """colour.srgb_to_linear for tensors in [0, 1]."""
    return torch.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def pq(light: Tensor) -> Tensor:
    """colour.nits_to_pq of light, for tensors; darker than 1e-4 nit counts as that (finite gradient)."""
    power = (light * (DIFFUSE_WHITE_NITS / colour.PQ_PEAK_NITS)).clamp(1e-8, 1) ** colour.M1
    return ((colour.C1 + colour.C2 * power) / (1 + colour.C3 * power)) ** colour.M2


def pq_to_light(codes: Tensor) -> Tensor:
    """Inverse of pq, for codes in [0, 1]."""
    power = codes.clamp(0, 1) ** (1 / colour.M2)
    ratio = (power - colour.C1).clamp(min=0) / (colour.C2 - colour.C3 * power)
    return ratio ** (1 / colour.M1) * (colour.PQ_PEAK_NITS / DIFFUSE_WHITE_NITS)


def rebuild(light: Tensor, gain_stops: Tensor) -> Tensor:
    """HDR light of SDR light and gain, per channel."""
    return (light + OFFSET) * torch.exp2(gain_stops) - OFFSET


def square_error(sdr: Tensor, gain_stops: Tensor, truth_stops: Tensor, glare: float = 0.0) -> Tensor:
    """Mean square PQ error of each picture, [B]; all arguments [B, N, 3], sdr encoded sRGB.

    What is too bright counts 1 + `glare` times: users send back glare sooner than dullness.
    """
    light = srgb_to_linear(sdr)
    error = pq(rebuild(light, gain_stops)) - pq(rebuild(light, truth_stops))
    squares = error.square()
    if glare:
        squares = squares + glare * torch.relu(error).square()
    return squares.mean((1, 2))


def reconstruction(sdr: Tensor, gain_stops: Tensor, truth_stops: Tensor, glare: float = 0.0) -> Tensor:
    """Mean log PQ error (that is, minus PQ-PSNR in units of 4.3 dB), levelling off at PLATEAU."""
    return torch.log(square_error(sdr, gain_stops, truth_stops, glare) + PLATEAU).mean()


def log_error(codes: Tensor, truth: Tensor) -> Tensor:
    """The same of PQ codes [B, ...] themselves."""
    return torch.log((codes - truth).square().flatten(1).mean(1) + PLATEAU).mean()


def lights(sdr: Tensor, gain_stops: Tensor, truth_stops: Tensor) -> Tensor:
    """Mean difference of gain, stops, where the true light is LIGHTS times white or more; [B, N, 3], sdr encoded.

    Lamps and suns are few pixels: a mean over all of a picture hardly sees whether they shine.
    """
    bright = rebuild(srgb_to_linear(sdr), truth_stops).amax(-1, keepdim=True)
    weight = ((bright - LIGHTS) / LIGHTS).clamp(0, 1)
    seen = weight.sum((1, 2)) + 0.002 * weight.shape[1]
    return (((gain_stops - truth_stops).abs() * weight).mean(2).sum(1) / seen).mean()


def own_strength(gain_stops: Tensor, truth_stops: Tensor, freedom: float) -> Tensor:
    """What to multiply each picture's predicted gain by before it is compared, [B, 1, 1]; no gradient.

    How strongly a camera or an editor drives a picture cannot be read off the picture: that part of the error is
    noise, and hides the shape that can be learned. The least-squares strength to the power of `freedom` takes that
    share of it away (0: nothing, 1: only the shape counts). Pictures to leave alone keep strength 1.
    """
    with torch.no_grad():
        fitted = (gain_stops * truth_stops).sum((1, 2)) / gain_stops.square().sum((1, 2)).clamp(min=1e-3)
        alone = truth_stops.abs().amax((1, 2)) <= 0.02
        return torch.where(alone, 1.0, fitted.clamp(0.35, 2.5) ** freedom)[:, None, None]


def lut_roughness(lut: Tensor) -> Tensor:
    """Mean square second difference along each axis of LUTs [B, n, n, n, 3]."""
    return sum((lut.diff(n=2, dim=axis).square().mean() for axis in (1, 2, 3)), torch.zeros((), device=lut.device))


def lut_falls(lut: Tensor) -> Tensor:
    """Mean fall of the gain from a darker to a brighter grey (it makes rings around the sun); LUTs [B, n, n, n, 3]."""
    n = lut.shape[1]
    grey = lut.reshape(lut.shape[0], -1, 3)[:, :: n * n + n + 1]
    return torch.relu(-grey.diff(dim=1)).mean()


def lut_not_monotone(lut: Tensor) -> Tensor:
    """Mean fall of each output along its own input's axis; LUTs [B, n, n, n, 3]."""
    falls = [torch.relu(-lut[..., axis].diff(dim=axis + 1)).mean() for axis in range(3)]
    return torch.stack(falls).sum()


def tint(gain_stops: Tensor) -> Tensor:
    """Mean difference between a pixel's gains and their mean, stops, which shifts hues; gains [B, N, 3]."""
    return (gain_stops - gain_stops.mean(-1, keepdim=True)).abs().mean()
