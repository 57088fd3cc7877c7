"""The table says what is true of methods whose answer is known; a stopped run goes on; broken pictures are named."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

import untone
from untone import cli
from untone.errors import UntoneError, UsageError
from untone.lab.data.layouts import open_dataset
from untone.lab.evaluation import command as evaluate
from untone.lab.evaluation import (
    contact_sheet,
    cost,
    gain_figures,
    gallery,
    measuring,
    methods,
    summaries,
    tables,
)
from untone.lab.evaluation.arguments import PROTOCOLS
from untone.lab.evaluation.catalogue import DEFAULT, GAINS, METRICS
from untone.lab.evaluation.methods import Made, Method
from untone.lab.evaluation.pictures import Picture, Source, evenly, every, of_dataset, of_photos, of_reduced_photos
from untone.lab.evaluation.protocols import protocol
from untone.lab.evaluation.records import Key, Records

SIDES = (48, 64)


def gmnet_folder(folder: Path, count: int = 3, half: bool = False) -> Path:
    """A data set as GMNet's authors keep theirs."""
    for part in ("image", "gainmap", "metadata", "thumbnail"):
        (folder / part).mkdir(parents=True)
    for k in range(count):
        random = np.random.default_rng(k)
        name = f"IMG_{k:03d}"
        ramp = np.linspace(0, 230, SIDES[1])[None, :, None] + random.integers(0, 25, (*SIDES, 3))
        map_sides = tuple(side // 2 for side in SIDES) if half else SIDES
        Pil.fromarray(ramp.astype(np.uint8)).save(folder / "image" / f"{name}.png")
        Pil.fromarray(random.integers(40, 255, map_sides).astype(np.uint8)).save(folder / "gainmap" / f"{name}.png")
        np.save(folder / "metadata" / f"{name}.npy", np.float32(1.0 + 0.5 * k))
        Pil.fromarray(ramp.astype(np.uint8)).resize((256, 256)).save(folder / "thumbnail" / f"{name}.png")
    return folder


@pytest.fixture
def gmnet_data(tmp_path: Path) -> Path:
    return gmnet_folder(tmp_path / "data")


def known(name: str, stops, kind: str = "model") -> Method:
    return Method(name, kind, f"{name}-1", lambda p: Made(stops(p).astype(np.float32)))


ORACLE = known("oracle", lambda p: p.true_stops)
NOTHING = known("nothing", lambda p: np.zeros(p.codes.shape))
HALF = known("half", lambda p: p.true_stops / 2)


def job(*who: Method, columns=DEFAULT, how=None, path: Path | None = None, strict: bool = False) -> measuring.Job:
    records = Records(path, tables.conventions(columns, "note", {}))
    return measuring.Job(list(who), how or protocol(None), columns, records, strict)


def photo(folder: Path, gain: int = 255) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    one_stop = untone.GainMap(np.full((40, 60, 1), gain, np.uint8), (0, 0, 0), (1, 1, 1), alternate_headroom_stops=1.0)
    untone.write(folder / "photo.jpg", untone.Image(pixels), one_stop)


# -- figures ----------------------------------------------------------------------------------------------------------


def test_the_truth_beats_half_of_it_beats_nothing(pairs_folder: Path) -> None:
    whole = of_dataset(open_dataset(pairs_folder))
    few = Source(whole.title, whole.names[:8], whole.load)
    found = measuring.measured(few, job(NOTHING, HALF, ORACLE))
    scores = [found.summary(name, "pq_psnr").mean for name in ("nothing", "half", "oracle")]
    assert scores[0] < scores[1] < 60 < scores[2]
    assert found.summary("half", "pq_psnr_best_strength").mean > 100  # twice half of the truth is the truth
    assert found.summary("nothing", "hue_shift_degrees").median == 0
    assert found.summary("nothing", "brightness_stops").mean == pytest.approx(0, abs=1e-5)
    oracle, truth = found.column("oracle", "peak_stops"), found.column("truth", "peak_stops")
    assert oracle == pytest.approx(truth, abs=1e-3)
    assert found.summary("truth", "pq_psnr") is None
    low, mean, high = (getattr(found.summary("half", "pq_psnr"), part) for part in ("low", "mean", "high"))
    assert low < mean < high
    gap = found.difference("nothing", "half", "pq_psnr")
    assert gap.mean == pytest.approx(scores[1] - scores[0])
    assert gap.low > 0


def test_every_metric_has_a_figure_of_every_picture(gmnet_data: Path) -> None:
    columns = evaluate.OWN
    source = of_dataset(open_dataset(gmnet_data))
    found = measuring.measured(source, job(HALF, columns=columns))
    for name in columns:
        values = list(found.column("half", name).values())
        assert len(values) == 3
        assert np.isfinite(values).all() or name in GAINS, name  # too few pixels of a class say nothing
    assert np.isfinite(list(found.column("half", "gain_eighth_5").values())).all()
    assert set(DEFAULT) <= set(columns)
    assert all(metric.convention and metric.better in ("more", "less", "") for metric in METRICS.values())


def test_the_best_strength_is_that_of_a_full_search() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    light = methods.colour.code_table("srgb")[codes]
    stops = (random.random((40, 50, 3)) * 2).astype(np.float32)
    truth = Made(stops * np.float32(0.7)).on(light)
    picture = Picture("p", untone.Image(codes), 1, codes, light, truth)
    strength, score = methods.best_strength(picture, Made(stops))
    assert strength == 0.7
    assert score > 80


def test_photos_are_compared_with_their_own_map(tmp_path: Path) -> None:
    photo(tmp_path)
    (picture,) = every(of_photos(tmp_path))
    assert picture.truth == pytest.approx((picture.light + 1 / 64) * 2 - 1 / 64, abs=1e-4)
    assert not picture.left_alone
    plain = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    untone.write(tmp_path / "plain.jpg", untone.Image(plain))
    with pytest.raises(UntoneError, match="no gain map"):
        list(every(of_photos(tmp_path)))
    with pytest.raises(UntoneError, match="no such folder"):
        of_photos(tmp_path / "none")


def test_photos_can_be_reduced_before_anything_sees_them_and_pairs_be_few(gmnet_data: Path, tmp_path: Path) -> None:
    photo(tmp_path)
    (picture,) = every(of_reduced_photos(tmp_path, 16))
    assert max(picture.image.pixels.shape[:2]) <= 16
    assert picture.codes.shape == picture.image.pixels.shape
    source = of_dataset(open_dataset(gmnet_data))
    few = evenly(source, 2)
    assert (len(source), len(few)) == (3, 2)
    assert [p.name for p in every(few)] == [list(every(source))[k].name for k in (0, 2)]


def test_pictures_to_leave_alone_are_told_apart(tmp_path: Path) -> None:
    photo(tmp_path, gain=0)
    found = measuring.measured(of_photos(tmp_path), job(known("tenth", lambda p: np.full(p.codes.shape, 0.2))))
    assert found.rows == {}
    assert found.alone["tenth"]["photo"] == pytest.approx(0.2)
    assert "1 picture to leave alone" in tables.markdown(found, DEFAULT, ["tenth"])
    assert "0% within 0.1 stop" in tables.leave_alone(found)


def test_intervals_are_those_of_a_seeded_bootstrap() -> None:
    values = list(np.random.default_rng(0).normal(30, 2, 200))
    found = summaries.summary([*values, float("nan")])
    assert found.count == 200
    assert found.low == pytest.approx(found.mean - 1.96 * np.std(values) / np.sqrt(200), abs=0.06)
    assert found == summaries.summary(values)
    assert summaries.summary([float("nan")]) is None


# -- protocols --------------------------------------------------------------------------------------------------------


def test_gmnet_gives_the_numbers_of_its_test_script(gmnet_data: Path) -> None:
    """Worked again from the files: SDR ** 2.2 * 2 ** (clip(Q) * log2 peak) / peak."""
    found = measuring.measured(
        of_dataset(open_dataset(gmnet_data), None),
        job(NOTHING, how=protocol("gmnet", 8.0), columns=("gmnet_psnr", "gmnet_norm_psnr")),
    )
    for k in range(3):
        sdr = (np.asarray(Pil.open(gmnet_data / "image" / f"IMG_{k:03d}.png")) / 255.0) ** 2.2
        share = np.asarray(Pil.open(gmnet_data / "gainmap" / f"IMG_{k:03d}.png"))[..., None] / 255.0
        scaled = np.clip(share * (1 + 0.5 * k) / 3, 0, 1) * 3
        truth, made = sdr * 2**scaled / 8, sdr / 8
        psnr = -10 * np.log10(np.mean((made - truth) ** 2))
        figures = found.rows["nothing"][f"IMG_{k:03d}"]
        # sRGB + 1/64 leads to light a little above code ** 2.2 in the dark; the protocol clips made gains at 0
        assert figures["gmnet_psnr"] == pytest.approx(psnr, abs=0.15)
        assert figures["gmnet_norm_psnr"] == pytest.approx(figures["gmnet_psnr"] + 20 * np.log10(truth.max()), abs=0.01)


def test_gmnet_weights_in_their_own_convention_are_exact(gmnet_data: Path) -> None:
    exact = Method("exact", "model", "x", lambda p: Made(np.ones(p.codes.shape, np.float32), 0.0, of_power=True))
    how = protocol("gmnet", 5.0)
    (picture, *_) = every(of_dataset(open_dataset(gmnet_data), None))
    made = how.prepare(picture, exact.make(picture)).made.light
    assert made == pytest.approx((picture.codes / 255.0) ** 2.2 * 2 / 5, abs=1e-6)


class Thumbnails:
    """A network whose gain is the mean of the thumbnail that it was given."""

    offset, card = 0.0, {"shape": {"convention": "gmnet"}}

    def gain_stops(self, pixels, thumbnail=None):
        return np.full((*pixels.shape[:2], 1), -1 if thumbnail is None else thumbnail.mean() / 255, np.float32)


def test_gmnets_protocol_gives_networks_the_thumbnails_of_the_set(gmnet_data: Path) -> None:
    white = np.full((256, 256, 3), 255, np.uint8)
    Pil.fromarray(white).save(gmnet_data / "thumbnail" / "IMG_000.png")
    data = open_dataset(gmnet_data)
    own, ours = (next(every(of_dataset(data, None, own_thumbnails=given))) for given in (True, False))
    assert methods._by_gain(Thumbnails(), own).stops.max() == 1
    assert methods._by_gain(Thumbnails(), ours).stops.max() == -1


def test_hdrtvnet_rounds_to_sixteen_bits(gmnet_data: Path) -> None:
    (picture, *_) = every(of_dataset(open_dataset(gmnet_data), None))
    compared = protocol("hdrtvnet").prepare(picture, Made(picture.true_stops / 2))
    for side in (compared.made, compared.truth):
        assert side.pq * 65535 == pytest.approx(np.rint(side.pq * 65535), abs=1e-2)
        assert side.primaries == "bt2020"
    assert METRICS["pq_psnr"].compute(compared) == pytest.approx(
        -10 * np.log10(np.mean((compared.made.pq - compared.truth.pq) ** 2)), abs=1e-3
    )


def test_fastgamer_linearises_both_by_2_2_and_divides_by_the_truths_peak(gmnet_data: Path) -> None:
    (picture, *_) = every(of_dataset(open_dataset(gmnet_data), None))
    stops = np.full(picture.codes.shape, 0.5, np.float32)
    compared = protocol("fastgamer").prepare(picture, Made(stops))
    base = (picture.codes / 255.0) ** 2.2
    made = (base + 1 / 64) * 2**0.5 - 1 / 64
    truth = (base + 1 / 64) * 2.0**picture.true_stops - 1 / 64
    assert compared.made.light == pytest.approx(made, abs=1e-5)
    matrix = methods.colour.rgb_to_rgb("bt709", "bt2020").T
    wide = [np.maximum(light @ matrix, 0) for light in (made, truth)]
    expected = -10 * np.log10(np.mean((wide[0] - wide[1]) ** 2) / wide[1].max() ** 2)
    assert METRICS["linear_psnr"].compute(compared) == pytest.approx(expected, abs=1e-3)


def test_all_protocols_have_columns_that_exist() -> None:
    for name in (None, *PROTOCOLS):
        assert set(protocol(name).columns) <= set(METRICS)
        assert protocol(name).note


# -- doors of models --------------------------------------------------------------------------------------------------


class GivesGain:
    offset, card = 1 / 64, {"shape": {"convention": "untone"}}

    def gain_stops(self, pixels):
        height, width = (-(-side // 2) for side in pixels.shape[:2])
        return np.full((height, width, 1), 0.75, np.float32)


class GivesLight:
    def __init__(self, upscale: int) -> None:
        self.upscale, self.card = upscale, {}

    def light(self, pixels):
        sdr = methods.colour.code_table("srgb")[pixels] * 2
        wide = sdr @ methods.colour.rgb_to_rgb("bt709", "bt2020").T
        return wide.repeat(self.upscale, 0).repeat(self.upscale, 1).astype(np.float32)


def flat_picture(value: int = 128) -> Picture:
    codes = np.full((41, 50, 3), value, np.uint8)
    light = methods.colour.code_table("srgb")[codes]
    image = untone.Image(codes, orientation=6)
    return Picture("flat", image, 1, codes, light, light * 2)


def test_networks_that_see_every_pixel_go_through_their_own_doors() -> None:
    picture = flat_picture()
    made = methods._by_gain(GivesGain(), picture)
    assert made.stops == pytest.approx(np.full((41, 50, 3), 0.75))
    for upscale in (1, 4):
        made = methods._by_light(GivesLight(upscale), picture)
        assert made.on(picture.light) == pytest.approx(picture.light * 2, abs=1e-4)
        assert made.direct.bt2020.shape == (41, 50, 3)
        figures = measuring.figures_of(picture, made, protocol(None), DEFAULT)
        assert figures["pq_psnr"] > 80


def test_bicubic_takes_part_beside_networks_that_enlarge_alone() -> None:
    """A flat picture at a quarter of its size is itself again; square is light x (1 + 3.93 Y^2)."""
    plain, large = (
        methods.Method("m", "model", "", lambda p: Made(p.light), {"shape": {"upscale": n}}) for n in (1, 4)
    )
    assert methods.beside([plain]) == []
    bicubic, square = methods.beside([plain, large])
    picture = flat_picture()
    assert bicubic.make(picture).on(picture.light) == pytest.approx(picture.light, abs=1e-4)
    expected = picture.light * (1 + 3.93 * picture.light**2)
    assert square.make(picture).on(picture.light) == pytest.approx(expected, rel=2e-3)


def test_labels_are_short_and_distinct() -> None:
    assert methods.labels(["fastgamer"]) == ["fastgamer"]
    assert methods.labels(["a/x/fastgamer.onnx", "a/y/fastgamer.onnx"]) == ["x/fastgamer", "y/fastgamer"]
    assert methods.labels(["m.onnx", "m.onnx"]) == ["m.onnx (1)", "m.onnx (2)"]


# -- kept rows --------------------------------------------------------------------------------------------------------


def test_a_stopped_run_goes_on_and_measures_only_what_is_missing(gmnet_data: Path, tmp_path: Path) -> None:
    path, calls = tmp_path / "rows.csv", []

    def counted(picture: Picture) -> np.ndarray:
        calls.append(picture.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return picture.true_stops / 2

    source = of_dataset(open_dataset(gmnet_data))
    with pytest.raises(KeyboardInterrupt):
        measuring.measured(source, job(known("m", counted), path=path))
    with path.open("a") as file:
        file.write("pairs of data,IMG_002,m,mod")  # half a row, as a killed process leaves it
    found = measuring.measured(source, job(known("m", counted), path=path))
    assert calls == ["IMG_000", "IMG_001", "IMG_002", "IMG_002"]
    again = measuring.measured(source, job(known("m", counted), path=path))
    assert len(calls) == 4
    first, second = (list(f.column("m", "pq_psnr").values()) for f in (found, again))
    assert first == pytest.approx(second, rel=1e-5)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["picture"] for row in rows if row["method"] == "m"] == ["IMG_000", "IMG_001", "IMG_002"]
    head = next(name for name in rows[0] if name.startswith("pq_psnr ["))
    assert "BT.2020" in head
    assert "203" in head
    other = known("m", counted)
    changed = Method("m", "model", "m-2", other.make)
    measuring.measured(source, job(changed, path=path))
    assert len(calls) == 7  # other weights under the same name are measured again


def test_a_file_that_is_no_table_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "diary.csv"
    path.write_text("Dear diary\n")
    with pytest.raises(UntoneError, match="no table"):
        Records(path, {"a": "b"})
    assert path.read_text() == "Dear diary\n"
    Records(tmp_path / "new.csv", {"a": "b"}).add(Key("s", "p", "m", "k", "h", "w"), {"a": float("nan")})
    assert np.isnan(Records(tmp_path / "new.csv", {"a": "b"}).get(Key("s", "p", "m", "k", "h", "w"))["a"])
    assert len(Records(tmp_path / "new.csv", {"a": "another convention"})) == 0


def test_broken_pictures_are_named_and_left_out_or_end_it(gmnet_data: Path, tmp_path: Path, capsys) -> None:
    (gmnet_data / "metadata" / "IMG_001.npy").unlink()
    found = measuring.measured(of_dataset(open_dataset(gmnet_data)), job(NOTHING))
    assert list(found.rows["nothing"]) == ["IMG_000", "IMG_002"]
    assert "IMG_001" in capsys.readouterr().err
    photo(tmp_path)
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "photo.jpg").read_bytes()[:300])
    found = measuring.measured(of_photos(tmp_path), job(NOTHING))
    assert list(found.rows["nothing"]) == ["photo"]
    assert "cut.jpg" in found.skipped[0]
    with pytest.raises(UntoneError, match=r"cut\.jpg"):
        measuring.measured(of_photos(tmp_path), job(NOTHING, strict=True))


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ([], "name what to measure on"),
        (["--data", "x", "--metrics", "nonsense"], "no metric nonsense"),
        (["--data", "x", "--metrics", "gmnet_psnr"], "--protocol gmnet"),
        (["--data", "x", "--metrics", "hdrvdp3"], "--hdrvdp names"),
        (["--data", "x", "--peak", "5"], "--protocol gmnet"),
        (["--data", "x", "--pixels", "-1"], "--pixels"),
        (["--data", "x", "--reference-only", "--model", "m"], "measures no model"),
        (["--data", "x", "--model", "nonsense"], "no such model"),
    ],
)
def test_requests_that_make_no_sense_are_told_so(words, match) -> None:
    with pytest.raises(UsageError, match=match):
        evaluate.run(cli.command_parser("eval").parse_args(words))


