"""Batches of pairs for training: whole thumbnails, and random pixels of the same pictures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .data import Pairs


class Batch(NamedTuple):
    """thumbnail [B, 3, s, s] and rgb [B, N, 3], encoded; uv [B, N, 2]; gain_stops [B, N, 3]; qmax_stops [B]."""

    thumbnail: Tensor
    rgb: Tensor
    uv: Tensor
    gain_stops: Tensor
    qmax_stops: Tensor


def draw(pairs: Pairs, random: np.random.Generator, pictures: int, pixels: int) -> Batch:
    """A random batch; pictures are mirrored at times, exposure and tint of the SDR jitter a little."""
    return gather(pairs, random.integers(len(pairs), size=pictures).tolist(), random, pixels, jitter=True)


def gather(pairs: Pairs, indices: list[int], random: np.random.Generator, pixels: int, jitter: bool = False) -> Batch:
    """The batch of these pairs, with `pixels` random pixels each."""
    thumbnails, colours, places, gains, scales = [], [], [], [], []
    for index in indices:
        sdr, gain = pairs[index]
        size = sdr.shape[0]
        picture = torch.from_numpy(np.array(sdr)).float() / 255
        where = torch.from_numpy(random.integers(size * size, size=pixels))
        stops = torch.from_numpy(np.asarray(gain).reshape(-1, 3)[where.numpy()]).float()
        uv = torch.stack([(where % size + 0.5) / size, (where // size + 0.5) / size], -1)
        if jitter:
            picture = _tinted(picture, random)
        rgb = picture.reshape(-1, 3)[where]
        if jitter and random.random() < 0.5:
            picture, uv = picture.flip(1), uv * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
        thumbnails.append(picture.permute(2, 0, 1))
        colours.append(rgb)
        places.append(uv)
        gains.append(stops)
        scales.append(stops.abs().amax(-1).topk(max(pixels // 200, 1)).values[-1].clamp(min=0.25))
    return Batch(*(torch.stack(parts) for parts in (thumbnails, colours, places, gains, scales)))


def _tinted(picture: Tensor, random: np.random.Generator) -> Tensor:
    """White balance and saturation jitter: the right gain does not hang on a sky's exact blue."""
    picture = picture * torch.from_numpy(random.normal(1, 0.05, 3)).float()
    if random.random() < 0.5:
        grey = picture.mean(-1, keepdim=True)
        picture = grey + (picture - grey) * random.uniform(0.6, 1.4)
    return picture.clamp(0, 1)
