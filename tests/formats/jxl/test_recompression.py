"""JPEGs within JPEG XL: the very bytes come back, nothing that was stripped does, and maps turn with their base."""

import dataclasses
import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.formats.jpeg.segments import APP1, XMP_TAG, find_end, parse, segment
from untone.formats.jxl import container, header, recompression
from untone.formats.jxl import gain_map as jxl_gain
from untone.formats.metadata.exif import location_in
from untone.image import GainMap, turned_upright

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="a bridge"/></rdf:RDF>'
    b"</x:xmpmeta>"
)


def picture():
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 3, y * 5, 255 - x * 3], axis=2).astype(np.uint8)


def jpeg(orientation=1, **options):
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A maker"
    exif.get_ifd(0x8825)[1] = "N"
    stream = io.BytesIO()
    Pillow.fromarray(picture()).save(stream, "JPEG", quality=92, exif=exif, comment=b"by hand", **options)
    data = stream.getvalue()
    return data[:2] + segment(APP1, XMP_TAG + XMP) + data[2:]


def with_map(orientation=1):
    codes = np.ascontiguousarray(picture()[::2, ::2])
    gain_map = GainMap(codes, (-0.5, 0, 0), (1, 2, 2.5), alternate_headroom_stops=2.3)
    return formats.write(None, formats.read(jpeg(orientation))[0], gain_map)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 2}], ids=str
)
def test_a_jpeg_comes_back_byte_for_byte(folder, options):
    data = jpeg(6, **options) + b"what follows it"
    (folder / "a.jpg").write_bytes(data)
    assert cli.main(["to", "jxl", "a.jpg"]) == 0
    assert (folder / "a.jxl").stat().st_size < len(data)
    assert cli.main(["to", "jpg", "a.jxl", "-o", "b.jpg"]) == 0
    assert (folder / "b.jpg").read_bytes() == data
    image, none = formats.read("a.jxl")
    assert (image.orientation, none, image.xmp) == (6, None, XMP)
    assert np.abs(image.pixels.astype(int) - formats.read(data)[0].pixels).max() <= 12


def test_of_a_gain_map_photo_the_base_comes_back(folder):
    """Its JPEG is the one that the map was added to, less the padding of nobody."""
    (folder / "a.jpg").write_bytes(with_map())
    assert cli.main(["to", "jxl", "a.jpg"]) == 0
    whole = (folder / "a.jxl").read_bytes()
    assert recompression.reconstructed(whole) == jpeg()
    assert b"hdrgm" not in whole
    assert cli.main(["to", "jpg", "a.jxl", "-o", "b.jpg"]) == 0
    before, after = ((folder / name).read_bytes() for name in ("a.jpg", "b.jpg"))
    streams = [parse(data) for data in (before, after)]
    scans = [data[s.scan : find_end(data, s)] for data, s in zip((before, after), streams, strict=True)]
    assert scans[0] == scans[1]
    (_, one), (_, two) = formats.read(before), formats.read(after)
    assert (one.min_stops, one.max_stops, one.alternate_headroom_stops) == (two.min_stops, two.max_stops, 2.3)
    assert np.abs(one.codes.astype(int) - two.codes).mean() < 3


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_a_map_has_its_bases_orientation(folder, orientation):
    data = with_map(orientation)
    made = formats.write(None, *formats.read(data), format="jxl")
    found = container.parse(made)
    bundle = jxl_gain.bundle(found.gain_map)
    assert found.header.orientation == bundle.header.orientation == orientation
    shown = imagecodecs.jpegxl_decode(bundle.codestream)  # as decoders show it
    assert np.abs(shown.astype(int) - turned_upright(formats.read(data)[1].codes, orientation)).mean() < 3
    assert np.abs(formats.read(made)[1].codes.astype(int) - formats.read(data)[1].codes).max() <= 6
    (folder / "a.jxl").write_bytes(made)
    assert cli.main(["edit", "a.jxl", "--rotate", "90", "-o", "b.jxl"]) == 0
    turned = container.parse((folder / "b.jxl").read_bytes())
    assert turned.header.orientation == jxl_gain.bundle(turned.gain_map).header.orientation != orientation


def test_maps_without_or_with_another_orientation_are_read(folder):
    """As this program wrote them; and upright, as their shape says."""
    image, gain_map = formats.read(with_map(6))
    made = formats.write(None, image, gain_map, format="jxl", quality=90, map_quality=100)
    body = container.parse(made).gain_map
    stored = jxl_gain.bundle(body).codestream
    flat = header.turned(stored, 1)
    upright = container.coded(np.ascontiguousarray(turned_upright(gain_map.codes, 6)), 8, None)
    for codestream in (flat, upright):
        other = body[: -len(stored)] + codestream
        found = formats.read(made.replace(
            (8 + len(body)).to_bytes(4, "big") + b"jhgm" + body, (8 + len(other)).to_bytes(4, "big") + b"jhgm" + other
        ))[1]  # fmt: skip
        assert (found.codes == gain_map.codes).all()


def test_what_is_stripped_does_not_come_back(folder):
    (folder / "a.jpg").write_bytes(with_map())
    for number, options in enumerate((["--strip-location"], ["--strip-metadata"])):
        assert cli.main(["edit", "a.jpg", *options, "-o", f"{number}.jxl"]) == 0
        assert cli.main(["to", "jpg", f"{number}.jxl", "-o", f"{number}.jpg"]) == 0
        assert not location_in(formats.read(f"{number}.jpg")[0].exif)
    assert b"by hand" not in (folder / "1.jpg").read_bytes()
    assert b"bridge" not in (folder / "1.jpg").read_bytes()
    assert cli.main(["to", "jxl", "a.jpg"]) == 0
    assert cli.main(["edit", "a.jxl", "--strip-metadata", "-o", "2.jxl"]) == 0
    assert cli.main(["to", "jpg", "2.jxl"]) == 0
    assert b"A maker" not in (folder / "2.jpg").read_bytes()
    assert recompression.reconstructed((folder / "2.jxl").read_bytes()) is None


def test_pixels_that_changed_are_not_those_of_the_jpeg(folder):
    (folder / "a.jpg").write_bytes(with_map())
    assert cli.main(["to", "jxl", "a.jpg"]) == 0
    assert cli.main(["edit", "a.jxl", "--crop", "0,0,32,32", "-o", "b.jxl"]) == 0
    assert not recompression.is_recompressed((folder / "b.jxl").read_bytes())
    image, _ = formats.read("a.jxl")
    other = dataclasses.replace(image, orientation=3)
    assert formats.read(formats.write(None, other, None, format="jpeg"))[0].orientation == 3


def test_a_named_quality_encodes_anew(folder):
    (folder / "a.jpg").write_bytes(jpeg())
    assert cli.main(["to", "jxl", "a.jpg", "--quality", "60"]) == 0
    assert not recompression.is_recompressed((folder / "a.jxl").read_bytes())


def test_what_libjxl_does_not_carry_is_encoded(monkeypatch):
    def refuses(*_, **__):
        raise RuntimeError("no")

    monkeypatch.setattr(imagecodecs, "jpegxl_encode_jpeg", refuses)
    image, gain_map = formats.read(with_map())
    found, found_map = formats.read(formats.write(None, image, gain_map, format="jxl"))
    assert np.abs(found.pixels.astype(int) - image.pixels).mean() < 3
    assert found_map.codes.shape == gain_map.codes.shape
