"""untone data: what each verb writes, by numbers worked by hand; nothing is overwritten, a bad file stops no other."""

from __future__ import annotations

import json
from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from made_light import panorama, write_exr
from made_pairs import H, W, gmnet_pair, hdrtv_pair, png

from untone import cli, colour, formats
from untone.image import GainMap, Image
from untone.lab.data import packs, sources
from untone.lab.data.examples import code_gain, largest_gain_stops, light_of
from untone.lab.data.layouts import gmnet, open_dataset


def decoded(path: Path) -> np.ndarray:
    return np.asarray(imagecodecs.png_decode(path.read_bytes()))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def run(*words: object) -> int:
    return cli.main(["data", *map(str, words)])


# -- crop -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("divisor", [1, 2])
def test_crops_of_a_gmnet_set_keep_step_and_are_a_data_set(tmp_path: Path, divisor: int) -> None:
    """24 x 32 in patches of 12, a stride of 8: 2 x 3 of them; the whole picture's thumbnail and qmax go along."""
    gmnet_pair(tmp_path / "set", "IMG_365", 1, qmax=1.5, divisor=divisor)
    assert run("crop", tmp_path / "set", "-o", tmp_path / "out", "--size", 12, "--stride", 8) == 0
    image, gain_map = (decoded(tmp_path / "set" / k / "IMG_365.png") for k in ("image", "gainmap"))
    patches = list(open_dataset(tmp_path / "out", strict=True))
    assert len(patches) == 6
    assert {p.name for p in patches} == {
        f"IMG_365_y{top:05d}_x{left:05d}_of_24x32" for top in (0, 8) for left in (0, 8, 16)
    }
    thumbnail = decoded(tmp_path / "set" / "thumbnail" / "IMG_365.png")
    for patch in patches:
        top, left = round(patch.window[0] * H), round(patch.window[1] * W)
        assert (patch.sdr == image[top : top + 12, left : left + 12]).all()
        part = decoded(tmp_path / "out" / "gainmap" / f"{patch.name}.png")
        a, b, n = top // divisor, left // divisor, 12 // divisor
        assert (part == gain_map[a : a + n, b : b + n]).all()
        assert (patch.thumbnail == thumbnail).all()
    assert np.load(tmp_path / "out" / "metadata" / "IMG_365.npy") == np.float32(1.5)


def test_edges_are_cut_when_asked(tmp_path: Path) -> None:
    gmnet_pair(tmp_path / "set", "a", 1)
    assert run("crop", tmp_path / "set", "-o", tmp_path / "out", "--size", 20, "--edges") == 0
    names = sorted(p.stem for p in (tmp_path / "out" / "image").iterdir())
    assert names == [f"a_y{top:05d}_x{left:05d}_of_24x32" for top in (0, 4) for left in (0, 12)]


def test_crops_of_hdrtv1k_keep_sixteen_bits_and_tags(tmp_path: Path) -> None:
    hdrtv_pair(tmp_path / "tv", "001", 1)
    from untone.lab.data import codes

    codes.write_png(
        tmp_path / "tv/test_hdr/001.png", decoded(tmp_path / "tv/test_hdr/001.png"), described=codes.PQ_BT2020
    )
    assert run("crop", tmp_path / "tv", "-o", tmp_path / "out", "--size", 16) == 0
    name = "001_y00000_x00016_of_24x32.png"
    assert (decoded(tmp_path / "out/test_hdr" / name) == decoded(tmp_path / "tv/test_hdr/001.png")[:16, 16:]).all()
    assert codes.cicp(tmp_path / "out/test_hdr" / name) == (9, 16, 0, 1)
    whole = open_dataset(tmp_path / "tv")[0]
    patch = open_dataset(tmp_path / "out", strict=True)[1]
    assert patch.window == (0, 0.5, 16 / 24, 1)
    assert (patch.sdr == whole.sdr[:16, 16:]).all()
    assert np.abs(patch.thumbnail.astype(int).mean() - whole.thumbnail.mean()) < 3
    assert patch.qmax_stops == largest_gain_stops(whole.gain_stops)
    assert patch.code_qmax_stops == np.float32(code_gain(whole.sdr, whole.gain_stops).max())
    assert whole.qmax_stops is None
    assert run("crop", tmp_path / "out", "-o", tmp_path / "again", "--size", 8) == 0
    again = open_dataset(tmp_path / "again", strict=True)[0]
    assert (again.qmax_stops, again.code_qmax_stops) == (patch.qmax_stops, patch.code_qmax_stops)


