"""The yardstick computes what the kernels compute; the report has the keys that are promised. Nothing tests a time."""

import json
import sys

import numpy as np
import pytest

from untone import kernels
from untone.lab.benchmarks import command as bench
from untone.operators import Operators

torch = pytest.importorskip("torch")


def operators_of(lut):
    rng = np.random.default_rng(0)
    grids = rng.normal(0, 0.05, (3, 4, 5, 8, 3))
    for k in range(3):
        grids[k, ..., k] += np.linspace(0, 1, 8)
    return Operators(grids.astype(np.float32), np.ascontiguousarray(lut, np.float32), 2.0)


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (34, 51, 3), dtype=np.uint8)


def test_eager_tetrahedral_is_the_definition(pixels):
    from untone.lab.benchmarks.eager import Eager

    operators = operators_of(np.random.default_rng(2).normal(0.2, 0.3, (9, 9, 9, 3)))
    eager = Eager(operators, 34, 51, tetrahedral=True)
    expected = kernels.hdr_linear(pixels, operators, variant="reference", dtype=np.float32)
    np.testing.assert_allclose(eager.hdr_half(pixels), expected, rtol=2e-3, atol=1e-4)


def test_eager_with_grid_sample_is_the_definition_where_the_lut_is_affine(pixels):
    """Trilinear and tetrahedral readings differ inside a cell, except of an affine function."""
    from untone.lab.benchmarks.eager import Eager

    ramp = np.linspace(0, 1, 6)
    axes = np.stack(np.meshgrid(ramp, ramp, ramp, indexing="ij"), axis=-1)
    operators = operators_of(axes @ np.array([[0.6, 0.1, 0.0], [0.2, 0.5, 0.1], [-0.3, 0.1, 0.7]]) - 0.1)
    low, high = kernels.gain_range(pixels, operators)
    eager, half = Eager(operators, 34, 51), Eager(operators, 17, 26)
    how = {"variant": "reference"}
    pairs = [
        (eager.gain_codes(pixels, low, high), kernels.gain_codes(pixels, operators, low, high, **how)),
        (half.gain_codes(pixels, low, high, 2), kernels.gain_codes(pixels, operators, low, high, divisor=2, **how)),
        (eager.hdr_pq10(pixels), kernels.hdr_pq10(pixels, operators, **how)),
    ]
    for got, expected in pairs:
        assert np.abs(got.astype(int) - expected.astype(int)).max() <= 1


FORMATS = {
    "megapixels": 12.0,
    "jpeg to avif": {"seconds": 2.5, "codec_seconds": 2.0, "ratio": 1.25},
    "inspect_ms": 5.0,
    "inspect_cpu_ms": 4.0,
}
RATIOS = {"train_speedup_over_torch": 9.0, "train_cpu_ratio": 8.0, "decode_speedup_over_torch": 12.0,
          "decode_cpu_ratio": 11.0}  # fmt: skip
QUALITY = {
    "views": "2 of noise", "paper_db": 50.0, "paper_cpu_seconds": 60.0, "usual_db": 51.0, "usual_cpu_seconds": 3.0,
    "tenth_db": 50.5, "tenth_gain_db": [0.5, 0.125], "tenth_share_of_time": 0.1, "int8_cost_db": [0.01, 0.01],
    "equal_db": 51.5, "equal_gain_db": [1.5, 0.25], "equal_share_of_time": 1.0,
}  # fmt: skip
NETWORKS = {"threads": 2, "train_step_ms": 30.0, "train_paper_seconds": 30.0, "decode_ms": 60.0, **RATIOS,
            "one_thread": RATIOS, "quality": QUALITY}  # fmt: skip

FILMS = {
    "planes": {"portable": {"ms": 20.0, "frames_per_second": 50.0, "threads": 2}},
    "swscale_ms": 10.0,
    "thumbnail_ms": 1.0,
    "torch_eager_ms": None,
    "over_torch_eager": None,
    "over_swscale": 0.5,
    "command": {"8": {"seconds": 7.0, "codecs_seconds": 2.0, "ratio": 3.5, "peak_mib": None, "codecs_peak_mib": None}},
}


def test_the_report_has_its_keys_and_is_json(monkeypatch, capsys):
    """A tiny frame stands in for 4K, and nothing for command and transcodes, which have tests of their own."""
    monkeypatch.setattr(bench, "HEIGHT", 40)
    monkeypatch.setattr(bench, "WIDTH", 60)
    monkeypatch.setattr(bench, "_command", lambda rounds: {"seconds": 0.5, "peak_mib": 100.0})
    monkeypatch.setattr(bench.transcoding, "bench", lambda frame, quick: FORMATS)
    monkeypatch.setattr(bench.gain_network, "bench", lambda frame, quick, views: NETWORKS)
    monkeypatch.setattr(bench.video, "bench", lambda frame, operators, quick: FILMS)
    result = json.loads(json.dumps(bench.bench()))
    assert set(result["kernels"]) == {"gain_map_u8_4k", "fp16_4k", "pq10_4k", "half_map_4k"}
    for row in result["kernels"].values():
        assert row["variant"] == kernels.info()["variant"]
        assert row["threads"] == kernels.info()["threads"]
        assert row["ms_median"] > 0
        assert row["speedup_over_torch_eager"] > 0
        assert row["cpu_ms"] > 0
        assert row["spread"] >= 0
        assert set(row["variants"]) == set(kernels.info()["available"]) - {"reference"}
    assert result["thumbnail"]["downsample_ms"] > 0
    assert set(result["command_12mp"]) == {"seconds", "peak_mib"}
    assert result["formats"] == FORMATS
    assert result["gain_mlp"] == NETWORKS
    bench.report.show(result)
    said = capsys.readouterr().out
    words = (
        "preset 8",
        "3.50 x",
        "fp16_4k",
        "torch eager",
        "whole command",
        "0.50 s",
        "jpeg to avif, 12 MP",
        "1.25 x",
        "12 x",
        "+1.50 ± 0.25",
    )
    assert all(word in said for word in words)
    assert "{" not in said


def test_what_could_not_be_measured_is_a_dash():
    alone = {**NETWORKS, "quality": None, "train_speedup_over_torch": None, "train_cpu_ratio": None}
    row = next(iter(bench.report._network_rows(alone)))
    assert row == ("train: a step of 65,536 samples, 2 threads", "30.0", "-", "-", "9.00 x")


def test_a_child_that_fails_is_not_timed():
    seconds, peak = bench._timed_process([sys.executable, "-c", "x = bytearray(60_000_000)"])
    assert seconds > 0
    assert peak is None or peak > 50
    with pytest.raises(bench.subprocess.CalledProcessError):
        bench._timed_process([sys.executable, "-c", "raise SystemExit(3)"])
