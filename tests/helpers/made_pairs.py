"""Small data sets in the field's layouts, made by hand: no writer of ours is trusted to test a reader of ours."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np

H, W = 24, 32


def png(path: Path, codes: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(imagecodecs.png_encode(codes))


def gmnet_pair(root: Path, name: str, seed: int, qmax: float = 2.0, divisor: int = 1) -> None:
    random = np.random.default_rng(seed)
    png(root / "image" / f"{name}.png", random.integers(0, 256, (H, W, 3), np.uint8))
    png(root / "gainmap" / f"{name}.png", random.integers(0, 256, (H // divisor, W // divisor), np.uint8))
    png(root / "thumbnail" / f"{name}.png", random.integers(0, 256, (32, 32, 3), np.uint8).repeat(8, 0).repeat(8, 1))
    (root / "metadata").mkdir(exist_ok=True)
    np.save(root / "metadata" / f"{name}.npy", np.array(qmax).astype("float32"))


def hdrtv_pair(root: Path, name: str, seed: int, split: str = "test") -> None:
    random = np.random.default_rng(seed)
    png(root / f"{split}_sdr" / f"{name}.png", random.integers(0, 256, (H, W, 3), np.uint8))
    png(root / f"{split}_hdr" / f"{name}.png", random.integers(0, 48000, (H, W, 3), np.uint16))