def test_crops_of_plain_pictures_of_one_name_and_two_suffixes_do_not_mix(tmp_path: Path) -> None:
    """The published script named all patches of PNGs alike, so that each overwrote the last."""
    png(tmp_path / "in" / "a.png", np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3))
    png(tmp_path / "in" / "b.png", np.full((8, 8), 40000, np.uint16))
    assert run("crop", tmp_path / "in", "-o", tmp_path / "out", "--size", 4) == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 8
    assert decoded(tmp_path / "out" / "b_y00004_x00000_of_8x8.png").dtype == np.uint16
    (tmp_path / "in" / "a.jpg").write_bytes(b"x")
    assert run("crop", tmp_path / "in", "-o", tmp_path / "out", "--size", 4) == 1


def test_crop_resumes_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gmnet_pair(tmp_path / "set", "a", 1)
    gmnet_pair(tmp_path / "other", "a", 2)
    out = tmp_path / "out"
    assert run("crop", tmp_path / "set", "-o", out, "--size", 12) == 0
    whole = contents(out)
    (out / "image" / "a_y00000_x00012_of_24x32.png").unlink()
    kept = out / "image" / "a_y00012_x00012_of_24x32.png"
    stamp = kept.stat().st_mtime_ns
    assert run("crop", tmp_path / "set", "-o", out, "--size", 12) == 0
    assert contents(out) == whole
    assert kept.stat().st_mtime_ns == stamp
    for words in ([tmp_path / "set", "--size", 8], [tmp_path / "other", "--size", 12]):
        assert run("crop", *words, "-o", out) == 1
        assert "cut otherwise, or of another folder" in capsys.readouterr().err
    assert contents(out) == whole
    assert run("crop", tmp_path / "other", "-o", out, "--size", 12, "--force") == 0
    assert contents(out) != whole


def test_crop_does_not_write_over_files_that_are_not_its_own(tmp_path: Path) -> None:
    gmnet_pair(tmp_path / "set", "a", 1)
    mine = tmp_path / "out" / "image" / "a_y00000_x00000_of_24x32.png"
    png(mine, np.zeros((3, 3), np.uint8))
    before = mine.read_bytes()
    assert run("crop", tmp_path / "set", "-o", tmp_path / "out", "--size", 12) == 1
    assert mine.read_bytes() == before