def test_fits_are_kept_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "fits.json"
    plain = {"curve": [0.0, 1.0], "lut": np.zeros((2, 2, 2, 3)).tolist(), "lut_strength": 1.25}
    plain["ridge"] = np.zeros((45, 10)).tolist()
    path.write_text(json.dumps(plain))
    fits = evaluate.fitted(None, path)
    assert fits["lut_strength"] == 1.25
    names = [c.name for c in methods.available_baselines(fits)]
    assert names == ["identity", "linear expansion", "gamma expansion", "BT.2446 A inverse", "square",
                     "gentle square", "one curve", "one 3D LUT", "one 3D LUT, tuned", "ridge"]  # fmt: skip
    assert len(methods.available_baselines(fits, oracles=True)) == len(methods.BASELINES)
    assert [c.name for c in methods.available_baselines({})] == names[:6]
    for damage in (
        "{",
        json.dumps(plain | {"lut": [[1.0]]}),
        json.dumps({"curve": [1.0]}),
        json.dumps(plain | {"ridge": [1.0]}),
    ):
        path.write_text(damage)
        with pytest.raises(UntoneError, match="holds no fits"):
            evaluate.fitted(None, path)
    with pytest.raises(UntoneError, match="no such file"):
        evaluate.fitted(None, tmp_path / "none.json")


