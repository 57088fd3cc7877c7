"""untone rivals: pairs, rivals, figures, the table's arithmetic, and that a stopped run goes on."""

import dataclasses
import json
import math

import numpy as np
import pytest

from untone import cli, pipeline
from untone.image import Image
from untone.implicit import quantization, residual_map
from untone.lab.data.examples import Example, light_of
from untone.lab.data.layouts import hdrtv1k
from untone.lab.data.pairs import save_shard
from untone.lab.data.sources import Source
from untone.lab.data.synthesis.pair import Pair
from untone.lab.implicit import coded_maps, methods, rivals, tonemappers
from untone.lab.implicit import comparison as rivals_comparison
from untone.lab.implicit import plot as rivals_plot
from untone.lab.implicit import scenes as view_scenes
from untone.lab.implicit import table as rivals_table
from untone.lab.implicit.coded_maps import Point
from untone.lab.implicit.settings import GROUPS, Settings
from untone.residuals import Residual


def hdr_light(height=48, width=64):
    y, x = np.mgrid[0:height, 0:width] / width
    light = 0.18 * np.exp2(8 * np.sin(5 * x + 4 * y))[..., None] * np.array([1, 0.9, 0.7])
    return light.astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("rivals")
    pipeline.write(path / "hills.exr", Image(hdr_light(), transfer="linear", bits=32))
    return path


@pytest.fixture(scope="module")
def scene(folder):
    return view_scenes.scene(Source(folder / "hills.exr", False, True, "hills"), "drago", (40, 32))


def test_the_middle_is_cut_out_and_never_resampled():
    light = np.arange(5 * 9 * 3, dtype=np.float32).reshape(5, 9, 3)
    np.testing.assert_array_equal(view_scenes.middle(light, 4, 3), light[1:4, 2:6])
    np.testing.assert_array_equal(view_scenes.middle(light, 20, 20), light)
    upright = light.swapaxes(0, 1)
    np.testing.assert_array_equal(view_scenes.middle(upright, 4, 3), upright[2:6, 1:4])


def test_a_master_is_exposed_and_ends_at_1000_nits():
    light = np.full((4, 4, 3), 0.18, np.float32)
    np.testing.assert_allclose(view_scenes.graded(light), 0.1, rtol=1e-5)
    light[0, 0] = [1800, 900, 0]
    made = view_scenes.graded(light)
    np.testing.assert_allclose(made[0, 0] * 203, [1000, 500, 0], rtol=1e-4)


def test_residuals_lead_back(scene):
    for residual in coded_maps.KINDS.values():
        made = scene.rebuilt(scene.residual(residual), residual)
        np.testing.assert_allclose(made, scene.truth.pq, atol=2e-4)


def test_the_papers_equations_by_hand():
    """S = 0.25 and H = 0.5 as PQ codes: f = log2 of their ratio, and the ratio of their logarithms, offset 1/64."""
    image = Image(np.full((1, 1, 3), 9, np.uint8))
    made = view_scenes.Scene("", image, np.ones((1, 1, 3), np.float32))
    made.__dict__["base_pq"] = np.full((1, 1, 3), 0.25, np.float32)
    made.truth.__dict__["pq"] = np.full((1, 1, 3), 0.5, np.float32)
    low, high = 0.25 + 1 / 64, 0.5 + 1 / 64
    gain, gamma = (made.residual(Residual(kind, "pq"))[0, 0, 0] for kind in ("gain", "gamma"))
    assert gain == pytest.approx(math.log2(high / low), rel=1e-5)
    assert gamma == pytest.approx(math.log(high) / math.log(low), rel=1e-5)


def test_a_jpeg_base_is_what_it_decodes_to(folder):
    source = Source(folder / "hills.exr", False, True, "hills")
    exact, decoded = (view_scenes.scene(source, "drago", (40, 32), quality) for quality in (0, 60))
    assert (exact.image.pixels != decoded.image.pixels).any()
    np.testing.assert_array_equal(exact.light, decoded.light)


SHORT = Settings(divisors=(2, 1), qualities=(60, 90), neurons=(16,), steps=60, batch=256, ladder=(10, 40))


def test_points_cover_every_kind_codec_and_size(scene):
    found = list(coded_maps.points(scene, SHORT))
    assert {(p.kind, p.codec, p.divisor) for p in found} == {
        (kind, codec, divisor) for kind in coded_maps.KINDS for codec in residual_map.CODECS for divisor in (2, 1)
    }
    lossy = {(p.codec, p.quality): p for p in found if p.kind == "gamma" and p.divisor == 1}
    assert lossy["jpeg", 90].pq_psnr > lossy["jpeg", 60].pq_psnr
    assert lossy["jpeg", 90].bytes > lossy["jpeg", 60].bytes
    capped = coded_maps.points(scene, Settings(divisors=(1,), qualities=(60, 90), most_bytes=1))
    assert {p.quality for p in capped} == {60}


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 5), (23, 40), (46, 79)])
def test_every_third_value_is_what_the_whole_picture_has_there(shape):
    codes = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    small = residual_map.Reduced(codes, np.float32([-1, 0, 0.5]), np.float32([1, 2, 4]))
    whole = residual_map.values(small, 46, 79)
    np.testing.assert_allclose(coded_maps.sampled(small, 46, 79), whole[::3, ::3], atol=1e-6)


