"""The codecs' share of a transcode is told apart, and codecs are left as they were. Nothing tests a time."""

import imagecodecs
import numpy as np

from untone.lab.benchmarks import transcoding


def test_every_codec_is_timed_and_given_back():
    rng = np.random.default_rng(0)
    before = imagecodecs.avif_encode
    found = transcoding.bench(rng.integers(0, 256, (32, 48, 3), np.uint8), quick=True)
    assert imagecodecs.avif_encode is before
    rows = {name: row for name, row in found.items() if isinstance(row, dict)}
    assert {"jpeg to jpeg", "jpeg to avif", "jpeg to jxl", "jpeg to heic", "jpeg to png", "avif to jpeg"} == set(rows)
    for name, row in rows.items():
        assert row["codec_seconds"] > 0
        assert row["ratio"] == row["seconds"] / row["codec_seconds"]
        assert row["ratio"] >= 1 or name.endswith("png")  # whose codec is timed by itself, afterwards
    assert found["inspect_ms"] > 0
