"""What films say of themselves and what is wrong with it; a film held against its source."""

import dataclasses
import json

import pytest
from clips import scene, write_clip

from untone import cli
from untone.apps.video import inspection
from untone.apps.video.conversion import convert
from untone.apps.video.inspection import findings, read_signals
from untone.apps.video.metadata import Light
from untone.apps.video.options import FilmOptions

FAST = FilmOptions(preset="12", crf=12)


@pytest.fixture
def film(clip, tmp_path):
    """HDR10, of the clip."""
    target = tmp_path / "film.mp4"
    convert(clip, target, FAST)
    return target


def test_a_film_of_ours_is_whole_and_named(film, capsys):
    assert cli.main(["inspect", str(film)]) == 0
    said = capsys.readouterr().out
    parts = ["mp4, 160 x 90, 24 frames/s", "av1 Main (av01), 10 bit", "mastered on P3-D65, 0.0001 to 1000 nits"]
    for part in (*parts, "BT.2020, PQ, BT.2020 non-constant, limited range", "HDR10", "Chrome"):
        assert part in said
    assert said.count("MaxCLL") == 2
    assert cli.main(["inspect", "--strict", str(film)]) == 0
    assert "whole, 0 deviations" in capsys.readouterr().out
    assert cli.main(["inspect", "--json", str(film)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["tags"] == {"primaries": 9, "transfer": 16, "matrix": 9, "range": 1}
    assert found["said"]["light"]["max_cll"] == found["light"]["max_cll"] > 0


def test_an_sdr_film_is_said_to_be_one(clip, capsys):
    assert cli.main(["inspect", str(clip)]) == 0
    assert "SDR: untone makes it HDR" in capsys.readouterr().out
    assert cli.main(["inspect", "--strict", str(clip)]) == 0


def test_matroska_says_the_same_as_mp4(clip, film, tmp_path):
    convert(clip, tmp_path / "film.mkv", FAST)
    first, second = read_signals(film), read_signals(tmp_path / "film.mkv")
    assert second.container == "matroska"
    assert first.tags == second.tags
    a, b = first.said.light, second.said.light
    assert (a.max_cll, a.max_fall, a.peak_nits, a.black_nits) == (b.max_cll, b.max_fall, b.peak_nits, b.black_nits)
    assert a.corners == pytest.approx(b.corners)
    assert a.corners[:2] == pytest.approx((0.68, 0.32))


def test_8_bit_pq_with_the_wrong_matrix_and_no_metadata_is_broken(tmp_path, capsys):
    wrong = write_clip(tmp_path / "wrong.mp4", [scene(0)] * 2, tags=(1, 9, 16, 0))
    assert cli.main(["inspect", "--strict", str(wrong)]) == 1
    said = capsys.readouterr().out
    for rule in ("broken    bits", "broken    matrix", "warning   light-levels-missing", "warning   mastering-missing"):
        assert rule in said
    assert "broken" in said.splitlines()[-1]
    assert "signalled wrongly" in " ".join(inspection.verdict(read_signals(wrong)))


def rules(found, **changed):
    return {finding.rule for finding in findings(dataclasses.replace(found, **changed))}


def test_each_deviation_has_its_rule(film):
    found = read_signals(film)
    tags, light, said = found.tags, found.light, found.said
    assert rules(found) == set()
    assert rules(found, tags=dataclasses.replace(tags, range=0)) == {"range-unspecified"}
    assert rules(found, tags=dataclasses.replace(tags, range=2)) == {"range-full"}
    assert rules(found, tags=dataclasses.replace(tags, matrix=2)) == {"matrix-unspecified", "container-matrix"}
    assert rules(found, tags=dataclasses.replace(tags, primaries=1)) == {"primaries", "container-primaries"}
    assert rules(found, tag="hev1") == {"tag"}
    assert rules(found, light=dataclasses.replace(light, max_cll=0)) == {"max-cll-zero", "light-levels-differ"}
    assert rules(found, said=dataclasses.replace(said, light=Light())) == {"container-light-missing"}
    assert rules(found, light=Light()) == {"bitstream-light-missing"}
    swapped = dataclasses.replace(light, max_cll=light.max_fall, max_fall=light.max_cll)
    assert rules(found, light=swapped, said=dataclasses.replace(said, light=swapped)) == {"max-fall"}
    hlg = dataclasses.replace(tags, transfer=18)
    assert rules(found, tags=hlg, light=Light(), said=dataclasses.replace(said, transfer=18, light=Light())) == set()


def test_verify_finds_what_is_right_and_what_is_not(rich_clip, tmp_path, capsys):
    source, target = rich_clip(".mkv"), tmp_path / "out.mkv"
    convert(source, target, FAST)
    assert cli.main(["verify", str(target), "--source", str(source)]) == 0
    said = capsys.readouterr().out
    assert "WRONG" not in said
    for part in ("timing    21 frames", "2 of 2 audio", "packets equal", "chapters  2 of 2"):
        assert part in said
    other = write_clip(tmp_path / "other.mp4", [scene(k) for k in range(20)])
    assert cli.main(["verify", str(target), "--source", str(other), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    wrong = {check["name"] for check in found["checks"] if not check["good"]}
    assert wrong == {"timing", "tracks", "chapters"}
    assert cli.main(["verify", str(source)]) == 1
    assert "WRONG  signals" in capsys.readouterr().out


def test_verify_measures_the_light(film, tmp_path, capsys):
    data = film.read_bytes()
    at = data.index(b"clli") + 4
    levels = data[at : at + 4]
    film.write_bytes(data.replace(levels, b"\x20\x00" + levels[2:]))
    assert cli.main(["verify", str(film)]) == 1
    assert "WRONG  light     MaxCLL 8192" in capsys.readouterr().out