def test_rows_are_those_of_the_groups_asked_for(scene):
    point = Point("gain", "jpeg", 4, 80, 900, 30)
    names = {
        group: list(rivals_comparison.entries(scene, [point], {}, Settings(only=(group,)), False)) for group in GROUPS
    }
    assert names["maps"][0] == "Gain-JPEG"
    assert names["maps"][-1] == "Best gain map up to 10 KB"
    assert (names["direct-mlp"], names["mlp-itm"]) == (["Direct-MLP", "Direct-MLP, our training"], [])
    assert {"Gain-JPEG 4:2:0, bicubic", "Gamma-HEIC 4:2:0, bicubic", "Gamma-JXL, bicubic"} < set(names["maps"])
    starts = {"MLP-ITM": methods.MlpItm(), "MLP-ITM, published weights": methods.MlpItm()}
    some = Settings(only=("mlp-itm", "direct-mlp"))
    found = list(rivals_comparison.entries(scene, [], starts, some, True))
    assert found[2:] == ["Direct-MLP, the paper's schedule", *starts]
    assert names["networks"] == ["Gain-MLP 16", *(f"Gamma-MLP {n}" for n in (8, 16, 48)), "Gamma-MLP without SDR"]


def test_the_best_point_is_within_its_limit():
    points = [Point("gain", "jpeg", 4, 80, size, psnr) for size, psnr in ((900, 30), (1000, 35), (1001, 40))]
    assert coded_maps.best(points, ("gain",), 1000).pq_psnr == 35
    assert coded_maps.best(points, ("gamma",), 1000) is None


def test_a_blind_network_learns_places_only(scene):
    made, size = rivals_comparison.blind(scene, SHORT)
    assert made.shape == scene.light.shape
    assert size == 2 * (48 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3)
    assert rivals_comparison.figures(scene, made)["pq_psnr"] > 20


def test_the_truth_has_perfect_figures(scene):
    found = rivals_comparison.figures(scene, scene.truth.pq)
    assert found["pq_psnr"] == 120
    assert found["pq_ssim"] == pytest.approx(1)
    assert max(found[key] for key in ("delta_e_2000", "delta_e_ipt", "delta_e_itp")) < 1e-6


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch):
    """Settings of seconds, behind the command's own; weights are left as they are instead of rounded to 8 bits."""
    monkeypatch.setattr(quantization, "rounded", lambda vector, *_: vector)
    monkeypatch.setattr(rivals, "Settings", lambda **more: Settings(**{**SHORT.__dict__, **more}))
    monkeypatch.setattr(rivals_comparison, "PAPER", dataclasses.replace(rivals_comparison.PAPER, steps=20))
    for name in ("neurons", "steps", "most_bytes"):
        monkeypatch.setattr(rivals.Settings, name, getattr(SHORT, name), raising=False)


TIMED = {"Gain": " 16", "Gamma": " 16", "Direct": ""}


def command(folder, *more):
    return cli.main(["rivals", str(folder / "hills.exr"), "-o", str(folder / "out"), "--size", "40x32", *more])


