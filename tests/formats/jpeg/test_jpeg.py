"""JPEG files with and without gain maps, end to end."""

import dataclasses
import io
import struct
from collections.abc import Callable

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from untone import cli, formats
from untone.apps.inspection.validation.files import findings
from untone.errors import DamagedError, UnsupportedError, UntoneError
from untone.formats.jpeg import mpf, segments, ultrahdr
from untone.formats.jpeg.gcontainer import directory
from untone.formats.jpeg.segments import APP1, APP2, EXIF_TAG, ICC_TAG, XMP_TAG, find_end, parse
from untone.formats.metadata.iso21496 import ISO_TAG, metadata_of
from untone.formats.metadata.xmp import HDRGM, properties
from untone.formats.profiles.icc import named_profile
from untone.image import GainMap, Image

PARAMETERS = (
    "min_stops", "max_stops", "gamma", "base_offset", "alternate_offset", "base_headroom_stops",
    "alternate_headroom_stops", "use_base_colour_space",
)  # fmt: skip
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)


def read_map(data: bytes) -> GainMap:
    found = formats.read(data)[1]
    assert found is not None
    return found


def write(image: Image, gain_map: GainMap | None = None, **options: int) -> bytes:
    data = formats.write(None, image, gain_map, **options)
    assert data is not None
    return data


def scan_of(data: bytes) -> bytes:
    stream = parse(data)
    return data[stream.scan : find_end(data, stream)]


def with_segment(data: bytes, marker: int, body: bytes, place: int = 0) -> bytes:
    """`data` with one more segment after the first `place` segments."""
    end = parse(data).segments[place].end
    return data[:end] + segments.segment(marker, body) + data[end:]


def test_every_carried_segment_and_the_scan_stay_byte_for_byte(saved, orientation_exif, gain_map):
    icc = named_profile("p3", "srgb") + bytes(150_000)
    original = saved("JPEG", exif=EXIF_TAG + orientation_exif(6), icc_profile=icc, comment=b"hello", progressive=True)
    original = with_segment(original, 0xED, b"Photoshop 3.0\0whatever", 1)
    image, none = formats.read(original)
    assert none is None
    written = write(image, gain_map)
    assert scan_of(written) == scan_of(original)
    kept = [s.body for s in parse(written).segments if not s.body.startswith((XMP_TAG, ISO_TAG, mpf.MPF_TAG))]
    assert kept == [s.body for s in parse(original).segments]
    again, _ = formats.read(written)
    assert (again.orientation, again.icc, again.exif) == (6, icc, orientation_exif(6))
    assert np.array_equal(again.pixels, image.pixels)


def test_added_segments_stand_in_the_order_that_readers_expect(saved, orientation_exif, gain_map):
    original = saved("JPEG", exif=EXIF_TAG + orientation_exif(1), icc_profile=named_profile("p3", "srgb"))
    written = write(formats.read(original)[0], gain_map)
    tags = (b"JFIF\0", EXIF_TAG, XMP_TAG, ISO_TAG, mpf.MPF_TAG, ICC_TAG)
    order = [next((tag for tag in tags if s.body.startswith(tag)), None) for s in parse(written).segments]
    assert order[: len(tags)] == list(tags)


def test_mpf_and_container_point_exactly_at_the_map(saved, gain_map):
    written = write(formats.read(saved("JPEG"))[0], gain_map)
    primary = parse(written)
    end = find_end(written, primary)
    index = primary.first(APP2, mpf.MPF_TAG)
    first, second = mpf.parse(index.body, index.start + 8)
    assert first == mpf.Entry(0x030000, end, 0)
    assert second == mpf.Entry(0, len(written) - end, end)
    packet = primary.payload(APP1, XMP_TAG)
    assert dict(directory(packet)[1].attributes)["Length"] == str(second.size)
    assert properties(packet, HDRGM) == {"Version": ("1.0",)}
    assert primary.payload(APP2, ISO_TAG) == bytes(4)


