"""`untone photo.jpg --model FILE.onnx`, with each network."""

import numpy as np
import pytest
from pictures import photo
from PIL import Image as Pillow

import untone
from untone import cli, gainmap


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "photo.jpg"
    Pillow.fromarray(photo(45, 62)).save(path, quality=92)
    return path


@pytest.mark.parametrize(("name", "channels"), [("gmnet", 1), ("gmnet_half", 1), ("irnet", 3), ("itmlut", 3)])
def test_a_photo_gets_the_map_of_the_network_named(files, source, name, channels, capsys):
    before = source.read_bytes()
    options = ["--model", str(files[name]), "--strength", "80", "--peak", "900", "--map-size", "half"]
    assert cli.main([str(source), *options]) == 0
    data = source.with_suffix(".hdr.jpg").read_bytes()
    assert before[before.index(b"\xff\xda") :] in data
    image, gain_map = untone.read(data)
    assert gain_map.codes.shape == (23, 31, channels)
    assert untone.apply(image, gain_map).pixels.max() * 203 <= 900 * 1.02
    written, predicted = (gainmap.to_stops(m) for m in (gain_map, untone.predict(image, str(files[name]), 0.8, 900)))
    assert np.abs(written - predicted).mean() < 0.03 * np.ptp(
        predicted
    )  # the map is a JPEG, and a random network noisy
    assert capsys.readouterr().err.count("\n") <= 1


@pytest.mark.parametrize("suffix", [".exr", ".png"])
def test_super_resolution_from_the_command_line(files, source, suffix):
    target = source.with_suffix(suffix)
    assert cli.main([str(source), "--model", str(files["irnet_large"]), "-o", str(target)]) == 0
    assert untone.read(target)[0].pixels.shape == (180, 248, 3)


def test_super_resolution_makes_a_larger_jpeg_with_a_map(files, source):
    assert cli.main([str(source), "--model", str(files["irnet_large"])]) == 0
    image, gain_map = untone.read(source.with_suffix(".hdr.jpg"))
    assert image.pixels.shape == (180, 248, 3)
    assert gain_map is not None


def test_a_hostile_model_is_one_line_and_leaves_nothing(files, source, tmp_path, capsys):
    path = tmp_path / "cut.onnx"
    path.write_bytes(files["gmnet"].read_bytes()[:-100])
    assert cli.main([str(source), "--model", str(path)]) == 1
    said = capsys.readouterr().err
    assert said.strip().count("\n") == 0
    assert "cut.onnx: not an untone model" in said
    assert not source.with_suffix(".hdr.jpg").exists()
