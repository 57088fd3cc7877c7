"""Drawn pictures: the same from the same seed, and gains that are right for what they show."""

import json

import numpy as np
import pytest

from untone import cli, colour
from untone.lab.data import drawn
from untone.lab.data.drawn import command, lights
from untone.lab.data.drawn.canvas import Drawing
from untone.lab.data.layouts.shards import Pairs


def photo(random):
    """A ramp whose white gains two stops."""
    encoded = np.broadcast_to(np.linspace(0, 1, 256, dtype=np.float32)[:, None, None], (256, 256, 3)).copy()
    return Drawing(encoded, 2 * encoded**3)


@pytest.mark.parametrize("name", list(drawn.KINDS))
def test_every_kind_draws_and_repeats(name):
    codes, gain = drawn.draw(name, np.random.default_rng(3), photo, 64)
    again, _ = drawn.draw(name, np.random.default_rng(3), photo, 64)
    assert codes.shape == gain.shape == (64, 64, 3)
    assert (codes.dtype, gain.dtype) == (np.uint8, np.float16)
    assert np.array_equal(codes, again)
    assert np.isfinite(gain).all()
    assert gain.max() <= 5


@pytest.mark.parametrize(
    "name",
    ["letter", "music", "comic", "map", "slide", "text window", "settings", "negative", "one colour", "painting"],
)
def test_paper_and_interfaces_gain_nothing(name):
    for seed in range(3):
        assert not drawn.draw(name, np.random.default_rng(seed), photo, 64)[1].any()


def test_a_photograph_in_an_article_gains_and_the_page_around_it_does_not():
    found = [drawn.draw("article", np.random.default_rng(seed), photo, 128) for seed in range(8)]
    assert max(float(gain.max()) for _, gain in found) > 0.8
    assert min(float((gain == 0).all(-1).mean()) for _, gain in found) > 0.2


@pytest.mark.parametrize("make", [lights.lamps, lights.neon, lights.fire, lights.windows])
def test_lights_are_several_times_white_and_what_is_below_stays(make):
    drawing = make(np.random.default_rng(5), photo)
    light = np.max((colour.srgb_to_linear(drawing.encoded) + 1 / 64) * 2.0**drawing.gain_stops - 1 / 64, -1)
    assert np.percentile(light, 99.9) > 3
    assert np.abs(drawing.gain_stops[drawing.encoded.max(-1) < 0.5]).max(initial=0) < 0.01


def test_red_neon_is_redder_in_hdr_than_in_sdr():
    """Its core clips towards white in SDR: red gains more than what had caught up with it."""
    for seed in range(20):
        drawing = lights.neon(np.random.default_rng(seed), photo)
        lead = drawing.gain_stops.max(-1) - drawing.gain_stops.min(-1)
        if lead.max() > 0.8:
            return
    raise AssertionError("no tube of twenty kept its colour")


def test_snow_is_no_page():
    for seed in range(4):
        codes, gain = drawn.draw("bright ground", np.random.default_rng(seed), photo, 64)
        bright = codes.max(-1) > 200
        assert 0.15 <= float(gain[bright].astype(float).mean()) <= 1.2


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """A folder of one shard of drawn pictures, and no photographs."""
    folder = tmp_path_factory.mktemp("drawn")
    assert [*command.write(folder, photo, 64, 1, 32)] == [64]
    return folder


def test_shards_are_written_once_and_read_as_pairs(alone):
    before = (alone / "90000.sdr.npy").stat().st_mtime_ns
    assert [*command.write(alone, photo, 64, 1, 32)] == [64]
    assert (alone / "90000.sdr.npy").stat().st_mtime_ns == before
    notes = json.loads((alone / "90000.notes.json").read_text())
    assert len(Pairs(alone)) == len(notes) == 64
    assert {n["family"] for n in notes} == {"drawn"}


def test_the_command_adds_to_a_folder_of_photographs(pairs_folder, tmp_path, capfd):
    for path in pairs_folder.glob("0*.npy"):
        (tmp_path / path.name).symlink_to(path)
    assert cli.main(["draw", str(tmp_path), "-o", str(tmp_path), "--count", "1", "--size", "64"]) == 0
    assert len(Pairs(tmp_path)) == 128
    capfd.readouterr()
    assert cli.main(["draw", str(tmp_path), "-o", str(tmp_path), "--size", "70"]) == 2
    assert "--size must be a multiple of 4" in capfd.readouterr().err


def test_drawn_pictures_alone_are_no_photographs(alone, capfd):
    assert cli.main(["draw", str(alone), "-o", str(alone)]) == 1
    assert "holds no photographs" in capfd.readouterr().err
