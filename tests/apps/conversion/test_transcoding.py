"""untone to: what is the same codec keeps its bytes, parameters stay, pixel formats get the HDR rendition."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, colour, formats, pipeline
from untone.colour import linear_to_srgb
from untone.errors import UsageError
from untone.formats.jpeg.segments import find_end, parse
from untone.formats.jpeg.xmp_segments import with_packet
from untone.formats.metadata.xmp import packet_of, properties
from untone.image import GainMap, Image


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    """photo.jpg, 32 x 24 turned by EXIF orientation 6, Display P3, with a map of 16 x 12."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:24, 0:32]
    pixels = np.stack([x * 8, y * 10, 255 - x * 7], axis=2).astype(np.uint8)
    codes = np.ascontiguousarray(pixels[::2, ::2])
    offsets = {"base_offset": (0.0, 0.01, 1 / 64), "alternate_offset": (0.0, 0.02, 1 / 64)}
    gain_map = GainMap(codes, (-0.5, 0, 0), (1, 2, 2.5), (1, 1.25, 0.75), **offsets, alternate_headroom_stops=2.3)
    pipeline.write("photo.jpg", Image(pixels, "p3", orientation=6), gain_map)
    return tmp_path / "photo.jpg"


def parameters(gain_map):
    left_out = ("codes", "encoded", "encodings")
    return {f.name: getattr(gain_map, f.name) for f in dataclasses.fields(gain_map) if f.name not in left_out}


def test_jpeg_to_jpeg_copies_the_bytes_of_base_and_map(photo, capsys):
    assert cli.main(["to", "jpg", "photo.jpg", "-o", "copy.jpg"]) == 0
    assert capsys.readouterr() == ("", "")
    (one, one_map), (two, two_map) = (pipeline.read(name) for name in ("photo.jpg", "copy.jpg"))
    for first, second in ((one, two), (one_map, two_map)):
        streams = [(data := image.encoded, parse(data)) for image in (first, second)]
        scans = [data[stream.scan : find_end(data, stream)] for data, stream in streams]
        assert scans[0] == scans[1]
    assert parameters(one_map) == parameters(two_map)


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 2e-3), ("exr", 1e-3), ("hdr", 5e-3)])
def test_pixel_formats_get_the_hdr_rendition_upright(photo, suffix, tolerance):
    assert cli.main(["to", suffix, "photo.jpg"]) == 0
    found, none = pipeline.read(f"photo.{suffix}")
    assert none is None
    image, gain_map = pipeline.read("photo.jpg")
    light = pipeline.apply(image, gain_map)
    from untone.colour import rgb_to_rgb, to_linear
    from untone.image import turned_upright

    expected = turned_upright(light.pixels, 6) @ rgb_to_rgb("p3", "bt2020").T
    pixels = found.pixels if found.transfer == "linear" else to_linear(found.pixels / 65535, "pq")
    shown = turned_upright(pixels, found.orientation) @ rgb_to_rgb(found.primaries, "bt2020").T
    assert found.orientation == (6 if suffix == "png" else 1)
    assert np.allclose(shown, expected, rtol=tolerance, atol=tolerance * expected.max())


def test_every_written_format_can_be_asked_for():
    from untone.apps.conversion.transcoding import choices

    written = {f.name for f in formats.FORMATS if f.write is not None}
    assert set(choices().values()) == written
    assert {"jpg", "png", "exr", "hdr"} <= set(choices())


def test_a_batch_goes_on_past_a_bad_file(photo, capsys):
    (photo.parent / "bad.jpg").write_bytes(photo.read_bytes()[:300])
    assert cli.main(["to", "exr", "bad.jpg", "photo.jpg", "-o", "out", "--json"]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["status"] for row in rows] == ["failed", "converted"]
    assert rows[1]["headroom_stops"] == pytest.approx(2.3)
    assert err.startswith("untone: bad.jpg: ")
    assert err.endswith("\nuntone: 1 converted, 0 skipped, 0 left alone, 1 failed\n")
    assert err.count("\n") == 2
    assert [p.name for p in (photo.parent / "out").iterdir()] == ["photo.exr"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["to", "gif", "photo.jpg"], 2, "invalid choice"),
        (["to", "jpg", "photo.jpg"], 2, "overwrite the photo itself"),
        (["to", "png", "photo.jpg", "-o", "x.jpg"], 2, "must end in one of .png"),
        (["to", "exr", "photo.jpg", "--headroom", "nan"], 1, "headroom"),
        (["to", "png", "none.jpg"], 2, "none.jpg: no such file"),
        (["to", "png", "photo.jpg", "--bits", "10"], 2, "no choice of bits"),
        (["to", "avif", "photo.jpg", "--bits", "9"], 2, "must be 8, 10 or 12"),
    ],
)
def test_refusals_are_one_line(photo, capsys, arguments, code, said):
    assert cli.main(arguments) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list(photo.parent.glob("*.tmp"))