def test_the_peak_of_gmnet_follows_the_data(tmp_path: Path) -> None:
    assert evaluate._gmnet_peak(gmnet_folder(tmp_path / "whole", 1)) == 8.0
    assert evaluate._gmnet_peak(gmnet_folder(tmp_path / "half", 1, half=True)) == 5.0
    assert evaluate._gmnet_peak(None) == 8.0


def test_what_a_model_costs() -> None:
    found = cost.cost("fastgamer", timed=False)
    assert 600_000 < found["parameters"] < 1_200_000
    assert 0.149e9 < found["macs_4k"] < 2e9  # the projection alone is 18 MACs a pixel
    assert "twice" in found["macs_convention"]


def test_multiply_adds_of_a_graph_by_hand() -> None:
    import onnx
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], np.zeros(216))
    free = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, "h", "w_"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node("Conv", ["x", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1])
    model = helper.make_model(helper.make_graph([node], "g", [free], [out], [weight]))
    assert onnx.__version__
    assert cost.macs(model, {"height": 20, "width": 30}) == 10 * 15 * 8 * 27
    assert cost.parameters(model) == 216


def test_the_page_stands_alone_and_shows_the_worst(gmnet_data: Path) -> None:
    who = [NOTHING, HALF]
    columns = (*DEFAULT, *GAINS)
    source = of_dataset(open_dataset(gmnet_data))
    found = measuring.measured(source, job(*who, columns=columns))
    notes = tables.conventions(columns, "note", {})
    page = gallery.page([found], [source], who, protocol(None), columns, notes, "<headline>")
    assert "&lt;headline&gt;" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    assert page.count("<figure class=picture>") == 3
    assert page.count("data:image/jpeg;base64,") == 3 * (4 * 4 + 2)  # SDR, two models, truth; an error each
    assert page.count("<dl class=gains>") == 3 * 3  # under both models and the truth
    names = gallery.worst(found, "nothing", "pq_psnr")
    scores = found.column("nothing", "pq_psnr")
    assert names == sorted(scores, key=scores.get)
    assert page.index(f"<b>{names[0]}</b>") < page.index(f"<b>{names[-1]}</b>")
    for name in DEFAULT:
        assert METRICS[name].head in page
    assert "All, by PQ-PSNR dB of nothing" in page
    one = gallery.page([found], [source], who, protocol(None), columns, notes, "", most=1)
    assert one.count("<figure class=picture>") == 1
    assert "The 1 worst of 3" in one


