"""Light of other programs: floats with colour profiles, EXR of several parts, TIFF of every depth."""

import struct

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from test_webp_tiff import rgb_tags, tiff

from untone import colour, formats
from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.formats.jxl import codec as jxl
from untone.formats.jxl import header as jxl_header
from untone.formats.jxl import icc_stream
from untone.formats.jxl.header import Colour
from untone.formats.profiles import icc
from untone.formats.profiles import resolve as profiles
from untone.formats.profiles.icc import d50_matrix, matrix_profile, named_profile

WIDE = np.array([[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0.0, 0.0, 0.8249]])
"""Columns of ProPhoto RGB."""

RAMP = np.linspace(-0.25, 4, 3 * 4 * 3, dtype=np.float32).reshape(3, 4, 3)


def with_profile(light: np.ndarray, profile: bytes) -> bytes:
    tags = rgb_tags(3, 4, 8 * light.itemsize) | {339: ("H", [3, 3, 3]), 34675: ("B", list(profile))}
    return tiff(tags, light.tobytes())


def table_profile(values: list[int]) -> bytes:
    """BT.709 with a table for a curve, in place of the one that `matrix_profile` makes."""
    curve = b"curv" + bytes(4) + len(values).to_bytes(4, "big") + b"".join(v.to_bytes(2, "big") for v in values)
    tags = [(name, icc._xyz(column)) for name, column in zip(icc.COLUMNS, d50_matrix("bt709").T, strict=True)]
    return icc._profile([*tags, *((name, curve) for name in icc.CURVES)])


# Floats and their profiles


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
def test_linear_profiles_name_the_primaries_of_floats(primaries):
    data = with_profile(RAMP, named_profile(primaries, "linear"))
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, image.icc) == (primaries, "linear", None)
    assert np.allclose(image.pixels, RAMP, atol=1e-6)
    base = formats.probe(data).base
    assert (base.primaries, base.transfer) == (primaries, "linear")


def test_encoded_floats_go_through_their_curve_beyond_white_and_below_black():
    seen = formats.read(with_profile(RAMP, named_profile("bt709", "srgb")))[0].pixels
    assert np.allclose(seen, colour.srgb_to_linear(RAMP), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("values", "power"), [([0, 65535], 1), ([round(65535 * (k / 1023) ** 2) for k in range(1024)], 2)]
)
def test_a_table_goes_on_as_it_ends(values, power):
    seen = formats.read(with_profile(RAMP, table_profile(values)))[0].pixels
    assert np.allclose(seen, np.copysign(np.abs(RAMP) ** power, RAMP), rtol=5e-3, atol=1e-4)


def test_unnamed_primaries_of_floats_become_bt2020():
    """Columns of ProPhoto RGB at D50, whose white is D50's: grey stays grey, and red is beyond BT.2020."""
    profile = matrix_profile("wide", WIDE, 0, (1.0,))
    light = np.ones((3, 4, 3), np.float32)
    light[0, 0] = (1, 0, 0)
    image = formats.read(with_profile(light, profile))[0]
    assert image.primaries == formats.probe(with_profile(light, profile)).base.primaries == "bt2020"
    assert np.allclose(image.pixels[1], 1, atol=2e-3)
    assert image.pixels[0, 0, 0] > 1.1


@pytest.mark.parametrize("profile", [b"none", named_profile("p3", "srgb")[:200]])
def test_broken_profiles_of_floats_count_as_absent(profile):
    image = formats.read(with_profile(RAMP, profile))[0]
    assert (image.primaries, image.transfer) == ("bt709", "linear")
    assert np.array_equal(image.pixels, RAMP)


def test_grey_profiles_have_one_curve():
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + (512).to_bytes(2, "big")
    grey = icc._profile([(b"kTRC", curve)]).replace(b"RGB ", b"GRAY", 1)
    seen = profiles.light_of(grey, RAMP.copy())
    assert np.allclose(seen, np.copysign(RAMP**2, RAMP))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_floats_of_jpeg_xl_have_the_light_of_their_profile(dtype):
    encoded = np.clip(RAMP, 0, 1).astype(dtype)
    naked = jxl.parse(imagecodecs.jpegxl_encode(encoded, lossless=True, usecontainer=False)).codestream
    profile = icc_stream.packed(named_profile("p3", "srgb"))
    data = jxl_header.relabelled(naked, 1, Colour(None, None, has_icc=True), profile)
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer) == ("p3", "linear")
    assert np.allclose(image.pixels, colour.srgb_to_linear(encoded.astype(np.float64)), atol=1e-3)
    found = formats.probe(data)
    assert (found.base.primaries, found.base.transfer, found.warnings) == ("p3", "linear", [])


