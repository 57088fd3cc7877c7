"""The part of `untone bench` that is about films, on frames that are tiny."""

import pytest

from untone.lab.benchmarks import command, video

pytest.importorskip("av", reason="films need PyAV: pip install 'untone[video]'")


def test_planes_have_their_ratios_and_the_command_its_own(monkeypatch):
    monkeypatch.setattr(command, "HEIGHT", 72)
    monkeypatch.setattr(command, "WIDTH", 160)
    monkeypatch.setattr(video, "HEIGHT", 72)
    monkeypatch.setattr(video, "WIDTH", 128)
    monkeypatch.setattr(video, "QUICK_FRAMES", 3)
    found = video.bench(*command.specimen(), quick=True)
    assert found["over_swscale"] > 0
    assert found["thumbnail_ms"] > 0
    assert found["deband_ms"] > 0
    assert all(row["frames_per_second"] > 0 for row in found["planes"].values())
    assert found["command"]["8"]["ratio"] > 0
