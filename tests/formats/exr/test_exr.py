"""EXR in and out."""

import struct
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from untone import colour, formats
from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.image import Image


def exr(tmp_path: Path, channels: dict[str, object], **header: object) -> bytes:
    """A file as OpenEXR itself writes it."""
    name = tmp_path / "x.exr"
    attributes = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    with OpenEXR.File(attributes, channels) as file:
        file.write(str(name))
    return name.read_bytes()


def plane(value: float, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width), value, np.float32)


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020", "adobe_rgb"])
def test_light_comes_back_to_half_precision_with_its_primaries(primaries):
    light = np.random.default_rng(0).uniform(-0.1, 60, (5, 7, 3)).astype(np.float32)
    image = Image(light, primaries, "linear", bits=32, white_nits=100.0)
    again = formats.read(formats.write(None, image, format="exr"))[0]
    assert (again.primaries, again.transfer, again.white_nits) == (primaries, "linear", 100.0)
    assert np.abs(again.pixels - light).max() <= 60 * 2**-11


def test_codes_are_linearised_on_the_way_out(pixels):
    again = formats.read(formats.write(None, Image(pixels, "p3", "srgb"), format="exr"))[0]
    assert np.abs(again.pixels - colour.srgb_to_linear(pixels / 255)).max() < 5e-4


def test_light_beyond_half_is_clipped_not_infinite():
    again = formats.read(
        formats.write(None, Image(np.full((1, 1, 3), 1e9, np.float32), transfer="linear"), format="exr")
    )
    assert again[0].pixels.max() == 65504


def test_infinite_and_nan_light_become_numbers(tmp_path):
    rgb = np.array([[[np.inf, -np.inf, np.nan]]], np.float32)
    assert formats.read(exr(tmp_path, {"RGB": rgb}))[0].pixels.tolist() == [[[65504.0, -65504.0, 0.0]]]


def test_grey_and_alpha_files_are_read(tmp_path):
    assert np.all(formats.read(exr(tmp_path, {"Y": plane(0.5)}))[0].pixels == 0.5)
    rgba = np.dstack([plane(0.5)] * 3 + [plane(0.0)])
    assert np.all(formats.read(exr(tmp_path, {"RGBA": rgba}))[0].pixels == 0.5)


def by_hand(planes: dict[str, tuple[np.ndarray, int]]) -> bytes:
    """An uncompressed scan line file of float planes, each with its sampling step; names in their stored order."""
    height, width = max((plane.shape for plane, _ in planes.values()), key=lambda shape: shape[0])
    listed = b"".join(n.encode() + b"\0" + struct.pack("<iiii", 2, 0, step, step) for n, (_, step) in planes.items())
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes = {
        ("channels", "chlist"): listed + b"\0", ("compression", "compression"): b"\0",
        ("dataWindow", "box2i"): window, ("displayWindow", "box2i"): window, ("lineOrder", "lineOrder"): b"\0",
        ("pixelAspectRatio", "float"): struct.pack("<f", 1), ("screenWindowCenter", "v2f"): bytes(8),
        ("screenWindowWidth", "float"): struct.pack("<f", 1),
    }  # fmt: skip
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2)
    for (name, kind), body in attributes.items():
        head += f"{name}\0{kind}\0".encode() + struct.pack("<i", len(body)) + body
    rows, table, position = b"", b"", len(head) + 1 + 8 * height
    for y in range(height):
        row = b"".join(plane[y // step].astype("<f4").tobytes() for plane, step in planes.values() if y % step == 0)
        table += struct.pack("<Q", position + len(rows))
        rows += struct.pack("<ii", y, len(row)) + row
    return head + b"\0" + table + rows


def test_luminance_and_chroma_become_rgb():
    """Y = 0.2126 R + 0.7152 G + 0.0722 B with RY = (R - Y) / Y, BY = (B - Y) / Y, subsampled by two."""
    r, g, b = 0.8, 0.4, 0.2
    y = np.array([r, g, b]) @ colour.luminance_weights("bt709")
    data = by_hand({"BY": (plane((b - y) / y, 2, 3), 2), "RY": (plane((r - y) / y, 2, 3), 2), "Y": (plane(y), 1)})
    assert np.abs(formats.read(data)[0].pixels - (r, g, b)).max() < 1e-3


def test_unnamed_primaries_become_bt2020_and_white_stays_white(tmp_path):
    aces = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
    image = formats.read(exr(tmp_path, {"RGB": np.dstack([plane(0.5)] * 3)}, chromaticities=aces))[0]
    assert image.primaries == "bt2020"
    assert np.abs(image.pixels - 0.5).max() < 1e-3


def test_other_channels_are_named(tmp_path):
    with pytest.raises(UnsupportedError, match="depth"):
        formats.read(exr(tmp_path, {"depth": plane(1.0)}))


def test_probe_reads_the_header_alone(tmp_path):
    data = exr(tmp_path, {"Y": plane(0.5)})
    found = formats.probe(data[: len(data) - 20])
    assert (found.format, found.width, found.height, found.base.transfer) == ("exr", 6, 4, "linear")


def test_a_header_bomb_is_refused_before_allocation(tmp_path):
    data = bytearray(exr(tmp_path, {"Y": plane(0.5)}))
    place = data.index(b"dataWindow\0box2i\0") + 21
    for window in ((0, 0, 65499, 65499), (-(2**31), 0, 2**31 - 1, 0)):
        data[place : place + 16] = struct.pack("<4i", *window)
        with pytest.raises(LimitError):
            formats.read(bytes(data))
    data[place : place + 16] = struct.pack("<4i", 5, 5, 4, 4)
    with pytest.raises(DamagedError, match="0 x 0"):
        formats.read(bytes(data))


def test_damage_is_raised_and_nothing_is_printed(tmp_path, capfd):
    data = exr(tmp_path, {"RGB": np.random.default_rng(0).random((40, 50, 3), np.float32)})
    with pytest.raises(DamagedError):
        formats.read(data[:-3000])
    assert capfd.readouterr() == ("", "")


def test_the_colour_layer_of_a_renderers_file_is_read(tmp_path):
    """Blender's View.Combined beside a depth; of two layers, the one that is named as the main one."""
    layers = {f"View.Combined.{name}": plane(value) for name, value in zip("RGB", (1, 2, 3), strict=True)}
    layers |= {"View.Depth.Z": plane(9)} | {f"View.Mist.{name}": plane(7) for name in "RGB"}
    assert formats.read(exr(tmp_path, layers))[0].pixels[0, 0].tolist() == [1, 2, 3]
    with pytest.raises(UnsupportedError, match="layers"):
        formats.read(exr(tmp_path, {f"{layer}.{name}": plane(7) for layer in ("a", "b") for name in "RGB"}))