@pytest.mark.parametrize("profile", [named_profile("bt709", "srgb"), matrix_profile("w", WIDE, 0, (1.0,))])
def test_the_brightest_floats_stay_numbers(profile, tmp_path):
    """Their powers and mixtures are beyond float32; nothing is said about it on stderr."""
    light = np.full((3, 4, 3), 3e38, np.float32)
    light[0, 0] = (3e38, -3e38, np.nan)
    assert np.isfinite(formats.read(with_profile(light, profile))[0].pixels).all()
    doubles = tiff(rgb_tags(3, 4, 64) | {339: ("H", [3] * 3)}, np.full((3, 4, 3), 1e300).tobytes())
    assert (formats.read(doubles)[0].pixels == 65504).all()
    corners = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585)
    name = tmp_path / "bright.exr"
    OpenEXR.File({"chromaticities": corners}, {"RGB": light}).write(str(name))
    assert np.isfinite(formats.read(name)[0].pixels).all()


# TIFF


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_every_length_are_light(dtype):
    codes = RAMP.astype(dtype)
    image = formats.read(tiff(rgb_tags(3, 4, 8 * codes.itemsize) | {339: ("H", [3, 3, 3])}, codes.tobytes()))[0]
    assert (image.pixels.dtype, image.transfer) == (np.float32, "linear")
    assert np.array_equal(image.pixels, codes.astype(np.float32))


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_codes_of_few_bits_fill_their_range(bits):
    """A row of four grey samples, 0, 1, a third and all of the range, packed from the highest bit on."""
    top = (1 << bits) - 1
    row = "".join(f"{value:0{bits}b}" for value in (0, 1, top // 3, top))
    packed = int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big")
    seen = formats.read(tiff(rgb_tags(1, 4, bits, 1, 1), packed))[0].pixels[0, :, 0]
    full = 255 if bits < 8 else 65535
    assert seen.tolist() == [0, round(full / top), round(top // 3 * full / top), full]


def test_codes_of_32_bits_keep_the_upper_half():
    codes = np.array([[[0, 1 << 31, 2**32 - 1]]], np.uint32)
    assert formats.read(tiff(rgb_tags(1, 1, 32), codes.tobytes()))[0].pixels.tolist() == [[[0, 32768, 65535]]]


def test_light_that_covers_nothing_is_added_to_white():
    """Associated alpha of 0, 128 and 255: red 60 and all of white, half of it, none."""
    rgba = np.array([[[60, 0, 0, 0], [60, 0, 0, 128], [60, 0, 0, 255]]], np.uint8)
    seen = formats.read(tiff(rgb_tags(1, 3, 8, 2, 4) | {338: ("H", [1])}, rgba.tobytes()))[0].pixels
    assert seen[0, :, 0].tolist() == [255, 187, 60]


@pytest.mark.parametrize(("bits", "kind"), [(24, 1), (64, 1), (8, 3), (17, 1)])
def test_other_depths_are_named(bits, kind):
    with pytest.raises(UnsupportedError, match=f"{bits} bits"):
        formats.read(tiff(rgb_tags(1, 1, bits) | {339: ("H", [kind] * 3)}, bytes(64)))


# sRGB's red is L* 54.29, a* 80.80, b* 69.89 relative to D50 (CIE 15 with Bradford's adaptation).


@pytest.mark.parametrize(
    ("photometric", "codes", "tolerance"),
    [
        (8, np.array([[[138, 81, 70]]], np.uint8), 5),
        (8, np.array([[[35578, 20685, 17892]]], np.uint16), 0.6),
        (9, np.array([[[138, 209, 198]]], np.uint8), 5),
        (9, np.array([[[35440, 53453, 50660]]], np.uint16), 0.6),
    ],
)
def test_lab_is_relative_to_d50(photometric, codes, tolerance):
    data = tiff(rgb_tags(1, 1, 8 * codes.itemsize, photometric), codes.tobytes())
    image = formats.read(data)[0]
    assert (image.primaries, formats.probe(data).base.primaries) == ("bt2020", "bt2020")
    light = colour.to_linear(image.pixels / 65535, "srgb") @ colour.rgb_to_rgb("bt2020", "bt709").T
    assert np.abs(colour.linear_to_srgb(light) * 255 - (255, 0, 0)).max() <= tolerance


def test_negative_lab_is_signed():
    """a* of -86, b* of 83 at L* 88 is about the green primary."""
    data = tiff(rgb_tags(1, 1, 8, 8), np.array([[[round(88 * 2.55), 256 - 79, 81]]], np.uint8).tobytes())
    light = colour.to_linear(formats.read(data)[0].pixels / 65535, "srgb") @ colour.rgb_to_rgb("bt2020", "bt709").T
    assert light[0, 0, 1] > 0.95
    assert np.abs(light[0, 0, [0, 2]]).max() < 0.05


def test_logluv_is_light():
    """Two pixels, a byte of both at a time: 256 * (log2(4) + 64), then u' 4/19 and v' 9/19 of equal energy by 410."""
    tags = rgb_tags(1, 2, 16, 32845)
    packed = b"".join(bytes((2, byte, byte)) for byte in (0x42, 0x00, 86, 194))
    plain = tiff(tags | {339: ("H", [2] * 3)}, packed)
    entry = struct.pack("<HHIHH", 259, 3, 1, 1, 0)
    data = plain.replace(entry, struct.pack("<HHIHH", 259, 3, 1, 34676, 0))
    image = formats.read(data)[0]
    assert (image.transfer, image.primaries, formats.probe(data).base.transfer) == ("linear", "bt709", "linear")
    assert np.allclose(image.pixels @ np.array([0.2126, 0.7152, 0.0722]), 4, rtol=0.02)
    assert np.allclose(image.pixels, 4, rtol=0.04)


def test_faults_of_decoders_are_named(saved):
    data = saved("PNG", mode="P")
    place = data.index(b"PLTE") - 4
    length = int.from_bytes(data[place : place + 4], "big")
    with pytest.raises(DamagedError, match="no palette"):
        formats.read(data[:place] + data[place + 12 + length :])
    exr = formats.write(None, formats.read(data)[0], format="exr")
    with pytest.raises(DamagedError, match=r"not all there|decoded"):
        formats.read(exr[:-20])


# EXR of several parts


def parts(tmp_path, *layers: tuple[str, dict[str, np.ndarray]]) -> bytes:
    name = tmp_path / "parts.exr"
    OpenEXR.File([OpenEXR.Part({"type": OpenEXR.scanlineimage}, layer, key) for key, layer in layers]).write(str(name))
    return name.read_bytes()


def plane(value: float, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width), value, np.float32)


def test_the_first_part_with_colours_is_read(tmp_path):
    colours = {name: plane(value) for name, value in (("R", 3.0), ("G", 2.0), ("B", 1.0))}
    data = parts(tmp_path, ("depth", {"Z": plane(9)}), ("beauty", colours), ("later", {"Y": plane(4)}))
    assert formats.probe(data).format == "exr"
    seen = formats.read(data)[0].pixels
    assert seen.shape == (4, 6, 3)
    assert (seen == (3, 2, 1)).all()


def test_colours_that_are_missing_are_black(tmp_path):
    seen = formats.read(parts(tmp_path, ("only", {"G": plane(2), "Z": plane(9)})))[0].pixels
    assert (seen == (0, 2, 0)).all()


def test_a_headers_fault_does_not_name_files_of_ours(tmp_path):
    data = bytearray(parts(tmp_path, ("one", {"Y": plane(1)}), ("two", {"Y": plane(1)})))
    place = data.index(b"pixelAspectRatio\0float\0") + 27
    data[place : place + 4] = struct.pack("<f", float("nan"))
    with pytest.raises(DamagedError, match="cannot be decoded") as caught:
        formats.read(bytes(data))
    assert "in.exr" not in str(caught.value)


def test_parts_without_colours_are_named(tmp_path):
    with pytest.raises(UnsupportedError, match="channels Z"):
        formats.read(parts(tmp_path, ("depth", {"Z": plane(9)}), ("mask", {"A": plane(1)})))


def test_parts_are_counted_and_measured_before_they_are_decoded(tmp_path):
    data = parts(tmp_path, *((f"p{index}", {"Y": plane(1)}) for index in range(65)))
    with pytest.raises(LimitError, match="64 parts"):
        formats.probe(data)
    two = bytearray(parts(tmp_path, ("one", {"Y": plane(1)}), ("two", {"Y": plane(1)})))
    place = -1
    for _ in range(2):
        place = two.index(b"dataWindow\0box2i\0", place + 1)
        two[place + 21 : place + 37] = np.array([0, 0, 10_000, 10_000], "<i4").tobytes()
    with pytest.raises(LimitError, match="parts have"):
        formats.read(bytes(two))
    with pytest.raises(DamagedError):
        formats.probe(bytes(two[: two.rindex(b"dataWindow")]))