def test_a_bad_picture_stops_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate("abcd"):
        gmnet_pair(tmp_path / "set", name, seed)
    data = (tmp_path / "set/image/b.png").read_bytes()
    (tmp_path / "set/image/b.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "set/metadata/c.npy").unlink()
    png(tmp_path / "set/gainmap/d.png", np.zeros((5, 5), np.uint8))
    assert run("crop", tmp_path / "set", "-o", tmp_path / "out", "--size", 24) == 1
    assert [p.stem[0] for p in (tmp_path / "out/image").iterdir()] == ["a"]
    err = capsys.readouterr().err
    for name in "bcd":
        assert f"{name}.png: " in err
    assert "3 of 4 pictures failed" in err


@pytest.mark.parametrize(
    "words", [["--size", "0"], ["--size", "12", "--stride", "0"], ["--size", "x"], ["--size", "13"], ["--size", "1000"]]
)
def test_sizes_that_make_no_sense(tmp_path: Path, words: list[str]) -> None:
    """13 does not fit a map of half size: a request without sense; 1000 is larger than the picture: it fails."""
    gmnet_pair(tmp_path / "set", "a", 1, divisor=2)
    assert run("crop", tmp_path / "set", "-o", tmp_path / "out", *words) == (1 if words[-1] == "1000" else 2)
    assert run("crop", tmp_path / "set", "-o", tmp_path / "set", "--size", "12") == 2


# -- extract ----------------------------------------------------------------------------------------------------------


def double_layer(path: Path, channels: int = 1, divisor: int = 2, **fields: object) -> GainMap:
    """A photo of our writer with a smooth base and a map of given parameters."""
    rows, columns = np.mgrid[0:48, 0:64] / 64
    sdr = (np.stack([rows, columns, (rows + columns) / 2], -1) * 200 + 30).astype(np.uint8)
    codes = (np.mgrid[0 : 48 // divisor, 0 : 64 // divisor].sum(0) * 3 % 256).astype(np.uint8)
    codes = np.stack([np.roll(codes, k, 1) for k in range(channels)], -1)
    one = {"min_stops": (0.0,) * 3, "max_stops": (2.0,) * 3, "alternate_headroom_stops": 2.0} | fields
    gain_map = GainMap(codes, **one)  # type: ignore[arg-type]
    image = Image(sdr, str(fields.pop("primaries", "bt709")))
    formats.write(path, image, gain_map, quality=98, map_quality=98)
    return gain_map


def applied(path: Path) -> np.ndarray:
    """The light of the file, by the line."""
    from untone import pipeline

    return pipeline.apply(*pipeline.read(path)).pixels


def test_a_plain_map_is_extracted_code_by_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    double_layer(tmp_path / "IMG_001.jpg")
    assert run("extract", tmp_path / "IMG_001.jpg", "-o", tmp_path / "out") == 0
    assert "IMG_001.jpg" not in capsys.readouterr().err
    image, gain_map = formats.read(tmp_path / "IMG_001.jpg")
    assert (decoded(tmp_path / "out/gainmap/IMG_001.png") == gain_map.codes[..., 0]).all()
    assert (decoded(tmp_path / "out/image/IMG_001.png") == image.pixels).all()
    qmax = np.load(tmp_path / "out/metadata/IMG_001.npy")
    assert (qmax.dtype, qmax.shape, float(qmax)) == (np.float32, (), 2.0)
    note = json.loads((tmp_path / "out/metadata/IMG_001.json").read_text())
    assert (note["transfer"], note["base_offset"], note["max_stops"]) == ("srgb", 1 / 64, [2.0, 2.0, 2.0])
    assert decoded(tmp_path / "out/thumbnail/IMG_001.png").shape == (256, 256, 3)
    example = open_dataset(tmp_path / "out", strict=True)[0]
    assert np.abs(light_of(example.sdr, example.gain_stops) - applied(tmp_path / "IMG_001.jpg")).max() < 1e-4


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"base_offset": (0.0,) * 3, "alternate_offset": (0.0,) * 3}, None),
        ({"gamma": (1.5,) * 3}, "gamma 1.5 was taken off"),
        ({"min_stops": (0.25,) * 3}, "its minimum, 0.25 stops"),
        ({"divisor": 3}, "resized to half"),
    ],
)
def test_every_parameter_is_honoured(
    tmp_path: Path, fields: dict[str, object], said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The light of the extracted pair is the file's, within the 8 bits of the new codes; what was done is said."""
    double_layer(tmp_path / "a.jpg", **fields)
    assert run("extract", tmp_path / "a.jpg", "-o", tmp_path / "out") == 0
    err = capsys.readouterr().err
    assert (said in err) if said else ("a.jpg" not in err)
    example = open_dataset(tmp_path / "out", strict=True)[0]
    light, expected = light_of(example.sdr, example.gain_stops), applied(tmp_path / "a.jpg")
    assert np.median(np.abs(np.log2((light + 1 / 64) / (expected + 1 / 64)))) < 0.02


def test_darkening_is_lost_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    double_layer(tmp_path / "a.jpg", min_stops=(-0.5,) * 3)
    assert run("extract", tmp_path / "a.jpg", "-o", tmp_path / "out") == 0
    err = capsys.readouterr().err
    assert "its minimum, -0.5 stops" in err
    assert "was lost" in err
    assert open_dataset(tmp_path / "out")[0].gain_stops.min() >= 0


def test_three_channels_become_luminance_or_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    double_layer(tmp_path / "a.jpg", channels=3, divisor=1)
    assert run("extract", tmp_path / "a.jpg", "-o", tmp_path / "one") == 0
    assert "three channels became the gain of luminance" in capsys.readouterr().err
    assert run("extract", tmp_path / "a.jpg", "-o", tmp_path / "three", "--rgb") == 0
    one, three = (open_dataset(tmp_path / k, strict=True)[0] for k in ("one", "three"))
    expected = applied(tmp_path / "a.jpg")
    assert np.abs(np.log2((light_of(three.sdr, three.gain_stops) + 1 / 64) / (expected + 1 / 64))).max() < 0.02
    ratio = (light_of(one.sdr, one.gain_stops) @ sources.LUMA) / (expected @ sources.LUMA)
    assert np.abs(np.log2(ratio)).max() < 0.03


def test_extract_goes_on_skips_and_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.d").mkdir()
    double_layer(tmp_path / "in.d" / "good.jpg")
    formats.write(tmp_path / "in.d" / "plain.jpg", Image(np.full((8, 8, 3), 9, np.uint8)))
    (tmp_path / "in.d" / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    double_layer(tmp_path / "in.d" / "hdrbase.jpg", base_headroom_stops=2.0, alternate_headroom_stops=0.0)
    assert run("extract", tmp_path / "in.d", "-o", tmp_path / "out") == 1
    err = capsys.readouterr().err
    for said in (
        "plain.jpg: carries no gain map",
        "bad.jpg: ",
        "hdrbase.jpg: its base is the HDR",
        "3 of 4 photos failed",
    ):
        assert said in err
    path = tmp_path / "out" / "image" / "good.png"
    stamp = path.stat().st_mtime_ns
    assert run("extract", tmp_path / "in.d" / "good.jpg", "-o", tmp_path / "out") == 0
    assert path.stat().st_mtime_ns == stamp
    double_layer(tmp_path / "good.jpg")
    assert run("extract", tmp_path / "in.d" / "good.jpg", tmp_path / "good.jpg", "-o", tmp_path / "out") == 2
    assert "would both become good" in capsys.readouterr().err


def test_extracted_photos_stand_upright(tmp_path: Path) -> None:
    """Orientation 6 turns picture and map a quarter clockwise."""
    from PIL import Image as Pil

    exif = Pil.Exif()
    exif[0x0112] = 6
    gain_map = double_layer(tmp_path / "a.jpg")
    image = formats.read(tmp_path / "a.jpg")[0]
    turned = Image(image.pixels, orientation=6, exif=exif.tobytes().removeprefix(b"Exif\0\0"))
    formats.write(tmp_path / "b.jpg", turned, gain_map, quality=98, map_quality=98)
    assert run("extract", tmp_path / "b.jpg", "-o", tmp_path / "out") == 0
    stored, stored_map = formats.read(tmp_path / "b.jpg")
    assert (decoded(tmp_path / "out/image/b.png") == np.rot90(stored.pixels, -1)).all()
    assert (decoded(tmp_path / "out/gainmap/b.png") == np.rot90(stored_map.codes[..., 0], -1)).all()


# -- render and pq ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["exr", "tiff"])
@pytest.mark.parametrize("divisor", [1, 2])
def test_render_by_the_protocol_of_gmnet(tmp_path: Path, kind: str, divisor: int) -> None:
    gmnet_pair(tmp_path / "set", "a", 1, qmax=1.5, divisor=divisor)
    words = ["--protocol", "gmnet", "--format", kind]
    assert run("render", tmp_path / "set", "-o", tmp_path / "out", *words) == 0
    path = tmp_path / "out" / f"a.{kind}"
    if kind == "exr":
        light = OpenEXR.File(str(path)).channels()["RGB"].pixels
    else:
        light = imagecodecs.tiff_decode(path.read_bytes())
    ngm = decoded(tmp_path / "set/gainmap/a.png") / 255
    if divisor == 2:
        ngm = np.stack([np.interp((np.arange(W) + 0.5) / 2 - 0.5, np.arange(W // 2), row) for row in ngm])
        ngm = np.stack([np.interp((np.arange(H) + 0.5) / 2 - 0.5, np.arange(H // 2), c) for c in ngm.T], 1)
    expected = (decoded(tmp_path / "set/image/a.png") / 255) ** 2.2 * 2 ** (1.5 * ngm[..., None])
    assert light.dtype == np.float32
    assert np.abs(light - expected).max() < 5e-6
    assert formats.read(path)[0].transfer == "linear"


def test_render_of_our_own_follows_the_note(tmp_path: Path) -> None:
    gmnet_pair(tmp_path / "set", "a", 1, qmax=1.0)
    gmnet.write_note(tmp_path / "set/metadata/a.json", gmnet.OURS)
    assert run("render", tmp_path / "set", "-o", tmp_path / "out") == 0
    ngm = decoded(tmp_path / "set/gainmap/a.png")[..., None] / 255
    light = colour.srgb_to_linear(decoded(tmp_path / "set/image/a.png") / 255)
    expected = (light + 1 / 64) * 2**ngm - 1 / 64
    assert np.abs(formats.read(tmp_path / "out/a.exr")[0].pixels - expected).max() < 5e-6


def test_render_names_broken_pairs_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        gmnet_pair(tmp_path / "set", name, 1)
    np.save(tmp_path / "set/metadata/a.npy", np.float32(np.nan))
    for protocol in ("ours", "gmnet"):
        assert run("render", tmp_path / "set", "-o", tmp_path / protocol, "--protocol", protocol) == 1
        assert [p.name for p in (tmp_path / protocol).iterdir()] == ["b.exr"]
        assert "qmax must be" in capsys.readouterr().err
    hdrtv_pair(tmp_path / "tv", "001", 1)
    assert run("render", tmp_path / "tv", "-o", tmp_path / "x", "--protocol", "gmnet") == 2


def test_pq_is_rounded_and_tagged(tmp_path: Path) -> None:
    """Code 33297.98 of 100 nits is 33298: truncated codes would be off by more than half in places."""
    write_exr(tmp_path / "a.exr", np.array([[[1.0, 1.0, 1.0]], [[100 / 203] * 3]], np.float32).repeat(3, 1))
    light = OpenEXR.File(str(tmp_path / "a.exr")).channels()["RGB"].pixels.astype(np.float64)
    assert run("pq", tmp_path / "a.exr", "-o", tmp_path / "out") == 0
    codes = decoded(tmp_path / "out/a.png")
    exact = colour.nits_to_pq(light * 203) * 65535
    assert codes.dtype == np.uint16
    assert np.abs(codes - exact).max() <= 0.5 + 1e-2
    assert b"cICP" + bytes((9, 16, 0, 1)) in (tmp_path / "out/a.png").read_bytes()[:200]


def test_pq_keeps_primaries_scales_and_names_what_is_not_linear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    write_exr(tmp_path / "in" / "a.exr", np.full((2, 2, 3), [0.5, 0.25, 0.0], np.float32))
    (tmp_path / "in" / "bad.exr").write_bytes(b"no")
    words = ["--white", "100", "--scale", "4", "--keep-primaries"]
    assert run("pq", tmp_path / "in", "-o", tmp_path / "out", *words) == 1
    assert "bad.exr: " in capsys.readouterr().err
    expected = np.round(colour.nits_to_pq(np.array([200.0, 100.0, 0.0])) * 65535)
    assert np.abs(decoded(tmp_path / "out/a.png")[0, 0] - expected).max() <= 1
    assert b"cICP" + bytes((1, 16, 0, 1)) in (tmp_path / "out/a.png").read_bytes()[:200]
    png(tmp_path / "sdr.png", np.zeros((2, 2, 3), np.uint8))
    assert run("pq", tmp_path / "sdr.png", "-o", tmp_path / "out") == 1
    assert "not linear light" in capsys.readouterr().err
    assert run("pq", tmp_path / "in", "-o", tmp_path / "out", "--white", "-1") == 2


# -- pack -------------------------------------------------------------------------------------------------------------


def test_a_packed_set_makes_nearly_the_same_pairs(hdr_folder: Path, tmp_path: Path) -> None:
    """Same scenes, same kinds, light within half a step; a second run without --force changes nothing."""
    out = tmp_path / "set.zip"
    assert run("pack", hdr_folder, "-o", out) == 0
    before, after = sources.sources(hdr_folder), sources.sources(out)
    assert [(s.scene, s.is_panorama, s.has_ground) for s in before] == [
        (s.scene, s.is_panorama, s.has_ground) for s in after
    ]
    for one, other in zip(before, after, strict=True):
        light, packed = one.light(), other.light()
        fine = (light > 2.0**-7) & (light < 2.0**2.5)
        assert fine.mean() > 0.8
        assert np.abs(np.log2(packed[fine] / light[fine])).max() < 0.51 / packs.STEPS
    bytes_before = out.read_bytes()
    assert run("pack", hdr_folder, "-o", out) == 1
    assert run("pack", hdr_folder, "-o", out, "--force") == 0
    assert out.read_bytes() == bytes_before
    assert [p.name for p in tmp_path.iterdir()] == ["set.zip"]


def test_pack_resumes_from_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in (1, 2, 3):
        write_exr(tmp_path / f"{seed}.exr", panorama(seed))
    made: list[int] = []
    encoded = packs.encoded

    def counting(light: np.ndarray, steps: int) -> tuple[bytes, float]:
        made.append(1)
        if len(made) == 3:
            raise KeyboardInterrupt
        return encoded(light, steps)

    monkeypatch.setattr(packs, "encoded", counting)
    (tmp_path / "out").mkdir()
    words = [*sorted(tmp_path.glob("*.exr")), "-o", tmp_path / "out" / "p.zip"]
    assert run("pack", *words) == 130
    assert not (tmp_path / "out" / "p.zip").exists()
    made[:] = [1] * 9
    assert run("pack", *words) == 0
    assert len(made) == 10
    assert len(packs.members(tmp_path / "out" / "p.zip")) == 3


def test_data_needs_a_verb_and_knows_its_own() -> None:
    assert cli.main(["data"]) == 2
    assert cli.main(["data", "fold", "x", "-o", "y"]) == 2
    with pytest.raises(SystemExit):
        cli.main(["data", "crop", "--help"])
