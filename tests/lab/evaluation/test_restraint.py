"""Bounds against numbers worked by hand; the set is whole, the same every time, and can be written and read."""

import json
import math

import numpy as np
import pytest
from PIL import Image as Pil

from untone import cli
from untone.errors import UntoneError
from untone.lab.data.restraint import cases
from untone.lab.data.restraint.cases import CHOOSE, REPORT, Case
from untone.lab.evaluation.methods import Made, Method
from untone.lab.evaluation.restraint import bounds, verdicts
from untone.lab.evaluation.restraint.bounds import KINDS, Bound, Rendered
from untone.lab.metrics import Rendition

SIDE = 40


def rendered(codes, stops=0.0, light=1.0, regions=None) -> Rendered:
    """Grey or coloured columns of SIDE x SIDE pixels: codes of 255, stops, and light times white."""
    columns = [np.asarray(c, float) for c in codes]
    encoded = np.concatenate([np.broadcast_to(c / 255, (SIDE, SIDE, 3)) for c in columns], 1)
    gain = np.broadcast_to(np.asarray(stops, float).reshape(1, -1, 1), (SIDE, len(columns), 3)).repeat(SIDE, 1)
    if np.size(stops) == 1:
        gain = np.full(encoded.shape, float(stops))
    bright = np.full(encoded.shape, light) if np.isscalar(light) else np.concatenate(
        [np.broadcast_to(np.asarray(part, float), (SIDE, SIDE, 3)) for part in light], 1
    )  # fmt: skip
    return Rendered(encoded, gain, bright, regions or {})


# -- measures ---------------------------------------------------------------------------------------------------------


def test_shine_looks_at_the_brightest_pixels_too() -> None:
    """Text that is 1 pixel in 400 of a dark page is nothing to 99.5 % of all pixels, and all of the brightest tenth."""
    encoded = np.full((200, 200, 3), 0.1)
    stops = np.zeros((200, 200, 3))
    encoded[100, ::2], stops[100, ::2] = 0.9, 1.5
    assert bounds.shine(Rendered(encoded, stops, encoded, {})) == pytest.approx(1.5)
    assert bounds.shine(Rendered(encoded, -stops, encoded, {})) == pytest.approx(1.5)  # darkened is changed, too


def test_photos_on_a_screen_may_shine() -> None:
    seen = rendered([250, 250], [0.0, 2.0], regions={"photo": ((0.5, 0.0, 1.0, 1.0),)})
    assert bounds.shine(seen) == 0
    assert bounds.whites_apart(seen) == 0
    without = rendered([250, 250], [0.0, 2.0])
    assert bounds.shine(without) == pytest.approx(2)
    assert bounds.whites_apart(without) == pytest.approx(2)


def test_what_shines_by_hand() -> None:
    """Of four columns one is at 5 x white and one at 1.04, which is no glare; the middle tone gains 0.2."""
    seen = rendered([250, 250, 100, 10], [2, 0.05, 0.2, 0], [(5, 4, 3), 1.04, 0.2, 0])
    assert bounds.share_above(seen) == pytest.approx(25)
    assert bounds.middle_tones(seen) == pytest.approx(0.2)
    assert bounds.bright_gain(seen) == pytest.approx((2 + 0.05) / 2)
    assert bounds.lights(seen) == pytest.approx(5)
    assert bounds.middle_tones(rendered([250])) == 0


def test_red_that_turns_white_loses_its_colour() -> None:
    red = (255, 30, 30)
    kept = rendered([red], light=[(4.0, 0.05, 0.05)])
    lost = rendered([red], light=[(8.0, 4.0, 4.0)])
    assert bounds.colour_kept(kept) == pytest.approx(1, abs=0.05)
    assert bounds.colour_kept(lost) == pytest.approx(0)
    assert bounds.colour_kept(rendered([(255, 255, 255)])) == 1


def test_a_lamp_at_twice_its_wall_stands_out_by_a_stop() -> None:
    where = {"lamp": ((0.0, 0.0, 0.5, 1.0),), "wall": ((0.5, 0.0, 1.0, 1.0),)}
    assert bounds.stands_out(rendered([255, 240], light=[3.0, 1.5], regions=where)) == pytest.approx(1)


def test_bounds_say_what_they_hold() -> None:
    assert [Bound("shine", high=0.15).holds(v) for v in (0.15, 0.16, math.nan)] == [True, False, False]
    assert str(Bound("shine", high=0.15)) == "shine <= 0.15 stops, 99.5 % of pixels"
    assert str(Bound("bright gain", 0.2, 1)) == "bright gain 0.2 to 1 stops"
    assert str(Bound("stands out", low=1)) == "stands out >= 1 stops"


# -- the set ----------------------------------------------------------------------------------------------------------


def test_the_set_has_every_kind_in_both_halves() -> None:
    every = cases.cases()
    assert len(every) == len({case.name for case in every}) == 111
    assert tuple(KINDS) == cases.KINDS
    for half in (CHOOSE, REPORT):
        assert {case.kind for case in every if case.half == half} == set(KINDS), half
    assert {case.name for case in every} >= cases.CHOOSING
    assert sum(case.half == CHOOSE for case in every) == 56
    kept = {path.name for path in cases.PICTURES.iterdir()} - {"regions.json"}
    used = {file for files in cases.PHOTOGRAPHS.values() for file in files}
    assert kept == used  # no picture lies about unused


@pytest.mark.parametrize(
    "name", ["desk-slide-warm", "hands-letter", "product-mug-one", "fire-camp", "snow-forest", "chat-photo"]
)
def test_pictures_are_the_same_every_time(name) -> None:
    case = next(case for case in cases.cases() if case.name == name)
    codes = case.codes()
    assert codes.dtype == np.uint8
    assert codes.ndim == 3
    assert codes.shape[2] == 3
    assert min(codes.shape[:2]) >= 256
    assert np.array_equal(codes, case.codes())