@pytest.mark.parametrize(("bits", "stored"), [([], 8), (["--bits", "10"], 10), (["--bits", "12"], 12)])
def test_bits_of_a_base_can_be_asked_for(photo, bits, stored):
    assert cli.main(["to", "avif", "photo.jpg", *bits]) == 0
    assert formats.probe("photo.avif").base.bits == stored


def test_bits_are_an_argument_of_write_too(photo):
    image, gain_map = pipeline.read("photo.jpg")
    assert formats.probe(formats.write(None, image, gain_map, format="avif", bits=10)).base.bits == 10
    with pytest.raises(UsageError, match="no choice of bits"):
        formats.write(None, image, gain_map, format="jpeg", bits=8)


def hdr_light(height, width):
    """Ramps over 12 stops in every channel, greys, colours, and a sun."""
    y, x = np.mgrid[0:height, 0:width]
    grey = np.exp2(x / width * 10 - 6)
    light = np.stack([grey, grey * (0.2 + 0.8 * y / height), grey * (1 - 0.7 * y / height)], axis=2)
    light[2:6, 2:6] = 40
    light[40:, :, 0], light[40:, :, 2] = 0, 0
    return light.astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "primaries"),
    [("exr", "bt709"), ("png", "bt709"), ("hdr", "bt709"), ("exr", "bt2020"), ("avif", "bt2020"), ("jxl", "bt2020")],
)
def test_an_hdr_still_becomes_a_base_with_the_map_that_leads_back(photo, suffix, primaries):
    light = hdr_light(48, 64)
    pipeline.write(f"still.{suffix}", Image(light, primaries, "linear", bits=32), quality=100)
    assert cli.main(["to", "jpg", f"still.{suffix}", "--archive", "--quality", "98"]) == 0
    found = formats.probe("still.jpg")
    assert (found.base.primaries, found.base.transfer, found.warnings) == (primaries, "srgb", [])
    base, gain_map = pipeline.read("still.jpg")
    got = pipeline.apply(base, gain_map).pixels
    error = np.abs(got - light) / (light + 0.01)
    # A code of the map is 1.5 % of light where it spans the 5.3 stops to a sun of 40
    assert np.median(error) < 0.01
    assert np.quantile(error, 0.95) < 0.04
    # Light below the knee is the photo; highlights keep their order up to white
    shown = base.pixels[24].astype(int).max(axis=1)
    assert (np.diff(shown) >= -3).all()
    assert base.pixels.max() == 255
    dark = light.max(axis=2) < 0.05
    expected = np.clip(linear_to_srgb(light[dark].astype(np.float64)) * 255, 0, 255)
    assert np.abs(base.pixels[dark] - expected).max() <= 8
    assert gain_map.alternate_headroom_stops == pytest.approx(np.log2(40), abs=0.1)


def test_hues_of_a_still_stay_in_the_base():
    from untone.apps.conversion.tonemapping import rendered
    from untone.colour import code_table

    light = np.zeros((16, 48, 3), np.float32)
    light[:, :16], light[:, 16:32], light[:, 32:] = (4, 2, 1), (1, 0.5, 0.25), (20, 10, 5)
    base, _ = rendered(Image(light, transfer="linear", bits=32), 100)
    shown = code_table("srgb")[base.pixels[8, [8, 24, 40]]]
    np.testing.assert_allclose(shown[:, 1] / shown[:, 0], 0.5, atol=0.02)
    np.testing.assert_allclose(shown[:, 2] / shown[:, 0], 0.25, atol=0.02)
    assert (np.diff(shown[[1, 0, 2], 0]) > 0).all()


def test_a_still_without_more_than_sdr_keeps_its_light():
    from untone.apps.conversion.tonemapping import rendered

    light = np.linspace(0, 1, 48, dtype=np.float32)[None, :, None] * np.ones((16, 1, 3), np.float32)
    base, gain_map = rendered(Image(light, transfer="linear", bits=32), 100)
    assert np.abs(base.pixels[0, :, 0] - linear_to_srgb(light[0, :, 0]) * 255).max() <= 1.5
    assert np.abs(pipeline.apply(base, gain_map).pixels - light).max() < 0.01


