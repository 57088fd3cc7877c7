"""Exports: LUTs that do what the film's kernels do, metadata as the tools read it, frames of light."""

import json

import numpy as np
import pytest
from clips import scene, write_clip
from PIL import Image, ImageDraw, ImageFont

import untone
from untone import cli
from untone.apps.video import grading
from untone.apps.video.export.dynamic import Shot, statistics_of
from untone.apps.video.export.lut import everywhere, table
from untone.kernels import video
from untone.operators import Operators


@pytest.fixture
def two_scenes(tmp_path):
    """A cut after 8 of 14 frames."""
    return write_clip(tmp_path / "clip.mp4", [scene(k) for k in range(8)] + [1 - scene(k) for k in range(6)])


def read_cube(path):
    lines = path.read_text().splitlines()
    size = next(int(line.split()[1]) for line in lines if line.startswith("LUT_3D_SIZE"))
    values = np.array([[float(v) for v in line.split()] for line in lines if line[0].isdigit()])
    return values.reshape(size, size, size, 3)  # blue, green, red


def test_a_lut_of_each_scene_and_metadata_of_each_frame(two_scenes, tmp_path, capsys):
    cubes, plus, dovi = tmp_path / "cubes", tmp_path / "plus.json", tmp_path / "dovi.json"
    asked = [str(two_scenes), "--cube", str(cubes), "--hdr10plus-json", str(plus), "--dovi-json", str(dovi)]
    assert cli.main(["export", *asked, "--strength", "0", "--json"]) == 0
    written = [str(p) for p in (*sorted(cubes.iterdir()), plus, dovi)]
    assert json.loads(capsys.readouterr().out) == {"film": str(two_scenes), "outputs": written}
    for path in cubes.iterdir():
        cube = read_cube(path)
        assert cube.shape == (33, 33, 33, 3)
        assert cube[0, 0, 0].max() < 1e-5
        assert cube[32, 32, 32] == pytest.approx([0.580689] * 3, abs=1e-5)  # 203 nits
        assert cube[0, 0, 32] == pytest.approx([0.53255, 0.32702, 0.22007], abs=1e-4)  # red, as test_planes has it
    found = json.loads(plus.read_text())
    assert found["JSONInfo"] == {"HDR10plusProfile": "A", "Version": "1.0"}
    assert found["SceneInfoSummary"] == {"SceneFirstFrameIndex": [0, 8], "SceneFrameNumbers": [8, 6]}
    assert [f["SequenceFrameIndex"] for f in found["SceneInfo"]] == list(range(14))
    assert [f["SceneFrameIndex"] for f in found["SceneInfo"]] == [*range(8), *range(6)]
    first = found["SceneInfo"][0]["LuminanceParameters"]
    assert first["LuminanceDistributions"]["DistributionIndex"] == [1, 5, 10, 25, 50, 75, 90, 95, 99]
    assert 1900 < first["MaxScl"][0] <= 2050
    shots = json.loads(dovi.read_text())
    assert (shots["profile"], shots["length"], shots["level6"]["max_display_mastering_luminance"]) == ("8.1", 14, 1000)
    assert [(s["start"], s["duration"]) for s in shots["shots"]] == [(0, 8), (8, 6)]
    level = shots["shots"][0]["metadata_blocks"][0]["Level1"]
    assert level["max_pq"] == pytest.approx(4095 * 0.58, abs=20)
    assert level["min_pq"] < level["avg_pq"] < level["max_pq"]
    assert cli.main(["export", *asked]) == 2
    assert "--force" in capsys.readouterr().err


def test_statistics_as_worked_by_hand():
    """100 pixels: 60 black, 39 at code 594 (203 nits), 1 at 751 (1000 nits)."""
    counts = np.zeros(video.LEVELS, np.int64)
    counts[[0, 594, 769]] = 60, 39, 1
    bright = grading.LEVEL_NITS[769]
    found = statistics_of(counts)
    assert found.values == pytest.approx((0, round(10 * bright), 60, 0, 0, 2030, 2030, 2030, 2030), abs=2)
    assert found.brightest == round(10 * bright)
    assert found.average == pytest.approx(10 * (0.39 * 203 + 0.01 * bright), abs=3)
    level = Shot(0, 1, counts, 769).level1()
    assert level == {"min_pq": 0, "max_pq": 3078, "avg_pq": round((39 * 594 + 769) / 100 * 4095 / 1023)}