def test_the_maps_jpeg_has_no_subsampling_no_exif_and_both_flavours(pixels, gain_map):
    stream = ultrahdr.locate(write(Image(pixels), gain_map)).gain_map
    frame = next(s for s in stream.segments if s.marker in segments.FRAMES)
    assert [frame.body[7 + 3 * i] for i in range(3)] == [0x11] * 3
    assert stream.first(APP1, EXIF_TAG) is None
    assert ultrahdr.flavours(stream) == ("iso21496-1", "hdrgm-xmp")


def test_a_grey_map_is_a_grey_jpeg(pixels):
    grey = GainMap(np.ascontiguousarray(pixels[:, :, :1]), (0,) * 3, (1,) * 3)
    found = read_map(write(Image(pixels), grey, map_quality=100))
    assert found.channels == 1
    assert np.abs(found.codes.astype(int) - grey.codes).max() <= 2


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from((1, 3))),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.floats(-4, 4),
    st.floats(0, 6),
    st.floats(0.1, 4),
    st.floats(0, 0.1),
    st.booleans(),
)
def test_any_map_reads_back_equal_to_the_formats_precision(map_shape, size, low, span, gamma, offset, downwards):
    channels = (1.0, 1.5, 0.5) if map_shape[2] == 3 else (1.0,) * 3
    base, alternate = (span + 0.5, 0.25) if downwards else (0.0, span + 0.5)
    codes = np.full(map_shape, 77, np.uint8)
    written = GainMap(
        codes,
        tuple(low * c for c in channels),
        tuple(low * c + span for c in channels),
        (gamma,) * 3,
        (offset,) * 3,
        (offset / 2,) * 3,
        base,
        alternate,
    )
    found = read_map(write(Image(np.zeros((*size, 3), np.uint8)), written, map_quality=100))
    for name in PARAMETERS:
        assert np.allclose(getattr(found, name), getattr(written, name), rtol=0, atol=2e-8)
    assert np.abs(found.codes.astype(int) - 77).max() <= 1
    assert metadata_of(found) == metadata_of(written)


def test_writing_what_was_read_changes_nothing(pixels, gain_map):
    first = write(Image(pixels), gain_map)
    image, found = formats.read(first)
    assert write(image, found) == first


def test_sixteen_bit_codes_are_written_as_eight(pixels):
    wide = GainMap(np.full((8, 8, 3), 0x8080, np.uint16), (0,) * 3, (1,) * 3)
    assert np.all(read_map(write(Image(pixels), wide)).codes == 0x80)


def test_an_independent_decoder_sees_the_gain():
    """libultrahdr: grey 0.5 under a flat map of 2 stops is four times brighter, offsets aside."""
    image = Image(np.full((64, 64, 3), 188, np.uint8))
    flat = GainMap(np.full((64, 64, 3), 255, np.uint8), (0,) * 3, (2,) * 3, alternate_headroom_stops=2.0)
    light = imagecodecs.ultrahdr_decode(write(image, flat), dtype="float16", boost=8.0)
    base = ((188 / 255 + 0.055) / 1.055) ** 2.4
    assert np.allclose(light[:, :, :3].astype(float), (base + 1 / 64) * 4 - 1 / 64, rtol=0.02)


def test_a_users_xmp_keeps_its_properties(saved, gain_map):
    written = write(formats.read(saved("JPEG", xmp=XMP))[0], gain_map)
    packets = [s.body[len(XMP_TAG) :] for s in parse(written).segments if s.body.startswith(XMP_TAG)]
    assert len(packets) == 1
    assert properties(packets[0], "http://ns.adobe.com/xap/1.0/") == {"Rating": ("4",)}
    assert properties(packets[0], HDRGM) == {"Version": ("1.0",)}