def test_what_the_gain_does_stands_beside_the_truth_and_real_photos(gmnet_data: Path) -> None:
    """Half of the truth's gain has half of its figures; without these columns there is no such table."""
    source = of_dataset(open_dataset(gmnet_data))
    found = measuring.measured(source, job(HALF, NOTHING, columns=(*DEFAULT, *GAINS)))
    half, nothing, truth = gain_figures.of_methods(found).values()
    assert half.mean.by_code[4:] == pytest.approx(truth.mean.by_code[4:] / 2, abs=1e-4)
    assert nothing.mean.above == pytest.approx([0, 0, 0])
    head = gain_figures.markdown(found).splitlines()[3]
    assert [cell.strip() for cell in head.strip("|").split("|")][1:5] == [
        "half (3)", "nothing (3)", "truth (3)", "real photos: phones and Adobe (19)",
    ]  # fmt: skip
    kept = gain_figures.as_json([found])["gain_statistics"]
    assert kept[found.title]["half"]["gain_eighth_8"] == pytest.approx(half.mean.by_code[7])
    assert kept["real photos"]["Lightroom"]["gain_eighth_8"] == 0.98
    plain = measuring.measured(source, job(HALF))
    assert gain_figures.markdown(plain) == ""
    assert gain_figures.others(("pq_psnr", *GAINS)) == ("pq_psnr",)
    assert gain_figures.others(("pq_psnr", "lights_stops")) == ("pq_psnr", "lights_stops")


