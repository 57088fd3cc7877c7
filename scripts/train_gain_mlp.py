#!/usr/bin/env python3
"""Trains the gain network of a pair by torch, on a GPU where there is one, beside the compiled kernels.

    scripts/train_gain_mlp.py SDR HDR OUT.jpg [DEVICE [STEPS [BATCH [NEURONS]]]]

DEVICE is torch's: cpu (default), cuda, cuda:1. Says the PQ-PSNR and the seconds of both and writes torch's network; the
same as `untone encode SDR HDR -o OUT.jpg` writes, which `untone apply OUT.jpg` reads.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from untone import pipeline
from untone.errors import UntoneError, UsageError
from untone.formats.common.files import save
from untone.formats.jpeg import network_segment
from untone.implicit import encoding as network_encoding
from untone.implicit.encoding import Recipe
from untone.lab.implicit import torch_trainer

JPEG_QUALITY = 95


def main(words: list[str]) -> int:
    """Trains, says how good, writes; 0, or an exit code after one line that says what is wrong."""
    try:
        sdr, hdr, target, *rest = words
        device, *numbers = rest or ["cpu"]
        given = dict(zip(("steps", "batch", "neurons"), map(int, numbers), strict=False))
        compare(sdr, hdr, Path(target), device, dataclasses.replace(Recipe(), **given))
    except ValueError:
        print(__doc__, file=sys.stderr)
        return 2
    except UntoneError as fault:
        print(f"train_gain_mlp: {fault}", file=sys.stderr)
        return 2 if isinstance(fault, UsageError) else 1
    return 0


def compare(sdr: str, hdr: str, target: Path, device: str, recipe: Recipe) -> None:
    """Both trainers on one pair; the network of torch is kept."""
    by = torch_trainer.trainer(device)
    if target.exists():
        raise UsageError(f"{target} exists")
    plain = dataclasses.replace(pipeline.read(sdr)[0], gain_network=None)
    base = pipeline.write(None, plain, None, format="jpeg", quality=JPEG_QUALITY)
    assert base is not None
    photo, other = pipeline.read(base)[0], pipeline.read(hdr)[0]
    light = network_encoding.aligned(photo, other)
    for name, trainer in (("kernels", None), (f"torch, {device}", by)):
        begun = time.perf_counter()
        found = network_encoding.learned(photo, light, other.primaries, recipe, by=trainer)
        spent = time.perf_counter() - begun
        reached = network_encoding.fidelity(network_encoding.rendition(photo, found), light, other.primaries)
        print(f"{name}: {reached:.2f} dB (PQ-PSNR), {spent:.1f} s")
    save(target, [network_segment.with_network(base, network_segment.to_payload(found))])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