def test_pictures_of_both_halves_drawn_alike_differ() -> None:
    made = {case.name: case for case in cases.cases()}
    assert not np.array_equal(made["comic-one"].codes(), made["comic-two"].codes())


def test_a_set_goes_to_disk_and_comes_back(tmp_path, monkeypatch) -> None:
    few = tuple(case for case in cases.cases() if case.name in ("slide", "article-news", "wall-cafe"))
    monkeypatch.setattr(cases, "cases", lambda: few)
    assert cli.main(["data", "restraint", "-o", str(tmp_path / "set")]) == 0
    found = cases.opened(tmp_path / "set")
    assert [(c.name, c.kind, c.half, dict(c.regions)) for c in found] == [
        (c.name, c.kind, c.half, dict(c.regions)) for c in few
    ]
    for before, after in zip(few, found, strict=True):
        assert np.array_equal(before.codes(), after.codes())


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (None, "untone data restraint -o DIR makes it"),
        ("{", "is no table of such pictures"),
        ('[{"file": "a.png"}]', "is no table of such pictures"),
        ('[{"file": "a.png", "kind": "unicorns", "half": "choose"}]', "no kind 'unicorns'"),
        ('[{"file": "a.png", "kind": "sun", "half": "best"}]', "half 'best'"),
    ],
)
def test_a_damaged_set_is_refused_in_one_line(tmp_path, table, says) -> None:
    if table:
        (tmp_path / cases.TABLE).write_text(table)
    with pytest.raises(UntoneError, match=says) as fault:
        cases.opened(tmp_path)
    assert "\n" not in str(fault.value)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def plain(name: str, kind: str, code: int, half: str = CHOOSE) -> Case:
    return Case(name, kind, half, lambda random: np.full((64, 64, 3), code, np.uint8))


NOTHING = Method("nothing", "model", "0", lambda p: Made(np.zeros(p.codes.shape, np.float32)))
THREE = Method("three stops", "model", "1", lambda p: Made(np.full(p.codes.shape, 3, np.float32)))
SET = (plain("page", "page, slide, whiteboard", 255), plain("sun", "sun", 255), plain("sun two", "sun", 255, REPORT))


def test_doing_nothing_holds_pages_and_fails_suns() -> None:
    found = verdicts.of_all(SET, [NOTHING, THREE])
    held = {(v.case, v.method): v.held for v in found}
    assert held == {
        ("page", "nothing"): True, ("page", "three stops"): False,
        ("sun", "nothing"): False, ("sun", "three stops"): True,
        ("sun two", "nothing"): False, ("sun two", "three stops"): True,
    }  # fmt: skip
    nothing = [v for v in found if v.method == "nothing"]
    assert verdicts.share_held(nothing) == pytest.approx(1 / 3)
    assert verdicts.kinds_held(nothing) == (1, 2)
    lines = verdicts.markdown(found).splitlines()
    assert any(line.startswith("| sun (2) | lights >= 4.5") and "| 0/2, 1.00 ! |" not in line for line in lines)
    sun = next(line for line in lines if line.startswith("| sun (2)"))
    assert "0/2, 1.00..1.00 !" in sun
    assert "2/2, 8.11..8.11" in sun  # (1 + 1/64) 8 - 1/64
    assert (
        "| **only to report** (1) | all bounds | 0 % held; whole kinds 0 of 1 | 100 % held; whole kinds 1 of 1 |"
        in lines
    )
    kept = verdicts.as_json(found)["restraint"]
    assert kept["share_held"]["for choosing"] == {"nothing": 0.5, "three stops": 0.5}
    assert kept["pictures"][0]["values"] == {"shine": 0, "whites apart": 0}


def test_light_in_wide_primaries_and_gains_on_a_power_base_are_taken_as_light() -> None:
    """Twice white as BT.2020 light, and 2 stops on code ** 2.2 of 128: each by hand."""
    white = verdicts.as_picture(plain("w", "sun", 255))
    wide = Made(np.zeros((64, 64, 3)), direct=Rendition(np.full((64, 64, 3), 2.0), "bt2020"))
    assert verdicts.as_light(white, wide) == pytest.approx(2, abs=1e-3)
    grey = verdicts.as_picture(plain("g", "sun", 128))
    power = Made(np.full((64, 64, 3), 2, np.float32), offset=0.0, of_power=True)
    assert verdicts.as_light(grey, power) == pytest.approx(4 * (128 / 255) ** 2.2, rel=1e-4)


def test_the_command_judges_a_folder(tmp_path, capsys) -> None:
    """A white page and a white 'sun': the model shipped must leave the page alone."""
    rows = []
    for name, kind in (("page", "page, slide, whiteboard"), ("sun", "sun")):
        Pil.fromarray(np.full((64, 64, 3), 255, np.uint8)).save(tmp_path / f"{name}.png")
        rows.append({"file": f"{name}.png", "kind": kind, "half": "choose"})
    (tmp_path / cases.TABLE).write_text(json.dumps(rows))
    words = [
        "eval",
        "--restraint",
        str(tmp_path),
        "--json",
        str(tmp_path / "out.json"),
        "--sheets",
        str(tmp_path / "s"),
    ]
    assert cli.main(words) == 0
    assert "must not shine, must shine (2 pictures)" in capsys.readouterr().out
    made = json.loads((tmp_path / "out.json").read_text())["restraint"]
    assert made["share_held"]["all"]["square"] == 0.5
    page = next(p for p in made["pictures"] if p["case"] == "page" and p["method"] == "fastgamer")
    assert page["held"]
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == ["restraint-page.png", "restraint-sun.png"]