def test_a_contact_sheet_names_its_rows_and_columns() -> None:
    light = np.full((20, 30, 3), 4.0)
    made = contact_sheet.sheet({"SDR": light / 4, "a model with a rather long name/indeed": light}, width=60)
    assert made.shape == (26 + 2 * 40, 150 + 4 * 60, 3)
    assert (made[26:, 150:210] == 255).all()  # 0 EV, both rows at or above white
    assert (made[66:, 270:330] == 255).all()  # -2 EV, 4 x white
    assert made[66:, 330:].max() < 200  # -3 EV
    assert (made[:26, 150:] < 128).any(axis=(0, 2)).sum() > 40  # the exposures' names
    assert all((rows[:, :150] < 128).any() for rows in (made[26:66], made[66:]))


def test_the_command_writes_every_form_of_the_table(gmnet_data: Path, tmp_path: Path, capsys, monkeypatch) -> None:
    """As a process, with the shipped model; then again, where nothing is measured anew."""
    outputs = {kind: tmp_path / f"out.{kind}" for kind in ("json", "csv", "html")}
    words = [sys.executable, "-m", "untone", "eval", "--data", str(gmnet_data), "--protocol", "hdrtvnet",
             "--metrics", "pq_psnr,delta_e_itp,hue_shift_degrees", "--sheets", str(tmp_path / "sheets")]  # fmt: skip
    words += [word for kind, path in outputs.items() for word in (f"--{kind}", str(path))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "| fastgamer |" in done.stdout
    assert "16-bit PQ" in done.stdout
    assert "left out" in done.stderr  # no fits: said, not silent
    kept = outputs["csv"].read_text()
    monkeypatch.setattr(measuring, "figures_of", None)
    assert cli.main([*words[3 : words.index("--json")], "--csv", str(outputs["csv"])]) == 0
    assert capsys.readouterr().out == done.stdout
    assert outputs["csv"].read_text() == kept
    made = json.loads(outputs["json"].read_text())
    assert cli.main([*words[3 : words.index("--json")], "--csv", str(outputs["csv"]), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)  # all of stdout; figures kept in a CSV have fewer digits
    assert shown.keys() == made.keys()
    assert shown["sets"].keys() == made["sets"].keys()
    assert made["protocol"] == "hdrtvnet"
    assert "BT.2020" in made["conventions"]["pq_psnr"]
    (table,) = made["sets"].values()
    assert set(table["methods"]["fastgamer"]["pictures"]) == {"IMG_000", "IMG_001", "IMG_002"}
    found = table["methods"]["fastgamer"]["figures"]["pq_psnr"]
    assert found["low"] <= found["mean"] <= found["high"]
    assert table["methods"]["truth"]["figures"]["pq_psnr"] is None
    assert {row["second"] for row in table["paired_differences"]} >= {"identity"}
    assert made["methods"]["fastgamer"]["card"]["architecture"] == "fastgamer"
    assert outputs["html"].read_text().startswith("<!doctype html>")
    assert len(list((tmp_path / "sheets").glob("*.png"))) == 3
