"""What the metadata of a photo become in another container: carried, or left out with a word; no stale claims."""

import io
import json

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats, pipeline
from untone.errors import UntoneError
from untone.formats.jpeg.segments import APP1, XMP_TAG, segment
from untone.formats.metadata.captions import DC, PHOTOSHOP, TIFF, merged, of_datasets
from untone.formats.metadata.xmp import properties
from untone.formats.tiff.exif_block import exif_of
from untone.image import GainMap

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="a bridge" '
    b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1">'
    b"<GCamera:MicroVideoOffset>7</GCamera:MicroVideoOffset></rdf:Description></rdf:RDF></x:xmpmeta>"
)
IPTC = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x0a" + b"\x1c\x02\x78\0\x05hello"
NOTES = "the video of the motion photo is left out; the JPEG's comment is left out"


def motion_photo(tmp_path):
    stream = io.BytesIO()
    Pillow.new("RGB", (32, 16), (90, 120, 150)).save(stream, "JPEG", comment=b"taken by hand")
    data = stream.getvalue()
    data = data[:2] + segment(APP1, XMP_TAG + XMP) + segment(0xED, IPTC) + data[2:] + b"\0\0\0\x18ftypmp42"
    (tmp_path / "a.jpg").write_bytes(data)
    return tmp_path / "a.jpg"


@pytest.mark.parametrize("kind", ["png", "avif", "jxl", "heic"])
def test_the_video_left_behind_is_no_longer_claimed(tmp_path, capsys, kind):
    source = motion_photo(tmp_path)
    assert cli.main(["to", kind, str(source), "--json"]) == 0
    note = NOTES.split("; ")[0] if kind == "jxl" else NOTES  # which holds the JPEG itself, and the rest in it
    assert json.loads(capsys.readouterr().out)["note"] == note
    packet = formats.read(source.with_suffix(f".{kind}"))[0].xmp
    assert b'dc:format="a bridge"' in packet
    if kind != "jxl":
        assert properties(packet, DC)["description"] == ("hello",)
    assert b"Video" not in packet.replace(b"xmlns:", b"")
    assert b"Motion" not in packet