def test_an_sdr_picture_stays_one(photo):
    pipeline.write("sdr.png", Image(pipeline.read(photo)[0].pixels))
    assert cli.main(["to", "jpg", "sdr.png"]) == 0
    assert formats.probe("sdr.jpg").gain_map is None


@pytest.mark.parametrize(("primaries", "own_space"), [("bt709", True), ("p3", False)])
@pytest.mark.parametrize("command", ["to", "edit"])
def test_an_hdr_base_becomes_its_sdr_rendition_in_a_jpeg_and_the_map_turns_round(command, primaries, own_space):
    y, x = np.mgrid[0:24, 0:32]
    pixels = np.stack([x * 900 + 4000, y * 1200 + 4000, 36000 - x * 700], axis=2).astype(np.uint16)
    codes = np.ascontiguousarray(pixels[::2, ::2] >> 8).astype(np.uint8)
    numbers = {"gamma": (1.0, 1.25, 0.75), "base_offset": (0.0, 0.01, 1 / 64), "alternate_offset": (0.02, 0.0, 0.01)}
    numbers |= {"base_headroom_stops": 2.0, "alternate_headroom_stops": 0.0}
    space = {"use_base_colour_space": own_space, "alternate_primaries": None if own_space else "bt709"}
    gain_map = GainMap(codes, (0, 0.5, 0), (3, 2.5, 2), **numbers, **space)
    pipeline.write("hdr.avif", Image(pixels, primaries, "pq", bits=10), gain_map, quality=100, map_quality=100)
    arguments = ["to", "jpg", "hdr.avif"] if command == "to" else ["edit", "hdr.avif", "--flip", "h", "-o", "hdr.jpg"]
    assert cli.main([*arguments, "--quality", "100"]) == 0
    (hdr, one), (sdr, two) = pipeline.read("hdr.avif"), pipeline.read("hdr.jpg")
    assert (two.min_stops, two.max_stops, two.gamma) == (one.min_stops, one.max_stops, one.gamma)
    assert (two.base_offset, two.alternate_offset) == (one.alternate_offset, one.base_offset)
    assert (two.base_headroom_stops, two.alternate_headroom_stops) == (0.0, 2.0)
    assert (sdr.primaries, sdr.orientation) == (primaries, 2 if command == "edit" else 1)
    assert two.use_base_colour_space == own_space
    encoded = linear_to_srgb(np.clip(pipeline.apply(hdr, one, 0).pixels, 0, 1))
    assert np.abs(sdr.pixels - encoded * 255).max() <= 4
    shown, light = pipeline.apply(sdr, two, 2.0).pixels, pipeline.apply(hdr, one, 2.0).pixels
    inside = ((encoded > 0.05) & (encoded < 0.99)).all(axis=2)
    assert inside.mean() > 0.3
    assert np.median(np.abs(shown - light)[inside] / light[inside].max(axis=1, keepdims=True)) < 0.02


def test_hdr_codes_whose_map_leads_to_more_light_keep_its_direction():
    pixels = np.full((16, 16, 3), 30000, np.uint16)
    gain_map = GainMap(np.full((8, 8, 1), 255, np.uint8), (0,) * 3, (1,) * 3, alternate_headroom_stops=1.0)
    pipeline.write("low.avif", Image(pixels, "bt709", "pq", bits=10), gain_map, quality=100)
    assert cli.main(["to", "jpg", "low.avif"]) == 0
    base, found = pipeline.read("low.jpg")
    assert (found.base_headroom_stops, found.alternate_headroom_stops) == (0.0, 1.0)
    light = pipeline.apply(pipeline.read("low.avif")[0], gain_map, 0).pixels
    assert np.abs(pipeline.apply(base, found, 0).pixels / light - 1).max() < 0.02


@pytest.mark.parametrize("stops", [0.0, 1.5])
@pytest.mark.parametrize("source", ["jpg", "avif", "jxl"])
def test_a_map_that_nobody_applies_goes_everywhere_unchanged(source, stops):
    image, gain_map = pipeline.read("photo.jpg")
    equal = {"base_headroom_stops": stops, "alternate_headroom_stops": stops, "encoded": None}
    pipeline.write(f"equal.{source}", dataclasses.replace(image, encoded=None), dataclasses.replace(gain_map, **equal))
    expected = parameters(pipeline.read(f"equal.{source}")[1])
    assert (expected["base_headroom_stops"], expected["alternate_headroom_stops"]) == (stops, stops)
    for target in ("jpg", "avif", "jxl"):
        assert cli.main(["to", target, f"equal.{source}", "-o", f"to.{target}"]) == 0
        assert parameters(pipeline.read(f"to.{target}")[1]) == expected
        assert cli.main(["edit", f"equal.{source}", "--crop", "2,2,9,9", "-o", f"edit.{target}"]) == 0
        assert parameters(pipeline.read(f"edit.{target}")[1]) == expected
    assert cli.main(["to", "exr", f"equal.{source}"]) == 0
    base = pipeline.read(f"equal.{source}")[0]
    light = pipeline.apply(base, pipeline.read(f"equal.{source}")[1]).pixels
    np.testing.assert_allclose(light, colour.light_of(base), rtol=1e-5, atol=1e-6)


