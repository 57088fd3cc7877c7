"""EXRs too large for memory, read by bands of rows: the same light as the library's, and nothing trusted."""

import struct

import numpy as np
import OpenEXR
import pytest

from untone import cli, formats, pipeline
from untone.errors import DamagedError, LimitError, UntoneError
from untone.formats.common import limits
from untone.formats.exr import codec as exr
from untone.formats.exr import row_reader, row_writer
from untone.formats.heif import grid as heif_grid
from untone.image import Image, Rows

SIZE = (83, 37)
COMPRESSIONS = (OpenEXR.NO_COMPRESSION, OpenEXR.ZIPS_COMPRESSION, OpenEXR.ZIP_COMPRESSION)


def light(seed=0):
    return np.random.default_rng(seed).uniform(-0.1, 9, (*SIZE, 3)).astype(np.float32)


def saved(tmp_path, channels, **header):
    name = tmp_path / "x.exr"
    with OpenEXR.File({"type": OpenEXR.scanlineimage, **header}, channels) as file:
        file.write(str(name))
    return name.read_bytes()


@pytest.fixture
def small_memory(monkeypatch):
    """As if no picture of these tests fitted into it."""
    monkeypatch.setattr(exr, "MAX_PIXEL_BYTES", 20_000)
    monkeypatch.setattr(limits, "MAX_PIXEL_BYTES", 20_000)


def both(data, monkeypatch):
    whole = formats.read(data)[0]
    with monkeypatch.context() as patch:
        patch.setattr(exr, "MAX_PIXEL_BYTES", 20_000)
        return whole, formats.read(data, by_rows=True)[0]


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=str)
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_rows_are_those_of_the_library(tmp_path, monkeypatch, compression, kind):
    """With an alpha channel before and a depth after the colours, infinities and NaN among them."""
    stored = light().astype(kind)
    stored[3, 4] = [np.nan, np.inf, -np.inf]
    channels = {name: np.ascontiguousarray(stored[..., c]) for c, name in enumerate("RGB")}
    channels |= {"A": np.ones(SIZE, np.float16), "Z": np.ones(SIZE, np.float32)}
    data = saved(tmp_path, channels, compression=compression, whiteLuminance=100.0)
    whole, rows = both(data, monkeypatch)
    assert isinstance(rows.pixels, Rows)
    assert (rows.primaries, rows.white_nits, rows.pixels.shape) == (
        whole.primaries,
        whole.white_nits,
        whole.pixels.shape,
    )
    for first, last in ((0, 83), (0, 1), (15, 17), (79, 83), (31, 65)):
        assert rows.pixels[first:last].tobytes() == whole.pixels[first:last].tobytes()
    assert rows.pixels[5::7, 2:30:3].tobytes() == np.ascontiguousarray(whole.pixels[5::7, 2:30:3]).tobytes()