@pytest.mark.parametrize("xmp", [b"<broken", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + b"y" * 65400 + b"</x:xmpmeta>"])
def test_an_xmp_that_cannot_take_more_stays_as_it_is(saved, gain_map, xmp):
    written = write(formats.read(saved("JPEG", xmp=xmp))[0], gain_map)
    assert parse(written).payload(APP1, XMP_TAG) == xmp
    assert read_map(written).encodings == ("iso21496-1", "hdrgm-xmp")


def test_a_new_map_replaces_the_old_and_keeps_other_images_and_the_trailer(saved, gain_map):
    image = formats.read(write(formats.read(saved("JPEG"))[0], gain_map))[0]
    assert image.encoded is not None
    video = b"\0\0\0\x18ftypmp42" + b"\xff\xd8\xff" * 9
    primary = parse(image.encoded)
    preview, index = saved("JPEG", mode="L"), primary.first(APP2, mpf.MPF_TAG)
    entries = [*mpf.parse(index.body, index.start + 8), mpf.Entry(0x010001, len(preview), len(image.encoded))]
    grown = ultrahdr.segment(
        APP2, mpf.mpf_body([dataclasses.replace(e, offset=e.offset + 16) for e in entries], index.start + 8)
    )
    data = image.encoded[: index.start] + grown + image.encoded[index.end :] + preview + video
    image = formats.read(data)[0]
    small = dataclasses.replace(gain_map, codes=gain_map.codes[:4, :4].copy(), max_stops=(4.0,) * 3)
    written = write(image, small)
    assert written.endswith(preview + video)
    assert read_map(written).max_stops == (4.0,) * 3
    assert written.count(ISO_TAG) == 2
    found = ultrahdr.locate(written).entries
    assert [e.attribute for e in found] == [0x030000, 0, 0x010001]
    assert written[found[2].offset : found[2].offset + found[2].size] == preview


def test_without_a_map_the_file_stays_as_it_was_or_loses_every_trace_of_one(saved, gain_map):
    plain = saved("JPEG", xmp=XMP, icc_profile=named_profile("p3", "srgb"))
    image = formats.read(plain)[0]
    assert write(image) == plain
    assert write(formats.read(write(image, gain_map))[0]) == plain


def test_other_pixels_are_encoded_anew_when_the_size_says_so(saved):
    image = formats.read(saved("JPEG", icc_profile=named_profile("p3", "srgb")))[0]
    half = dataclasses.replace(image, pixels=np.ascontiguousarray(image.pixels[::2, ::2]))
    again = formats.read(write(half, quality=100))[0]
    assert (again.width, again.height, again.primaries) == (16, 12, "p3")
    assert np.abs(again.pixels.astype(int) - half.pixels).max() <= 4


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020", "adobe_rgb"])
def test_a_fresh_base_carries_its_colour_space_and_orientation(pixels, primaries):
    transfer = "gamma22" if primaries == "adobe_rgb" else "srgb"
    again = formats.read(write(Image(pixels, primaries, transfer, orientation=8)))[0]
    assert (again.primaries, again.transfer, again.orientation) == (primaries, transfer, 8)
    assert (again.icc is None) == (primaries == "bt709")


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 2}, {"subsampling": 1}, {"quality": 100}]
)
def test_every_common_kind_of_jpeg_decodes_as_pillow_does(saved, mode, options):
    data = saved("JPEG", mode=mode, **options)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")).astype(int)
    image = formats.read(data)[0]
    assert np.abs(image.pixels - expected).max() <= (1 if mode == "CMYK" else 0)


def test_a_cmyk_photo_becomes_an_rgb_base(saved, gain_map):
    written = write(formats.read(saved("JPEG", mode="CMYK"))[0], gain_map)
    assert parse(written).components == 3


def test_adobe_rgb_coded_jpeg_keeps_its_colours(pixels):
    data = imagecodecs.jpeg8_encode(pixels, level=100, outcolorspace="RGB")
    assert np.abs(formats.read(data)[0].pixels.astype(int) - pixels).max() <= 3