def test_a_lut_does_what_the_kernels_do_where_the_grids_know_no_place():
    rng = np.random.default_rng(0)
    grids = np.zeros((3, 4, 5, 8, 3), np.float32)
    for k in range(3):
        grids[k, ..., k] = np.linspace(0, 1, 8)
    operators = everywhere(Operators(grids, rng.normal(0.1, 0.2, (9, 9, 9, 3)).astype(np.float32), 1.5))
    rendering = video.Rendering()
    cube = table(operators, rendering, 33).reshape(33, 33, 33, 3)
    flat = [np.full((8, 8), v, np.uint16) for v in (64 + 876 // 2, 512, 512)]
    targets = video.empty_planes(8, 8)
    write = video.YCbCr(*flat[:1], flat[1], flat[2], 10)
    video.write_planes(write, operators, rendering, targets)
    luma = (targets[0].mean() - 64) / 876
    assert luma == pytest.approx(cube[16, 16, 16] @ [0.2627, 0.6780, 0.0593], abs=0.002)


def test_burnt_in_words_are_no_brighter_in_frames_of_light(tmp_path):
    pictures = [np.asarray(Image.new("RGB", (640, 360), (30, 30, 30))).copy() for _ in range(6)]
    for picture in pictures:
        image = Image.fromarray(picture)
        ImageDraw.Draw(image).text(
            (200, 310), "Hello there, stranger.", fill=(250,) * 3, font=ImageFont.load_default(20)
        )
        picture[:] = np.asarray(image)
    clip = write_clip(tmp_path / "clip.mkv", [p / 255 for p in pictures])
    assert cli.main(["export", str(clip), "-o", str(tmp_path / "%d.exr"), "-q", "--strength", "150"]) == 0
    image, _ = untone.read(tmp_path / "3.exr")
    assert image.pixels[300:330].max() == pytest.approx((250 / 255) ** 2.4, rel=0.05)


def test_frames_of_light_are_linear_bt2020(two_scenes, tmp_path, capsys):
    assert cli.main(["export", str(two_scenes), "-o", str(tmp_path / "f" / "%03d.exr"), "--to", "0.1", "-q"]) == 0
    names = sorted(p.name for p in (tmp_path / "f").iterdir())
    assert names == ["001.exr", "002.exr", "003.exr"]
    image, _ = untone.read(tmp_path / "f" / "001.exr")
    assert (image.primaries, image.transfer) == ("bt2020", "linear")
    assert image.pixels.shape == (90, 160, 3)
    assert 1 < image.pixels.max() <= 1000 / 203 + 1e-3
    assert cli.main(["export", str(two_scenes)]) == 2
    assert cli.main(["export", str(two_scenes), "-o", "frames.exr"]) == 2
    assert cli.main(["export", str(two_scenes), "-o", str(tmp_path / "no" / "such" / "%d.exr")]) == 2


def test_targets_that_cannot_be_are_a_line_each(two_scenes, tmp_path, capsys):
    one, photo = tmp_path / "one.json", tmp_path / "a.jpg"
    photo.write_bytes(b"a file")
    for asked, said in (
        (["--hdr10plus-json", str(one), "--dovi-json", str(one)], "written twice"),
        (["--cube", str(photo)], "is no folder"),
        (["-o", str(photo / "%04d.exr")], "is no folder"),
        (["-o", str(tmp_path / "%0300d.exr")], "a pattern"),
    ):
        assert cli.main(["export", str(two_scenes), *asked]) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.count("\n") == 1
    assert photo.read_bytes() == b"a file"
    assert not one.exists()