def test_the_command_makes_a_table_and_goes_on(folder, short, monkeypatch, capsys):
    line = ("--mappers", "drago", "guided", "--steps", "60", "--slow-views", "1")
    made, real = [], rivals.pair

    def stopped(*given):
        if made:
            raise KeyboardInterrupt
        made.append(given[2])
        return real(*given)

    monkeypatch.setattr(rivals, "pair", stopped)
    assert command(folder, *line) == 130
    assert [path.name for path in (folder / "out" / "pairs").iterdir()] == ["hills-drago.json"]
    monkeypatch.setattr(rivals, "pair", lambda *given: made.append(given[2]) or real(*given))
    assert command(folder, *line) == 0
    assert made == ["drago", "guided"]
    text = (folder / "out" / "table.md").read_text()
    rows = ("Gain-JPEG", "Gamma-AVIF", "Best gain map up to 10 KB", "Direct-MLP", "Gain-MLP 16", "Gamma-MLP 16")
    for row in (*rows, "Gamma-MLP without SDR", "Gamma-MLP 16, the paper's schedule"):
        assert f"| {row} |" in text
    assert "Pairs: 2, of views hills, at most 40 x 32 pixels, by tone mappers drago, guided." in text
    assert (folder / "out" / "curves.png").read_bytes()[:4] == b"\x89PNG"
    found = json.loads((folder / "out" / "table.json").read_text())
    assert found["verdict"]["guided"]["Gamma-MLP 16"]["pairs"] == 1
    timed = {(row["method"], row["steps"]) for row in found["by_time"]}
    assert timed == {(f"{name}-MLP{tail}", n) for name, tail in TIMED.items() for n in (10, 40)}
    assert (folder / "out" / "times.png").read_bytes()[:4] == b"\x89PNG"
    capsys.readouterr()
    assert command(folder, "--mappers", "drago", "--steps", "61") == 1
    assert "holds another experiment" in capsys.readouterr().err
    assert command(folder, *line, "--only", "maps") == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--size", "40"), "must be WIDTHxHEIGHT"),
        (("--neurons", "8"), "16 among them"),
        (("--quality", "101"), "--quality is 0 to 100"),
        (("--mappers", "gamma"), "invalid choice"),
        (("--pairs", "data"), "HDR sources or --pairs are needed, and not both"),
    ],
)
def test_requests_that_make_no_sense(folder, capsys, line, words):
    assert command(folder, *line) == 2
    assert words in capsys.readouterr().err


def test_a_start_that_is_damaged_is_one_line(folder, tmp_path, capsys):
    (tmp_path / "start.pt").write_bytes(b"cut short")
    words = ["--only", "mlp-itm", "--mappers", "drago", "--size", "64x48", "--slow-views", "0", "-q"]
    assert cli.main(["rivals", str(folder), "-o", str(tmp_path), "--train", str(folder), *words]) == 1
    assert capsys.readouterr().err.endswith("start.pt: not a file of weights that torch reads\n")


@pytest.mark.parametrize("layout", ["hdrtv1k", "pairs"])
def test_ready_pairs_are_taken_as_they_are(tmp_path, layout):
    """Codes as in the data set; light as it says, BT.2020 red of PQ codes too, which lies beyond BT.709."""
    sdr = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    stops = np.full(sdr.shape, 1.5, np.float16)
    example = Example("a", sdr, stops, np.zeros((256, 256, 3), np.uint8))
    if layout == "hdrtv1k":
        red = np.zeros(sdr.shape, np.uint16)
        red[..., 0] = 40000
        hdrtv1k.write(tmp_path, dataclasses.replace(example, pq=red))
    else:
        save_shard(tmp_path, 0, [Pair(sdr, stops, {})])
    (ready,) = view_scenes.ready_pairs(tmp_path)
    scene = view_scenes.scene(ready, view_scenes.AS_GIVEN, (32, 32))
    np.testing.assert_array_equal(scene.image.pixels, sdr[8:40, 8:40])
    if layout == "hdrtv1k":
        np.testing.assert_allclose(scene.truth.pq[0, 0], [40000 / 65535, 0, 0], atol=1e-4)
        assert scene.light.min() < 0
    else:
        np.testing.assert_allclose(scene.light, light_of(sdr, stops)[8:40, 8:40])
    assert np.isfinite(scene.residual(coded_maps.KINDS["ISO gain"])).all()


def test_ready_pairs_by_the_command(tmp_path, short, capsys):
    sdr = (np.mgrid[:48, :48].sum(0) * 2)[..., None].repeat(3, 2).astype(np.uint8)
    (tmp_path / "data").mkdir()
    save_shard(tmp_path / "data", 0, [Pair(sdr, (sdr / 100).astype(np.float16), {})])
    line = ["rivals", "--pairs", str(tmp_path / "data"), "-o", str(tmp_path / "out"), "--only", "maps", "networks"]
    assert cli.main([*line, "--slow-views", "0", "--steps", "60"]) == 0
    assert (
        "of views data-0, at most 960 x 640 pixels, by tone mappers as given."
        in (tmp_path / "out/table.md").read_text()
    )
    assert cli.main([*line, "--mappers", "drago"]) == 2
    assert "tone mapped already" in capsys.readouterr().err


def test_maps_as_published_lose_more_colour_at_fewer_bytes(scene):
    """Colours at half size: fewer bytes than the same codec at 4:4:4, and a rendition near the truth all the same."""
    for name in coded_maps.PUBLISHED:
        made, size = coded_maps.published(scene, "gamma", name)
        assert made.shape == scene.light.shape
        assert 100 < size < 3000
        assert rivals_comparison.figures(scene, made)["pq_psnr"] > 25


def test_direct_mlp_by_our_training_learns_the_difference(scene):
    made, size = rivals_comparison.direct_as_ours(scene, SHORT)
    before = rivals_comparison.figures(scene, scene.base_pq)["pq_psnr"]
    assert rivals_comparison.figures(scene, made)["pq_psnr"] > before + 6
    assert size == 2580


