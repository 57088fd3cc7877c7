"""ICC profiles, with LittleCMS (through Pillow) as the witness."""

import io
import logging
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from untone import colour, formats
from untone.errors import DamagedError
from untone.formats.png import codec as png
from untone.formats.profiles import icc
from untone.formats.profiles import resolve as profiles
from untone.image import GainMap, Image

PROPHOTO = np.array([[0.7976749, 0.1351917, 0.0313534], [0.2880402, 0.7118741, 0.0000857], [0, 0, 0.8252100]])
NAMES = [(p, t) for p in ("bt709", "p3", "bt2020", "adobe_rgb") for t in ("srgb", "bt1886", "gamma22")]


def gamma_curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def profile(tags: dict[bytes, bytes], space: bytes = b"RGB ", pcs: bytes = b"XYZ ") -> bytes:
    common = [(b"desc", icc._text("made for a test")), (b"cprt", icc._text("none")), (b"wtpt", icc._xyz(icc.D50))]
    made = bytearray(icc._profile(common + list(tags.items())))
    made[16:24] = space + pcs
    return bytes(made)


def prophoto(gamma: float = 1.8) -> bytes:
    columns = {name: icc._xyz(PROPHOTO[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    return profile(columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma_curve(gamma)))


def cmyk() -> bytes:
    """Inks by a 2 x 2 x 2 x 2 table: lightness falls with C + M + Y, black takes the rest; neutral."""
    corners = [(0 if k else 255 * (3 - c - m - y) // 3) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b"".join(bytes((lightness, 128, 128)) for lightness in corners)
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    made = bytearray(profile({b"A2B0": lut + bytes(range(256)) * 4 + table + bytes(range(256)) * 3}, b"CMYK", b"Lab "))
    made[8:12], made[12:16] = b"\x02\x10\0\0", b"prtr"
    return bytes(made)


@pytest.mark.parametrize(("primaries", "transfer"), NAMES)
def test_our_profiles_are_recognised_and_littlecms_agrees_with_our_colour(primaries, transfer):
    made = icc.named_profile(primaries, transfer)
    found = icc.describe(made)
    assert (found.primaries, found.transfer, found.space) == (primaries, transfer, "RGB ")
    codes = np.random.default_rng(1).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(p)) for p in (made, icc.named_profile("bt2020", "srgb")))
    converted = ImageCms.profileToProfile(Pillow.fromarray(codes), source, target, renderingIntent=1)
    light = colour.to_linear(codes / 255, transfer) @ colour.rgb_to_rgb(primaries, "bt2020").T
    expected = np.clip(colour.linear_to_srgb(np.clip(light, 0, 1)), 0, 1) * 255
    assert np.abs(np.asarray(converted) - expected).max() < 1.5


def test_littlecms_own_srgb_profile_is_srgb():
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (icc.describe(made).primaries, icc.describe(made).transfer) == ("bt709", "srgb")


def test_a_sampled_srgb_curve_is_the_srgb_curve():
    values = np.round(colour.srgb_to_linear(np.linspace(0, 1, 1024)) * 65535).astype(">u2")
    curve = b"curv" + bytes(4) + struct.pack(">I", 1024) + values.tobytes()
    matrix = icc.d50_matrix("p3")
    columns = {name: icc._xyz(matrix[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    found = icc.describe(profile(columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)))
    assert (found.primaries, found.transfer) == ("p3", "srgb")


def test_a_cicp_tag_names_pq():
    made = profile({b"cicp": b"cicp" + bytes(4) + bytes((9, 16, 0, 1))})
    assert (icc.describe(made).primaries, icc.describe(made).transfer) == ("bt2020", "pq")


def test_a_cicp_tag_hides_no_curve_that_ends_early():
    columns = {name: icc._xyz(icc.d50_matrix("p3")[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    short = b"curv" + bytes(4) + struct.pack(">I", 1024) + bytes(6)
    cicp = {b"cicp": b"cicp" + bytes(4) + bytes((9, 16, 0, 1))}
    made = profile(cicp | columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), short))
    assert icc.describe(made).transfer == "pq"
    with pytest.raises(DamagedError, match="profile is damaged"):
        icc.matrix_and_curves(made, 256)


def test_an_unnamed_profile_is_converted_as_littlecms_does_and_kept(saved):
    data = saved("JPEG", icc_profile=prophoto(), quality=100, subsampling=0)
    image = formats.read(data)[0]
    both = prophoto(), icc.named_profile("bt2020", "srgb")
    source, target = (ImageCms.ImageCmsProfile(io.BytesIO(made)) for made in both)
    expected = np.asarray(ImageCms.profileToProfile(Pillow.open(io.BytesIO(data)), source, target)).astype(int)
    assert image.pixels.dtype == np.uint16
    assert np.abs(image.pixels / 257 - expected).max() <= 1.5
    assert (image.primaries, image.transfer, image.icc) == ("bt2020", "srgb", prophoto())
    assert profiles.is_converted(image)
    assert formats.probe(data).base.primaries == "other"


def test_an_unnamed_profile_within_display_p3_is_converted_to_that(saved):
    columns = {name: icc._xyz(icc.d50_matrix("bt709")[:, i]) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, int(1.8 * 256))
    narrow = profile(columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))
    image = formats.read(saved("JPEG", icc_profile=narrow))[0]
    assert (image.primaries, image.transfer) == ("p3", "srgb")


def test_a_fresh_map_for_a_converted_photo_says_which_space_it_is_for(saved, gain_map):
    image = formats.read(saved("JPEG", icc_profile=prophoto()))[0]
    again, found = formats.read(formats.write(None, image, gain_map))
    assert (found.use_base_colour_space, found.alternate_primaries) == (False, "bt2020")
    assert again.icc == prophoto()


def test_a_map_that_was_read_keeps_its_own_space(saved, gain_map):
    image = formats.read(saved("JPEG", icc_profile=prophoto()))[0]
    read = GainMap(gain_map.codes, (0,) * 3, (1,) * 3, encodings=("iso21496-1",))
    assert formats.read(formats.write(None, image, read))[1].use_base_colour_space


def test_an_unnamed_profile_of_a_png_is_converted_in_16_bits_and_dropped(pixels):
    image = formats.read(_png_with(pixels.astype(np.uint16) * 257, prophoto()))[0]
    assert (image.pixels.dtype, image.primaries, image.icc) == (np.uint16, "bt2020", None)
    eight = formats.read(_png_with(pixels, prophoto()))[0]
    assert np.abs(image.pixels.astype(int) - eight.pixels).max() <= 1


def _png_with(codes: np.ndarray, made: bytes) -> bytes:
    plain = formats.write(None, Image(codes), format="png")
    return plain[:33] + png._chunk(b"iCCP", b"x\0\0" + zlib.compress(made)) + plain[33:]


def test_a_grey_profile_is_honoured(saved):
    made = profile({b"kTRC": gamma_curve(1.0)}, b"GRAY")
    image = formats.read(saved("JPEG", mode="L", icc_profile=made, quality=100))[0]
    plain = formats.read(saved("JPEG", mode="L", quality=100))[0]
    assert image.pixels.mean() > plain.pixels.mean() + 20
    assert np.ptp(image.pixels, axis=2).max() <= 1


def test_cmyk_goes_through_its_profile():
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8, :, :3], inks[8:, 8:, 3] = 255, 128
    stream = io.BytesIO()
    Pillow.fromarray(inks, "CMYK").save(stream, "JPEG", quality=100, icc_profile=cmyk())
    image = formats.read(stream.getvalue())[0]
    assert np.abs(image.pixels[12, 4].astype(int) - 255).max() <= 2
    assert image.pixels[4, 4].max() <= 2
    assert 105 < image.pixels[12, 12].mean() < 130
    assert (image.primaries, image.icc, image.encoded) == ("p3", None, None)


@pytest.mark.parametrize("broken", [b"x" * 200, prophoto()[:300], prophoto()[:128] + bytes(400), b"", prophoto()[:131]])
def test_a_broken_profile_counts_as_srgb_and_is_carried(saved, gain_map, broken, caplog):
    with caplog.at_level(logging.WARNING, "untone.formats"):
        data = saved("JPEG", icc_profile=broken)
        image = formats.read(data)[0]
    assert (image.primaries, image.transfer) == ("bt709", "srgb")
    assert np.array_equal(image.pixels, formats.read(saved("JPEG"))[0].pixels)
    assert len(caplog.records) == bool(broken)
    assert formats.read(formats.write(None, image, gain_map))[0].icc == (broken or None)


def test_every_cut_and_flipped_profile_is_survived():
    rng = np.random.default_rng(3)
    for made in (prophoto(), icc.named_profile("p3", "srgb"), cmyk()):
        for i in range(300):
            bad = bytearray(made[: rng.integers(0, len(made))] if i % 2 else made)
            for place in rng.integers(0, max(len(bad), 1), 3 if bad else 0):
                bad[place] = rng.integers(0, 256)
            try:
                icc.describe(bytes(bad))
            except DamagedError:
                continue
