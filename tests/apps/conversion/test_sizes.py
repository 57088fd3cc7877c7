"""What is written is no larger than its purpose needs, and photos replaced in place are whole."""

import io
import os
import stat

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats, pipeline
from untone.apps.conversion.qualities import Purpose, Wish
from untone.formats.jpeg.quality import estimated, subsampling
from untone.formats.jpeg.segments import find_end, parse
from untone.image import GainMap, Image


def picture(height, width):
    """Smooth, with edges and some noise, as photos are."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / 31 + y / 47), np.cos(x / 23), np.sin(y / 17)], axis=2) * 70 + 128
    waves[height // 3 : height // 2, width // 4 : width // 2] *= 0.4
    noise = np.random.default_rng(3).normal(0, 2, waves.shape)
    return np.clip(waves + noise, 0, 255).astype(np.uint8)


def camera(pixels, quality=94):
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=quality, subsampling=2)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    """photo.jpg as a phone writes it: quality 94, 4:2:0, a grey map of a quarter of the sides; plain.jpg without."""
    monkeypatch.chdir(tmp_path)
    pixels = picture(384, 512)
    (tmp_path / "plain.jpg").write_bytes(camera(pixels))
    codes = pixels[::4, ::4, :1].copy()
    gain_map = GainMap(codes, (0,) * 3, (3,) * 3, alternate_headroom_stops=3.0)
    base, _ = formats.read(tmp_path / "plain.jpg")
    (tmp_path / "photo.jpg").write_bytes(formats.write(None, base, gain_map, map_quality=94))
    return tmp_path / "photo.jpg"


def size(path):
    return os.stat(path).st_size  # noqa: PTH116


def scan(data):
    stream = parse(data)
    return data[stream.scan : find_end(data, stream)]


@pytest.mark.parametrize("quality", [60, 75, 85, 94])
@pytest.mark.parametrize("suffix", ["avif", "jxl"])
def test_another_format_is_not_larger(photo, quality, suffix):
    photo.with_name("plain.jpg").write_bytes(camera(picture(384, 512), quality))
    base, _ = formats.read("plain.jpg")
    photo.write_bytes(formats.write(None, base, formats.read(photo)[1]))
    assert cli.main(["to", suffix, "photo.jpg"]) == 0
    assert size(f"photo.{suffix}") <= 1.1 * size("photo.jpg")


def test_a_noisy_photo_with_a_full_map_does_not_grow(photo):
    """4:4:4, quality 89, a map of three channels at full size, as raw converters write: what grew is coded again."""
    noisy = np.random.default_rng(5).integers(0, 256, (160, 160, 3)).astype(np.uint8)
    stream = io.BytesIO()
    Pillow.fromarray(noisy).save(stream, "JPEG", quality=89, subsampling=0)
    gain_map = GainMap(noisy.copy(), (0,) * 3, (3,) * 3, alternate_headroom_stops=3.0)
    photo.write_bytes(formats.write(None, formats.read(stream.getvalue())[0], gain_map, map_quality=80))
    fine = Wish().of(photo.read_bytes(), "avif")
    qualities = ["--quality", str(fine.base), "--map-quality", str(fine.gain_map)]
    assert cli.main(["to", "avif", "photo.jpg", "-o", "named.avif", *qualities]) == 0
    assert size("named.avif") > 1.1 * size("photo.jpg")
    assert cli.main(["to", "avif", "photo.jpg"]) == 0
    assert size("photo.avif") <= 1.1 * size("photo.jpg")


def test_halved_is_at_most_sixty_percent(photo):
    assert cli.main(["edit", "photo.jpg", "--resize", "50%", "-o", "half.jpg"]) == 0
    assert size("half.jpg") <= 0.6 * size("photo.jpg")
    made = parse((photo.parent / "half.jpg").read_bytes())
    assert estimated(made) == 87
    assert subsampling(made) == "420"


def test_purposes_differ_as_they_say(photo):
    for options in ([], ["--archive"], ["--web"]):
        assert cli.main(["to", "avif", "photo.jpg", "-o", f"{''.join(options)[2:] or 'usual'}.avif", *options]) == 0
    assert size("web.avif") < size("usual.avif") < size("archive.avif")
    _, kept = formats.read("archive.avif")
    assert (kept.codes == formats.read("photo.jpg")[1].codes).all()


def test_a_jpeg_is_never_encoded_anew_at_more_than_its_own_quality():
    coarse = camera(picture(64, 64), 60)
    assert Wish().of(coarse, "jpeg").base == 60
    assert Wish().of(camera(picture(64, 64), 98), "jpeg").base == 90
    assert Wish(base=97).of(coarse, "jpeg").base == 97
    assert Wish(Purpose.ARCHIVE).of(coarse, "avif").base == 95
    assert Wish().of(coarse, "avif").base < Wish().of(camera(picture(64, 64), 90), "avif").base
    assert Wish().of(coarse, "jxl").base is None


@pytest.mark.parametrize("quality", [10, 30, 50, 75, 90, 95, 100])
def test_libjpegs_qualities_are_estimated(quality):
    assert abs(estimated(parse(camera(picture(16, 16), quality))) - quality) <= (5 if quality < 20 else 1)


def test_web_is_small_enough_for_a_page_and_says_no_place(tmp_path):
    exif = Pillow.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    Pillow.fromarray(picture(300, 2400)).save(stream, "JPEG", quality=95, exif=exif)
    image, _ = formats.read(stream.getvalue())
    codes = picture(150, 1200)
    pipeline.write("large.jpg", image, GainMap(codes, (0,) * 3, (2,) * 3))
    for command in (["to", "avif"], ["edit"]):
        assert cli.main([*command, "large.jpg", "--web", "--force", "-o", "web." + (command[1:] or ["jpg"])[0]]) == 0
    for name in ("web.avif", "web.jpg"):
        made, gain_map = formats.read(name)
        assert (made.width, made.height, gain_map.width) == (2048, 256, 1024)
        assert b"\x88\x25" not in (made.exif or b"")
    assert size("web.avif") < size("web.jpg") < size("large.jpg") / 2


@pytest.mark.parametrize("primaries", ["p3", "adobe_rgb"])
def test_colours_of_a_page_are_srgb_or_p3(primaries):
    image = Image(picture(48, 64), primaries, "srgb" if primaries == "p3" else "gamma22")
    gain_map = GainMap(picture(24, 32), (0,) * 3, (2,) * 3)
    pipeline.write("wide.jpg", image, gain_map, quality=100, map_quality=100)
    assert cli.main(["edit", "wide.jpg", "--web", "--quality", "100", "--map-quality", "100", "-o", "web.jpg"]) == 0
    (one, one_map), (two, two_map) = formats.read("wide.jpg"), formats.read("web.jpg")
    assert (two.primaries, two.transfer) == ("p3", "srgb")
    from untone.colour import matrix

    wanted = pipeline.apply(one, one_map).pixels @ matrix(one.primaries, "p3").T
    got = pipeline.apply(two, two_map).pixels
    assert np.median(np.abs(got - wanted) / (np.abs(wanted) + 0.05)) < 0.03


def test_native_is_the_light_itself_as_pq():
    for suffix in ("avif", "jxl"):
        assert cli.main(["to", suffix, "photo.jpg", "--native", "--quality", "100"]) == 0
        made, none = formats.read(f"photo.{suffix}")
        assert none is None
        assert (made.transfer, made.primaries) == ("pq", "bt2020")
        from untone.colour import matrix, to_linear

        light = to_linear(made.pixels / np.iinfo(made.pixels.dtype).max, "pq") @ matrix("bt2020", "bt709").T
        wanted = pipeline.apply(*formats.read("photo.jpg")).pixels
        assert np.median(np.abs(light - wanted) / (wanted + 0.05)) < 0.01


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["to", "jpg", "photo.jpg", "--native"], "--native is for avif"), (["to", "png", "photo.jpg", "--web"], "--web"),
     (["to", "avif", "photo.jpg", "--web", "--archive"], "not allowed with"),
     (["photo.jpg", "--in-place", "--model", "irnet-sr"], "irnet-sr makes another of 4 times the size"),
     (["photo.jpg", "--in-place", "--model", "irnet-sr", "--dry-run"], "another of 4 times the size"),
     (["photo.jpg", "--in-place", "-o", "x.jpg"], "leave out -o"), (["-", "--in-place"], "leave out -o"),
     (["edit", "photo.jpg", "--in-place", "--rotate", "90", "-o", "x.jpg"], "leave out -o")],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_said(arguments, said, capsys):
    assert cli.main(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_photo_is_converted_in_place(photo, capsys):
    target = photo.with_name("plain.jpg")
    before = target.read_bytes()
    target.chmod(0o640)
    os.utime(target, (1e9, 1e9))
    photo.with_name("link.jpg").symlink_to("plain.jpg")
    assert cli.main(["link.jpg", "--in-place", "--keep-times"]) == 0
    after = target.read_bytes()
    assert photo.with_name("link.jpg").is_symlink()
    assert scan(after) == scan(before)
    assert formats.read(after)[1] is not None
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert target.stat().st_mtime == 1e9
    assert cli.main(["plain.jpg", "--in-place"]) == 0
    assert target.read_bytes() == after
    assert "already carries a gain map" in capsys.readouterr().err
    assert cli.main(["edit", "plain.jpg", "--in-place", "--drop-map"]) == 0
    assert target.read_bytes() == before


def test_what_fails_or_is_refused_in_place_is_untouched(photo, capsys):
    Pillow.fromarray(picture(16, 16)).save("still.png")
    photo.with_name("cut.jpg").write_bytes(photo.read_bytes()[:3000])
    before = {p.name: p.read_bytes() for p in photo.parent.iterdir()}
    assert cli.main(["still.png", "--in-place"]) == 1
    assert cli.main(["cut.jpg", "--in-place"]) == 1
    assert cli.main(["edit", "photo.jpg", "--in-place", "--resize", "50%"]) == 1
    assert cli.main(["edit", "photo.jpg", "--in-place", "--crop", "3,3,50,50"]) == 1
    assert cli.main(["photo.jpg", "--in-place", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "encoded anew in place" in said
    assert "this is PNG" in said
    assert {p.name: p.read_bytes() for p in photo.parent.iterdir()} == before
    assert cli.main(["edit", "photo.jpg", "--in-place", "--force", "--resize", "50%"]) == 0
    assert formats.probe("photo.jpg").width == 256
