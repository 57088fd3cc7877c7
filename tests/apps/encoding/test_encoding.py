"""untone encode, and what apply, to, inspect, edit and the conversion make of its files."""

import dataclasses
import json
import re

import numpy as np
import pytest

from untone import cli, colour, formats, pipeline
from untone.formats.jpeg import codec as jpeg
from untone.formats.jpeg import network_segment
from untone.image import Image
from untone.implicit import encoding as network_encoding


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An SDR photo as JPEG and PNG, and its HDR rendition."""
    path = tmp_path_factory.mktemp("pair")
    y, x = np.mgrid[0:40, 0:56] / 56
    codes = np.clip(255 * (0.5 + 0.45 * np.sin(5 * x + 3 * y)[..., None] * [1, 0.9, 0.7]), 0, 255).astype(np.uint8)
    (path / "sdr.jpg").write_bytes(jpeg.encode(codes, 95))
    pipeline.write(path / "sdr.png", Image(codes))
    photo, _ = pipeline.read(path / "sdr.jpg")
    light = (photo.pixels / 255.0) ** 2.2 * (1 + 2 * x[..., None])
    pipeline.write(path / "hdr.exr", Image(light.astype(np.float32), transfer="linear", bits=32))
    return path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def command(line):
        code = cli.main(line.split())
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert said.err.count("\n") <= 1
        return code, said.out + said.err

    return command


def fidelity(folder, name):
    truth, _ = pipeline.read(folder / "hdr.exr")
    made, _ = pipeline.read(folder / name)
    return network_encoding.fidelity(made, truth.pixels, "bt709")


@pytest.mark.parametrize("kind", ["gain-mlp", "gamma-mlp"])
def test_a_pair_becomes_2580_bytes_and_light_again(folder, run, kind):
    code, said = run(f"encode sdr.jpg hdr.exr -o {kind}.jpg --as {kind} --force")
    assert code == 0
    assert f"{kind.split('-')[0]} network of 16 neurons, 2580 bytes" in said
    stated = float(re.search(r"([\d.]+) dB", said)[1])
    assert (folder / f"{kind}.jpg").stat().st_size - (folder / "sdr.jpg").stat().st_size == 2580
    assert run(f"apply {kind}.jpg -o {kind}.exr --force")[0] == 0
    assert fidelity(folder, f"{kind}.exr") == pytest.approx(stated, abs=0.5)  # the EXR holds half floats
    assert stated > 40


@pytest.fixture(scope="module")
def encoded(folder):
    """A file with a network, made quickly."""
    target = folder / "encoded.jpg"
    command = ["encode", str(folder / "sdr.jpg"), str(folder / "hdr.exr"), "-o", str(target), "--seconds", "0.2"]
    assert cli.main(command) == 0
    return target.read_bytes()


def test_the_width_may_follow_the_picture(run, monkeypatch):
    monkeypatch.setattr(network_encoding, "width_for", lambda photo, light, primaries, recipe: 8)
    code, said = run("encode sdr.jpg hdr.exr -o auto.jpg --neurons auto --seconds 0.1 --force")
    assert code == 0
    assert "of 8 neurons" in said


def test_the_photo_stays_byte_for_byte(folder, encoded):
    assert network_segment.with_network(encoded, None) == (folder / "sdr.jpg").read_bytes()


def test_another_format_is_encoded_first_and_the_network_starts_from_that(folder, run):
    assert run("encode sdr.png hdr.exr -o from-png.jpg --neurons 8 --seconds 0.3 --quality 60 --force")[0] == 0
    image, _ = pipeline.read(folder / "from-png.jpg")
    assert pipeline.rendition_of(image, None) is not None


def test_size_picks_the_widest_that_fits(folder, run):
    before = (folder / "sdr.jpg").stat().st_size
    for size, neurons in ((2.57, 8), (2.58, 16)):
        code, said = run(f"encode sdr.jpg hdr.exr -o sized.jpg --size {size} --seconds 0.1 --force")
        assert code == 0
        assert f"of {neurons} neurons" in said
        assert (folder / "sized.jpg").stat().st_size - before <= size * 1000
    code, said = run("encode sdr.jpg hdr.exr -o none.jpg --size 0.5")
    assert code == 2
    assert "smallest network of 8 bits needs" in said


def test_target_db_stops_at_the_first_that_reaches_it(run):
    code, said = run("encode sdr.jpg hdr.exr -o target.jpg --target-db 25 --force")
    assert code == 0
    assert "of 8 neurons" in said
    code, said = run("encode sdr.jpg hdr.exr -o unreached.jpg --target-db 119 --seconds 0.02 --neurons 8")
    assert code == 1
    assert "no network of up to 8 neurons reaches 119 dB, only" in said


def test_beside_an_ordinary_map(folder, run):
    assert run("encode sdr.jpg hdr.exr -o both.jpg --neurons 8 --seconds 0.3 --with-map --force")[0] == 0
    image, gain_map = pipeline.read(folder / "both.jpg")
    assert gain_map.codes.shape == (5, 7, 3)
    truth, _ = pipeline.read(folder / "hdr.exr")
    better, worse = (
        network_encoding.fidelity(made, truth.pixels, "bt709")
        for made in (pipeline.rendition_of(image, gain_map), pipeline.apply(image, gain_map))
    )
    assert better > worse
    _, said = run("inspect both.jpg")
    assert "untone apply reads its gain network" in said


@pytest.mark.parametrize("codec", ["jpeg", "avif", "jxl"])
def test_as_an_ordinary_gain_map(folder, run, codec):
    suffix = {"jpeg": "jpg"}.get(codec, codec)
    code, said = run(f"encode sdr.jpg hdr.exr -o map.{suffix} --as {codec} --force")
    assert code == 0
    assert f"gain map as {codec}" in said
    _, gain_map = pipeline.read(folder / f"map.{suffix}")
    assert gain_map.codes.shape == (20, 28, 3)
    code, said = run(f"encode sdr.jpg hdr.exr -o map.{suffix} --as {codec} --size 4 --force")
    assert code == 0
    assert int(re.search(r"(\d+) bytes", said)[1]) <= 4000


@pytest.mark.parametrize("codec", ["jpeg", "heic", "jxl", "avif"])
def test_exponents_by_a_codec_become_light_again(folder, run, codec):
    code, said = run(f"encode sdr.jpg hdr.exr -o gamma.jpg --as {codec} --residual gamma --force")
    assert code == 0
    size, stated = re.search(rf"gamma map as {codec}, (\d+) bytes, ([\d.]+) dB", said).groups()
    assert (folder / "gamma.jpg").stat().st_size - (folder / "sdr.jpg").stat().st_size == int(size)
    assert network_segment.with_network((folder / "gamma.jpg").read_bytes(), None) == (folder / "sdr.jpg").read_bytes()
    assert run("apply gamma.jpg -o gamma.exr --force")[0] == 0
    assert fidelity(folder, "gamma.exr") == pytest.approx(float(stated), abs=0.5)
    assert float(stated) > 38
    _, said = run("inspect gamma.jpg")
    assert f"residual  gamma of PQ codes, bt2020, {codec}, 8 bit, {size} bytes" in said
    assert "HDR by residual map in untone" in said


def test_exponents_fit_a_size_and_reach_a_target(folder, run):
    code, said = run("encode sdr.jpg hdr.exr -o sized.jpg --as jxl --residual gamma --size 0.5 --force")
    assert code == 0
    assert int(re.search(r"(\d+) bytes", said)[1]) <= 500
    code, said = run("encode sdr.jpg hdr.exr -o none.jpg --as jxl --residual gamma --size 0.1")
    assert code == 1
    assert "no gamma map as jxl fits into 0.1 KB" in said
    code, said = run("encode sdr.jpg hdr.exr -o none.jpg --as jpeg --residual gamma --target-db 110")
    assert code == 1
    assert "no gamma map as jpeg reaches 110 dB, only" in said
    assert not (folder / "none.jpg").exists()


@pytest.fixture(scope="module")
def exponents(folder):
    """A file with a gamma map by JPEG XL, beside a small ordinary gain map."""
    target = folder / "exponents.jpg"
    line = ["encode", str(folder / "sdr.jpg"), str(folder / "hdr.exr"), "-o", str(target), "--as", "jxl"]
    assert cli.main([*line, "--residual", "gamma", "--with-map"]) == 0
    return target


def test_exponents_beside_an_ordinary_map(folder, run, exponents):
    image, gain_map = pipeline.read(exponents)
    assert gain_map.codes.shape == (5, 7, 3)
    truth, _ = pipeline.read(folder / "hdr.exr")
    better, worse = (
        network_encoding.fidelity(made, truth.pixels, "bt709")
        for made in (pipeline.rendition_of(image, gain_map), pipeline.apply(image, gain_map))
    )
    assert better > worse
    assert "untone apply reads its residual map" in run("inspect exponents.jpg")[1]


def test_exponents_become_an_ordinary_gain_map(folder, run, exponents):
    whole = pipeline.rendition_of(*pipeline.read(exponents))
    assert run("to jpg exponents.jpg -o iso.jpg --force")[0] == 0
    image, gain_map = pipeline.read(folder / "iso.jpg")
    assert image.gain_network is None
    assert gain_map.codes.shape == (40, 56, 3)
    assert network_encoding.fidelity(pipeline.apply(image, gain_map), whole.pixels, "bt709") > 45


def test_exponents_are_weighed_for_a_display_as_gains_are(folder, run, exponents):
    assert run("apply exponents.jpg -o none.exr --headroom 0 --force")[0] == 0
    base = colour.light_of(pipeline.read(folder / "sdr.jpg")[0])
    np.testing.assert_allclose(formats.read(folder / "none.exr")[0].pixels, base, atol=2e-3)
    wide = colour.rgb_to_rgb("bt709", "bt2020").T
    image, gain_map = pipeline.read(exponents)
    full = pipeline.rendition_of(image, gain_map)
    stops = network_encoding.network_of(image).headroom_stops
    half = pipeline.rendition_of(image, gain_map, stops / 2).pixels
    offset = 1 / 64
    gains = [np.log2((made @ wide + offset) / (base @ wide + offset)) for made in (full.pixels, half)]
    np.testing.assert_allclose(gains[1], gains[0] / 2, atol=1e-3)


def test_damaged_exponents_are_named_and_the_photo_opens(folder, run, exponents):
    data = exponents.read_bytes()
    place = data.index(b"GainMLP") + 90
    (folder / "damaged.jpg").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    code, said = run("apply damaged.jpg -o damaged.exr")
    assert code == 1
    assert "damaged.jpg: the residual map (APP11) was changed since it was written" in said
    np.testing.assert_array_equal(pipeline.read(folder / "damaged.jpg")[0].pixels, pipeline.read(data)[0].pixels)


def test_to_other_formats(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    whole = pipeline.rendition_of(*pipeline.read(encoded))
    for suffix in ("jpg", "avif", "jxl"):
        assert run(f"to {suffix} e.jpg -o to.{suffix} --force")[0] == 0
        image, gain_map = pipeline.read(folder / f"to.{suffix}")
        assert image.gain_network is None
        assert gain_map.codes.shape == (40, 56, 3)
    made = pipeline.apply(*pipeline.read(folder / "to.jpg"))
    assert network_encoding.fidelity(made, whole.pixels, "bt709") > 45
    assert run("to exr e.jpg -o to.exr --force")[0] == 0
    assert network_encoding.fidelity(pipeline.read(folder / "to.exr")[0], whole.pixels, "bt709") > 60


def test_headroom_of_apply(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    assert run("apply e.jpg -o none.exr --headroom 0 --force")[0] == 0
    base, _ = pipeline.read(folder / "sdr.jpg")
    sdr = formats.read(folder / "none.exr")[0].pixels
    np.testing.assert_allclose(sdr, colour.light_of(base), atol=2e-3)


def test_inspect_names_it(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    _, said = run("inspect e.jpg")
    assert "network   gamma of PQ codes, bt2020, 16 neurons, 8 bit, 2580 bytes" in said
    assert "HDR by gain network" in said
    _, said = run("inspect --json e.jpg")
    assert json.loads(said)["network"]["neurons"] == 16
    assert run("inspect --strict e.jpg")[0] == 0


def test_it_is_not_converted_again(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    code, said = run("e.jpg -o again.jpg")
    assert code == 0
    assert "already carries a gain network" in said
    assert not (folder / "again.jpg").exists()


def test_edits_do_not_leave_it_behind(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    assert run("edit e.jpg --crop 8,8,32,24 -o cropped.jpg --force")[0] == 0
    assert pipeline.read(folder / "cropped.jpg")[0].gain_network is None
    assert run("edit e.jpg --strip-metadata -o bare.jpg --force")[0] == 0
    assert pipeline.rendition_of(*pipeline.read(folder / "bare.jpg")) is not None


def test_a_damaged_network_is_named_and_the_photo_opens(folder, run, encoded):
    place = encoded.index(b"GainMLP") + 500
    (folder / "damaged.jpg").write_bytes(encoded[:place] + bytes([encoded[place] ^ 1]) + encoded[place + 1 :])
    code, said = run("apply damaged.jpg -o damaged.exr")
    assert code == 1
    assert "damaged.jpg: the gain network (APP11) was changed since it was written" in said
    assert not (folder / "damaged.exr").exists()
    assert run("to jpg damaged.jpg -o damaged-to.jpg")[0] == 1
    np.testing.assert_array_equal(pipeline.read(folder / "damaged.jpg")[0].pixels, pipeline.read(encoded)[0].pixels)
    _, said = run("inspect damaged.jpg")
    assert "warning   the gain network (APP11) was changed" in said


def test_a_network_gives_the_hdr_rendition_of_other_commands(folder, run, encoded):
    (folder / "e.jpg").write_bytes(encoded)
    assert run("measure sdr.jpg e.jpg -o measured.jpg --map-size full --force")[0] == 0
    whole = pipeline.rendition_of(*pipeline.read(encoded))
    made = pipeline.apply(*pipeline.read(folder / "measured.jpg"))
    assert network_encoding.fidelity(made, whole.pixels, "bt709") > 45


def test_pairs_that_do_not_fit(folder, run):
    small = Image(np.ones((20, 20, 3), np.float32), transfer="linear", bits=32)
    pipeline.write(folder / "small.exr", small)
    for hdr, words in (("small.exr", "differ in size"), ("sdr.png", "an SDR and an HDR rendition"), ("x.exr", "x.exr")):
        code, said = run(f"encode sdr.jpg {hdr} -o bad.jpg")
        assert code == 1
        assert words in said
        assert not (folder / "bad.jpg").exists()


def test_a_rendition_that_lies_otherwise_is_refused(folder, run):
    light = pipeline.read(folder / "hdr.exr")[0].pixels
    for turned, words in ((light[::-1, ::-1], "turned by 180 degrees"), (light[:, ::-1], "mirrored, it would fit")):
        pipeline.write(folder / "turned.exr", Image(np.ascontiguousarray(turned), transfer="linear", bits=32))
        code, said = run("encode sdr.jpg turned.exr -o bad.jpg")
        assert code == 1
        assert f"the HDR rendition lies otherwise than the photo: {words}" in said
        assert not (folder / "bad.jpg").exists()


@pytest.mark.parametrize("number", [1e6, 3e38, np.inf])
def test_light_beyond_every_display_is_clipped(folder, run, number):
    light = pipeline.read(folder / "hdr.exr")[0].pixels.copy()
    light[3, 4] = number
    openexr = pytest.importorskip("OpenEXR")
    openexr.File({"type": openexr.scanlineimage}, {"RGB": light}).write(str(folder / "bright.exr"))
    for kind in ("gain-mlp", "gamma-mlp"):
        assert run(f"encode sdr.jpg bright.exr -o bright.jpg --as {kind} --neurons 8 --seconds 0.05 --force")[0] == 0
        assert run("apply bright.jpg -o made.exr --force")[0] == 0
        assert np.isfinite(pipeline.read(folder / "made.exr")[0].pixels).all()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-o out.png", "must end in one of"),
        ("-o sdr.jpg --force", "overwrite an input"),
        ("-o out.avif --as gamma-mlp", "must end in one of .jpg"),
        ("-o out.jpg --size 0", "above 0"),
        ("-o out.jpg --size 3 --target-db 40", "not allowed with"),
        ("-o out.jpg --neurons 17", "invalid choice"),
        ("-o out.avif --as avif --residual gamma", "must end in one of .jpg"),
        ("-o out.jpg --as avif --residual gamma --neurons 16", "--neurons is of networks"),
        ("-o out.jpg --as jpeg --seconds 3", "--seconds is of networks"),
        ("-o out.jpg --as jpeg --with-map", "--with-map is of networks"),
        ("-o out.jpg --as jpeg --bits 16", "--bits is of networks"),
        ("-o out.jpg --neurons x", "must be 8 to 128, a multiple of 8, or auto, not x"),
        ("-o out.jpg --neurons 64 --size 3", "a network of 64 neurons needs 13128 bytes"),
        ("-o out.jpg --size 1", "the smallest network of 8 bits needs 1270 bytes, not 1000"),
        ("-o out.jpg --size 2 --bits 16", "the smallest network of 16 bits needs 2210 bytes, not 2000"),
        (f"-o {'x' * 300}.jpg", "File name too long"),
        ("-o folder.jpg --force", "it is a folder"),
    ],
)
def test_requests_that_make_no_sense(run, folder, line, words):
    (folder / "folder.jpg").mkdir(exist_ok=True)
    code, said = run(f"encode sdr.jpg hdr.exr {line}")
    assert code == 2
    assert words in said
    assert not (folder / "out.jpg").exists()


def test_the_papers_recipe_is_asked_for_by_name_and_options_change_it(folder, run, monkeypatch):
    """1000 steps of 65,536 at a constant 0.01, errors alike, weights of 16 bits; a photo has fewer pixels here."""
    seen = []
    learned = network_encoding.learned

    def watched(sdr, light, primaries, recipe, *more):
        seen.append(recipe)
        return learned(sdr, light, primaries, dataclasses.replace(recipe, steps=5), *more)

    monkeypatch.setattr(network_encoding, "learned", watched)
    code, said = run("encode sdr.jpg hdr.exr -o paper.jpg --recipe paper --force")
    assert code == 0
    assert seen == [network_encoding.PAPER]
    assert (seen[0].steps, seen[0].batch, seen[0].rate, seen[0].last_rate) == (1000, 65_536, 0.01, 0.01)
    assert not seen[0].weighted
    assert not seen[0].whitened
    assert f"{network_segment.file_bytes(16, 16)} bytes" in said
    assert run("encode sdr.jpg hdr.exr -o paper.jpg --recipe paper --bits 8 --neurons 8 --force")[0] == 0
    assert seen[1] == dataclasses.replace(network_encoding.PAPER, bits=8, neurons=8)
    assert run("encode sdr.jpg hdr.exr -o paper.jpg --recipe ours --force")[0] == 0
    assert seen[2] == network_encoding.Recipe()
    code, said = run("encode sdr.jpg hdr.exr -o paper.jpg --recipe paper --as jpeg --force")
    assert code == 2
    assert "--recipe is of networks" in said