def test_a_jpeg_says_equal_headrooms_in_iso_alone():
    image, gain_map = pipeline.read("photo.jpg")
    equal = dataclasses.replace(gain_map, alternate_headroom_stops=0.0)
    data = pipeline.write(None, image, equal, format="jpeg")
    assert formats.probe(data).gain_map.encodings == ["iso21496-1"]
    assert formats.probe(data).warnings == []


SERIAL = "http://ns.example/serial/"


def with_large_xmp(photo):
    """The photo with 200 KB of XMP beyond one segment, as phones write it."""
    values = (("Short", "1"), ("Long", "x" * 200_000))
    packet = packet_of("".join(f'<rdf:Description xmlns:s="{SERIAL}" s:{name}="{value}"/>' for name, value in values))
    photo.write_bytes(with_packet(photo.read_bytes(), packet))
    assert b"HasExtendedXMP" in photo.read_bytes()


@pytest.mark.parametrize("suffix", ["avif", "png", "jxl", "heic"])
def test_extended_xmp_comes_along_and_nothing_promises_it(photo, capsys, suffix):
    """To another container and back; --web leaves it out, and says so."""
    pipeline.write("photo.jpg", dataclasses.replace(pipeline.read("photo.jpg")[0], encoded=None))
    with_large_xmp(photo)
    assert cli.main(["edit", "photo.jpg", "--resize", "50%", "-o", f"made.{suffix}"]) == 0
    packet = pipeline.read(f"made.{suffix}")[0].xmp
    assert len(properties(packet, SERIAL)["Long"][0]) == 200_000
    assert b"HasExtendedXMP" not in packet
    assert cli.main(["to", "jpg", f"made.{suffix}", "-o", "back.jpg"]) == 0
    assert set(properties(pipeline.read("back.jpg")[0].xmp, SERIAL)) == {"Short", "Long"}
    assert capsys.readouterr().err == ""
    for name, made in (("photo.jpg", "web.jpg"), (f"made.{suffix}", "web.avif")):
        assert cli.main(["to", made[4:].strip("."), name, "-o", made, "--web"]) == 0
        packet = pipeline.read(made)[0].xmp
        assert set(properties(packet, SERIAL)) == {"Short"}
        assert b"HasExtendedXMP" not in photo.with_name(made).read_bytes()
        assert capsys.readouterr().err.count("its extended XMP is left out") == 1


def test_what_jpeg_xl_does_not_carry_is_said_both_ways(photo, capsys):
    """What follows a gain map; on the way back the map's own JPEG. A JPEG without a map is carried with all of it."""
    data = photo.read_bytes()
    photo.write_bytes(data + b"SEFT of a phone")
    assert cli.main(["to", "jxl", "photo.jpg"]) == 0
    assert "what follows the pictures of the file is left out (15 bytes)" in capsys.readouterr().err
    assert cli.main(["to", "jpg", "photo.jxl", "-o", "back.jpg", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["note"].startswith("its gain map is encoded anew")
    pipeline.write("plain.jpg", dataclasses.replace(pipeline.read("photo.jpg")[0], encoded=None))
    plain = photo.with_name("plain.jpg")
    plain.write_bytes(plain.read_bytes() + b"SEFT of a phone")
    for words in (["jxl", "plain.jpg"], ["jpg", "plain.jxl", "-o", "again.jpg"]):
        assert cli.main(["to", *words]) == 0
    assert capsys.readouterr().err == ""
    assert photo.with_name("again.jpg").read_bytes() == plain.read_bytes()


def test_other_pictures_of_a_file_are_named(photo, capsys):
    """Those of a multi-picture file that are neither a gain map nor a preview."""
    pictures = [Pillow.new("RGB", (32, 24), colour) for colour in ("red", "green", "blue")]
    pictures[0].save("many.mpo", save_all=True, append_images=pictures[1:])
    assert cli.main(["to", "avif", "many.mpo"]) == 0
    assert "2 other pictures of the file are left out" in capsys.readouterr().err