def test_twelve_bit_and_lossless_jpegs_are_named_as_such(pixels):
    with pytest.raises(UnsupportedError, match="12-bit"):
        formats.read(imagecodecs.jpeg8_encode(pixels.astype(np.uint16) * 16, bitspersample=12))
    with pytest.raises(UnsupportedError, match="lossless"):
        formats.read(imagecodecs.jpeg8_encode(pixels, lossless=True))


def secondary_as(gain_map_file: bytes, rewrite: Callable[[segments.Segment], bytes | None]) -> bytes:
    """The file with each APPn segment of its gain map's JPEG rewritten (None drops it), indexes patched."""
    layout = ultrahdr.locate(gain_map_file)
    stream = layout.gain_map
    kept = []
    for s in stream.segments:
        body = rewrite(s)
        if body is not None:
            kept.append(segments.segment(s.marker, body))
    return gain_map_file[: stream.start] + b"\xff\xd8" + b"".join(kept) + gain_map_file[stream.scan :]


def test_an_xmp_only_file_with_sequences_is_read(pixels, gain_map):
    """As Lightroom wrote them before ISO 21496-1: hdrgm in the map only, three values each."""
    data = secondary_as(write(Image(pixels), gain_map), lambda s: None if s.body.startswith(ISO_TAG) else s.body)
    found = read_map(data)
    assert found.encodings == ("hdrgm-xmp",)
    assert found.max_stops == gain_map.max_stops


def test_an_iso_only_file_is_read(pixels, gain_map):
    data = secondary_as(write(Image(pixels), gain_map), lambda s: None if s.body.startswith(XMP_TAG) else s.body)
    assert read_map(data).encodings == ("iso21496-1",)
    assert read_map(data).gamma == gain_map.gamma


def test_iso_wins_over_xmp_and_probe_says_that_they_disagree(pixels, gain_map):
    data = secondary_as(write(Image(pixels), gain_map), lambda s: s.body.replace(b"<rdf:li>3.0", b"<rdf:li>5.0"))
    assert read_map(data).max_stops[2] == 3.0
    assert "disagree" in formats.probe(data).warnings[0]


def test_the_maps_profile_names_the_space_to_apply_it_in(pixels, gain_map):
    other = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries="bt2020")
    found = read_map(write(Image(pixels), other))
    assert (found.use_base_colour_space, found.alternate_primaries) == (False, "bt2020")


def apple_file(saved, pixels, packet: bytes, exif: bytes = b"") -> bytes:
    small = imagecodecs.jpeg8_encode(np.full((12, 16), 128, np.uint8), level=100)
    small = small[:2] + segments.segment(APP1, XMP_TAG + packet) + small[2:]
    base = saved("JPEG", **({"exif": exif} if exif else {}))
    place = parse(base).segments[0].end
    length = len(base) + 4 + mpf.body_size(2)
    body = mpf.mpf_body([mpf.Entry(0x030000, length, 0), mpf.Entry(0, len(small), length)], place + 8)
    return base[:place] + segments.segment(APP2, body) + base[place:] + small


APPLE = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:H="http://ns.apple.com/HDRGainMap/1.0/" H:HDRGainMapVersion="131072"%s/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def test_an_apple_map_is_recomputed_with_apples_curve(saved, pixels):
    found = read_map(apple_file(saved, pixels, APPLE % b' H:HDRGainMapHeadroom="8"'))
    light = ((128 / 255 + 0.099) / 1.099) ** (1 / 0.45)
    gain = found.codes[0, 0, 0] / 65535 * found.max_stops[0]
    assert found.encodings == ("apple",)
    assert found.max_stops == (3.0,) * 3
    assert gain == pytest.approx(np.log2(1 + 7 * light), abs=1e-3)