# -- the table --------------------------------------------------------------------------------------------------------


def a_pair(view, mapper, network, maps):
    points = [
        {"kind": kind, "codec": "jpeg", "divisor": 1, "quality": 80, "bytes": size, "pq_psnr": psnr}
        for kind, size, psnr in maps
    ]
    row = {"bytes": 4000, "cpu_seconds": 1.0, "pq_psnr": network}
    return {"view": view, "mapper": mapper, "rows": {"Gamma-MLP 16": row}, "points": points, "by_time": []}


def test_maps_are_read_between_sizes_by_hand():
    points = a_pair("", "", 0, [("gain", 1000, 30.0), ("gain", 4000, 29.0), ("ISO gain", 16000, 40.0)])["points"]
    kinds = ("gain", "ISO gain")
    assert rivals_table.within(points, kinds, 999) is None
    assert rivals_table.within(points, kinds, 4000) == pytest.approx(
        35
    )  # half of the way from 1000 to 16000, by logarithm
    assert rivals_table.within(points, kinds, 1e6) == 40
    assert rivals_table.within(points, ("gamma",), 4000) is None


def test_the_verdict_by_hand():
    pairs = [
        a_pair("a", "drago", 50.0, [("gain", 4000, 46.0), ("gamma", 4000, 49.0)]),
        a_pair("b", "drago", 50.0, [("gain", 4000, 47.5), ("gamma", 9000, 49.0)]),
        a_pair("a", "guided", 50.0, [("gain", 4000, 48.0)]),
    ]
    found = rivals_table.verdict(pairs)
    drago, guided, whole = (found[m]["Gamma-MLP 16"] for m in ("drago", "guided", "all"))
    assert drago["over_gain_maps_db"].mean == pytest.approx(3.25)
    assert drago["over_gamma_maps_db"].count == 1
    assert drago["goal_reached"] is True
    assert guided["goal_reached"] is False
    assert whole["over_gain_maps_db"].mean == pytest.approx(8.5 / 3)
    assert whole["pairs"] == 3


def test_views_count_once_however_many_mappers():
    pairs = [a_pair("a", "drago", 40.0, []), a_pair("a", "guided", 50.0, []), a_pair("b", "drago", 55.0, [])]
    assert rivals_table.table(pairs)["Gamma-MLP 16"]["pq_psnr"].mean == pytest.approx(50)
    assert rivals_table.table(pairs, "drago")["Gamma-MLP 16"]["pq_psnr"].mean == pytest.approx(47.5)


def test_a_row_of_fewer_views_says_so():
    pairs = [a_pair("a", "drago", 40.0, []), a_pair("b", "drago", 50.0, [])]
    pairs[0]["rows"]["MLP-ITM"] = {"bytes": 1, "cpu_seconds": 1.0, "pq_psnr": 30.0}
    state = {"claim": {"base_quality": 0, "size": [9, 9], "settings": {"seed": 0}}, "commit": "a"}
    text = rivals_table.markdown(pairs, state)
    assert "| MLP-ITM (1 of 2 views) | 30.00 |" in text
    assert "| Gamma-MLP 16 | 45.00 (40.00 to 50.00) |" in text


def test_curves_keep_settings_that_every_pair_has_and_none_smaller_beats():
    first = a_pair("a", "drago", 50.0, [("gain", 1000, 30.0)])
    second = a_pair("b", "drago", 52.0, [("gain", 3000, 34.0)])
    second["points"].append({**second["points"][0], "quality": 90, "bytes": 9000, "pq_psnr": 50.0})
    found = {curve.name: curve.points for curve in rivals_plot.curves([first, second])}
    assert found["gain jpeg"] == ((2000.0, 32.0),)
    assert found["Gamma-MLP"] == ((4000.0, 51.0),)
    assert found["MLP-ITM"] == ()
    assert rivals_plot.csv_of(rivals_plot.curves([first, second])).splitlines()[1] == "gain jpeg,2000,32.000"


def test_light_above_white_is_asked_for(folder, tmp_path, capsys):
    pipeline.write(
        tmp_path / "dim.exr", Image(0.2 + 0.25 * hdr_light() / hdr_light().max(), transfer="linear", bits=32)
    )
    code = cli.main(["rivals", str(tmp_path / "dim.exr"), "-o", str(tmp_path / "out")])
    assert code == 1
    assert "\n" not in capsys.readouterr().err.strip()


@pytest.mark.parametrize("name", tonemappers.MAPPERS)
def test_every_mapper_makes_a_scene(folder, name):
    made = view_scenes.scene(Source(folder / "hills.exr", False, True, "hills"), name, (40, 32))
    assert made.image.pixels.shape == made.light.shape == (32, 40, 3)