def test_a_jpeg_keeps_all_and_says_nothing(tmp_path, capsys):
    source = motion_photo(tmp_path)
    assert cli.main([str(source), "--strength", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["note"] is None
    data = (tmp_path / "a.hdr.jpg").read_bytes()
    assert data.count(b"taken by hand") == data.count(b"hello") == data.count(b"GCamera:MotionPhoto=") == 1


def test_xmp_comes_along_into_the_png_of_the_light(tmp_path):
    image = formats.read(motion_photo(tmp_path))[0]
    gain_map = GainMap(np.zeros((8, 16, 1), np.uint8), (0.0,) * 3, (1.0,) * 3)
    formats.write(tmp_path / "b.jpg", image, gain_map)
    assert cli.main(["apply", str(tmp_path / "b.jpg"), "-o", str(tmp_path / "b.png")]) == 0
    assert Pillow.open(tmp_path / "b.png").text["XML:com.adobe.xmp"].count("a bridge") == 1
    pipeline.transcode(tmp_path / "b.jpg", tmp_path / "c.png", "png")
    packet = formats.read(tmp_path / "c.png")[0].xmp
    assert b"a bridge" in packet
    assert b"hdrgm" not in packet


def tiff_of_a_camera(**options) -> bytes:
    exif = Pillow.Exif()
    exif.update({271: "Maker", 272: "Model 5", 315: "An Author", 33432: "(c) 2026", 306: "2026:11:29 20:00:00", 274: 6})
    stream = io.BytesIO()
    Pillow.new("RGB", (32, 16), (90, 120, 150)).save(stream, "TIFF", exif=exif, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["jpg", "avif", "png", "jxl"])
def test_exif_of_a_tiff(kind, tmp_path):
    target = tmp_path / f"a.{kind}"
    names = {"jpg": "jpeg"}
    assert pipeline.transcode(tiff_of_a_camera(), target, names.get(kind, kind)).note is None
    exif = Pillow.Exif()
    exif.load(b"Exif\0\0" + formats.read(target)[0].exif)
    assert {tag: exif[tag] for tag in (271, 272, 315, 33432, 306)} == {
        271: "Maker", 272: "Model 5", 315: "An Author", 33432: "(c) 2026", 306: "2026:11:29 20:00:00",
    }  # fmt: skip
    assert (exif[274], formats.read(target)[0].orientation) == (6, 6)


def test_directories_below_come_along():
    """By the block that Pillow makes, which is laid out as a TIFF is."""
    exif = Pillow.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8769).update({0x9003: "2026:11:28 10:00:00", 0x829A: 0.5})
    exif.get_ifd(0x8825)[1] = "N"
    again = Pillow.Exif()
    again.load(exif_of(exif.tobytes().removeprefix(b"Exif\0\0")))
    assert (again[271], again.get_ifd(0x8769)[0x9003], again.get_ifd(0x8769)[0x829A]) == (
        "Maker", "2026:11:28 10:00:00", 0.5,
    )  # fmt: skip
    assert again.get_ifd(0x8825)[1] == "N"


def test_further_pages_are_named():
    page = Pillow.new("RGB", (8, 8))
    data = tiff_of_a_camera(save_all=True, append_images=[page])
    assert formats.read(data)[0].notes == ("only the first of its pages is read",)
    assert formats.read(tiff_of_a_camera())[0].notes == ()


def test_a_tiff_cut_anywhere_raises_nothing_else():
    data = tiff_of_a_camera()
    for end in range(8, len(data), 37):
        try:
            formats.probe(data[:end])
        except UntoneError:
            continue


def dataset(number, value, record=2):
    return b"\x1c" + bytes((record, number)) + len(value).to_bytes(2, "big") + value


def test_iptc_captions_are_properties_that_xmp_lacks():
    block = b"".join([
        dataset(90, b"\x1b%G", 1), dataset(0, b"\0\2"), dataset(120, "Br\u00fccke & <Tor>".encode()),
        dataset(25, b"night"), dataset(25, b"city"), dataset(80, b"A. Author"), dataset(105, b"A headline"),
    ])  # fmt: skip
    values, more = of_datasets(block)
    assert not more
    packet = merged(None, values)
    assert properties(packet, DC) == {"description": ("Br\u00fccke & <Tor>",), "subject": ("night", "city"),
                                      "creator": ("A. Author",)}  # fmt: skip
    assert properties(packet, PHOTOSHOP) == {"Headline": ("A headline",)}
    assert merged(packet, values) == packet
    kept = merged(XMP, values)
    assert kept.startswith(XMP[: XMP.index(b"</rdf:RDF>")])
    assert properties(kept, DC)["format"] == ("a bridge",)
    assert of_datasets(block + dataset(231, b"own"))[1]


def test_hostile_iptc_and_packets_never_raise():
    block = dataset(120, b"\xff\xfe caption \0\1") + dataset(105, b"x" * 40)
    for size in range(len(block)):
        values, _ = of_datasets(block[:size])
        for packet in (None, b"", b"<x/>", XMP[: 3 * size], XMP.replace(b'rdf:about=""', b'rdf:about="a&amp;b"')):
            merged(packet, values)


@pytest.mark.parametrize("command", [["to", "avif"], ["to", "jpg"], ["edit", "--rotate", "90"]], ids=str)
def test_texts_and_resolution_of_a_png_come_along_as_xmp(tmp_path, monkeypatch, capsys, command):
    from PIL.PngImagePlugin import PngInfo

    monkeypatch.chdir(tmp_path)
    info = PngInfo()
    for key, value in (("Title", "A bridge"), ("Author", "\u00c9va"), ("Warning", "odd"), ("Creation Time", "2020")):
        info.add_text(key, value)
    info.add_itxt("Description", "L\u00e1nch\u00edd", zip=True)
    Pillow.new("RGB", (32, 16), (90, 120, 150)).save("a.png", pnginfo=info, dpi=(300, 300))
    out = {"avif": "a.avif", "jpg": "a.jpg"}.get(command[1], "a.edited.png")
    assert cli.main([command[0], *command[1:2], "a.png", *command[2:], "--json"] if command[0] == "to"
                    else [command[0], "a.png", *command[1:], "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["note"] == "its PNG texts (Warning) are left out"
    packet = formats.read(out)[0].xmp
    found = properties(packet, DC)
    assert (found["title"], found["creator"], found["description"]) == (
        ("A bridge",),
        ("\u00c9va",),
        ("L\u00e1nch\u00edd",),
    )
    assert properties(packet, TIFF)["XResolution"] == ("30000/100",)


@pytest.mark.parametrize("kind", ["png", "avif", "heic"])
def test_the_resolution_of_jfif_comes_along(tmp_path, kind):
    Pillow.new("RGB", (32, 16), (90, 120, 150)).save(tmp_path / "a.jpg", dpi=(300, 240))
    assert cli.main(["to", kind, str(tmp_path / "a.jpg")]) == 0
    found = properties(formats.read(tmp_path / f"a.{kind}")[0].xmp, TIFF)
    assert (found["XResolution"], found["YResolution"]) == (("30000/100",), ("24000/100",))


def test_a_screens_resolution_and_one_that_exif_has_are_not_said_again(tmp_path):
    said = Pillow.Exif()
    said[0x011A] = 300.0
    Pillow.new("RGB", (32, 16)).save(tmp_path / "a.jpg", dpi=(72, 72))
    Pillow.new("RGB", (32, 16)).save(tmp_path / "b.jpg", dpi=(300, 300), exif=said)
    assert formats.read(tmp_path / "a.jpg")[0].xmp is None
    assert formats.read(tmp_path / "b.jpg")[0].xmp is None