def test_unnamed_primaries_are_converted_by_rows_too(tmp_path, monkeypatch):
    corners = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    data = saved(tmp_path, {"RGB": light()}, compression=OpenEXR.ZIP_COMPRESSION, chromaticities=corners)
    whole, rows = both(data, monkeypatch)
    assert whole.primaries == rows.primaries == "bt2020"
    np.testing.assert_allclose(rows.pixels[9:60], whole.pixels[9:60], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("target", ["png", "exr", "jpg", "hdr", "avif", "jxl"])
def test_a_file_made_by_rows_is_that_of_all_pixels(tmp_path, monkeypatch, target):
    """An AVIF in cells, whose codes are made for each of them."""
    monkeypatch.setattr(heif_grid, "LEVEL_6_PIXELS", 40 * 30)
    monkeypatch.setattr(heif_grid, "CELL_SIDE", 64)
    monkeypatch.setattr(heif_grid, "BAND_ROWS", 7)
    source = tmp_path / "in.exr"
    source.write_bytes(formats.write(None, Image(light(), "p3", "linear", bits=32), format="exr"))
    for name, most in (("whole", 2 << 30), ("rows", 20_000)):
        monkeypatch.setattr(exr, "MAX_PIXEL_BYTES", most)
        assert cli.main(["to", target, str(source), "-o", str(tmp_path / f"{name}.{target}")]) == 0
    assert (tmp_path / f"rows.{target}").read_bytes() == (tmp_path / f"whole.{target}").read_bytes()


def test_who_wants_all_pixels_is_refused_in_one_line(tmp_path, small_memory, capsys):
    source = tmp_path / "in.exr"
    source.write_bytes(formats.write(None, Image(light(), transfer="linear"), format="exr"))
    with pytest.raises(LimitError, match="37 x 83 pixels of float32 exceed 20000 bytes"):
        pipeline.read(source)
    assert formats.probe(source).height == 83
    assert cli.main(["edit", str(source), "--crop", "3,5,6,7", "-o", str(tmp_path / "c.exr")]) == 0
    assert np.abs(pipeline.read(tmp_path / "c.exr")[0].pixels - light()[5:12, 3:9]).max() < 0.01
    assert cli.main(["edit", str(source), "--rotate", "90", "-o", str(tmp_path / "r.exr")]) == 1
    assert cli.main(["apply", str(source), "-o", str(tmp_path / "a.exr")]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 2
    assert "no gain map" in err


def test_what_is_not_read_by_rows_is_refused_as_before(tmp_path, small_memory):
    for header in (
        {"compression": OpenEXR.PIZ_COMPRESSION},
        {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()},
    ):
        with pytest.raises(LimitError):
            formats.probe(saved(tmp_path, {"RGB": light()}, **header))
    with pytest.raises(LimitError):
        formats.probe(saved(tmp_path, {"Y": light()[..., 0].copy()}, compression=OpenEXR.ZIP_COMPRESSION))


def chunks_of(data):
    """Offset of the table, and of its chunks."""
    position = exr._attributes(data, 8)[1]
    return position, list(struct.unpack_from(f"<{-(-SIZE[0] // row_writer.LINES)}Q", data, position))


def test_hostile_chunks_are_named(small_memory):
    data = bytearray(formats.write(None, Image(light(), transfer="linear"), format="exr"))
    table, places = chunks_of(bytes(data))
    broken = {
        "beyond the file": (table + 8, struct.pack("<Q", 1 << 60)),
        "another's": (table + 8, struct.pack("<Q", places[0])),
        "of another row": (places[1], struct.pack("<i", 99)),
        "negative": (places[1] + 4, struct.pack("<i", -5)),
        "too long": (places[1] + 4, struct.pack("<i", 1 << 30)),
        "no stream": (places[1] + 8, b"\xff" * 12),
    }
    for name, (place, value) in broken.items():
        made = bytearray(data)
        made[place : place + len(value)] = value
        image = formats.read(bytes(made), by_rows=True)[0]
        assert image.pixels[:16].shape == (16, 37, 3)
        with pytest.raises(DamagedError) as error:
            image.pixels[16:20]
        assert "\n" not in str(error.value), name
    with pytest.raises(DamagedError, match="within the table"):
        formats.read(bytes(data[: table + 20]), by_rows=True)


def test_no_size_is_taken_for_true(small_memory):
    data = bytearray(formats.write(None, Image(light(), transfer="linear"), format="exr"))
    window = data.index(b"dataWindow\0box2i\0") + 17 + 4
    for corner in ((1 << 30, 82), (36, 1 << 30), (1 << 18, 1 << 18), (-5, 82), (-(1 << 31), -(1 << 31))):
        struct.pack_into("<2i", data, window + 8, *corner)
        with pytest.raises(UntoneError):
            formats.read(bytes(data), by_rows=True)


def test_random_damage_never_raises_anything_else(small_memory):
    data = formats.write(None, Image(light(), transfer="linear"), format="exr")
    rng = np.random.default_rng(7)
    for _ in range(300):
        made = bytearray(data[: rng.integers(8, len(data) + 1)])
        for place in rng.integers(4, len(made), 3):
            made[place] = rng.integers(0, 256)
        try:
            image = formats.read(bytes(made), by_rows=True)[0]
            if not isinstance(image.pixels, np.ndarray):
                image.pixels[0 : min(40, image.height)]
        except UntoneError as error:
            lines = str(error).count("\n")
        else:
            lines = 0
        assert lines == 0


def test_chunks_of_very_many_channels_are_not_made():
    """A list of 1.8 MB in a small file asks for 100,000 planes of every line, and chunks of 12 GB."""

    def entry(name):
        return name + b"\0" + struct.pack("<iIii", 2, 0, 1, 1)

    attributes = {
        b"dataWindow": struct.pack("<4i", 0, 0, 1999, 1999),
        b"compression": b"\3",
        b"channels": b"".join(map(entry, (b"B", b"G", b"R"))) + entry(b"Z") * 100_000 + b"\0",
    }
    assert row_reader.layout_of(attributes, 0) is None
    attributes[b"channels"] = b"".join(map(entry, (b"B", b"G", b"R"))) + b"\0"
    assert row_reader.layout_of(attributes, 0).line_bytes == 24_000