def test_an_apple_headroom_comes_from_the_maker_note(saved, pixels):
    """m33 = 1, m48 = 0: 3 stops; m33 = 0.5, m48 = 0.1: 1.601 - 0.0101 stops."""
    for (m33, m48), expected in {((1, 1), (0, 1)): 3.0, ((1, 2), (1, 10)): 1.5909}.items():
        note = b"Apple iOS\0\0\1MM" + struct.pack(">H", 2)
        note += struct.pack(">HHII", 0x21, 10, 1, 44) + struct.pack(">HHII", 0x30, 10, 1, 52) + bytes(4)
        note = note.ljust(44, b"\0") + struct.pack(">iiii", *m33, *m48)
        exif = EXIF_TAG + struct.pack(">2sHIHHHIII", b"MM", 42, 8, 1, 0x927C, 7, len(note), 26, 0) + note
        assert read_map(apple_file(saved, pixels, APPLE % b"", exif)).max_stops[0] == pytest.approx(expected)


def test_an_apple_map_without_headroom_is_left_out_and_reported(saved, pixels):
    data = apple_file(saved, pixels, APPLE % b"")
    assert formats.read(data)[1] is None
    assert "headroom" in formats.probe(data).warnings[0]


def test_a_lying_index_is_survived_by_looking_for_the_map(pixels, gain_map):
    data = write(Image(pixels), gain_map)
    index = parse(data).first(APP2, mpf.MPF_TAG)
    for offset in (0, 1, 8, 0xFFFFFFFF, len(data), 20):
        place = index.end - 8
        lying = data[:place] + struct.pack(">I", offset) + data[place + 4 :]
        assert read_map(lying).max_stops == gain_map.max_stops
        assert formats.probe(lying).warnings
    assert read_map(data[: index.start] + data[index.end :]).max_stops == gain_map.max_stops


def test_an_announced_map_that_is_not_there_is_damage_unless_it_was_taken_out_cleanly(pixels, gain_map):
    data = write(Image(pixels), gain_map)
    start = ultrahdr.locate(data).gain_map.start
    with pytest.raises(DamagedError, match="announced"):
        formats.read(data[:start])
    index = parse(data).first(APP2, mpf.MPF_TAG)
    taken_out = data[: index.start] + data[index.end : start]
    assert formats.read(taken_out)[1] is None
    assert "announces" in formats.probe(taken_out).warnings[0]


def test_hdr_pixels_are_no_base():
    with pytest.raises(UntoneError, match="linear"):
        formats.write(None, Image(np.ones((2, 2, 3), np.float32), transfer="linear"), format="jpeg")


def test_too_long_a_side_is_refused():
    with pytest.raises(UntoneError, match="65500"):
        formats.write(None, Image(np.zeros((1, 65501, 3), np.uint8)))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 2}])
def test_an_end_that_only_lacks_its_marker_is_an_end(saved, options):
    whole = saved("JPEG", quality=80, **options)
    assert whole.endswith(b"\xff\xd9")
    image, gain_map = formats.read(whole[:-2])
    assert np.array_equal(image.pixels, formats.read(whole)[0].pixels)
    assert (image.encoded, gain_map) == (whole, None)
    for cut in (3, 4, 20):
        with pytest.raises(DamagedError, match=r"end-of-image|before its image data"):
            formats.read(whole[:-cut])


@pytest.mark.parametrize("edit", [["--rotate", "90"], ["--crop", "3,3,20,10"], ["--strip-location"]])
def test_edits_end_what_lacks_an_end(saved, tmp_path, edit):
    (tmp_path / "in.jpg").write_bytes(saved("JPEG", quality=80)[:-2])
    target = tmp_path / "out.jpg"
    assert cli.main(["edit", str(tmp_path / "in.jpg"), *edit, "-o", str(target)]) == 0
    assert findings(target.read_bytes()) == []


def test_a_base_without_its_end_gets_one_before_the_map_follows(saved, gain_map):
    whole = saved("JPEG", quality=80)
    mapped = write(formats.read(whole[:-2])[0], gain_map)
    assert scan_of(mapped) == scan_of(whole)
    assert read_map(mapped).max_stops == gain_map.max_stops
