"""HDR of every kind becomes the same light at one exposure; what is none is refused in one line."""

import json
from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
import pytest
from made_light import panorama, write_exr

from untone import cli, colour
from untone.errors import UntoneError
from untone.lab.data import packs, pairs, sources
from untone.lab.data.layouts import open_dataset
from untone.lab.data.synthesis.pair import Pair
from untone.lab.data.synthesis.style import Style


def scene() -> np.ndarray:
    """A still: a dark slope and a lamp; log-average far from 0.18."""
    rows = np.mgrid[0:32, 0:48][0] / 32
    light = (0.5 + rows)[..., None] * np.array([1.0, 0.9, 0.8])
    light[4:8, 10:14] = [40.0, 38.0, 30.0]
    return light.astype(np.float32)


def pq_codes(light: np.ndarray, bits: int) -> np.ndarray:
    nits = light @ colour.rgb_to_rgb("bt709", "bt2020").T * 203
    return np.round(colour.nits_to_pq(nits) * (2**bits - 1)).astype(np.uint16)


def write_rgbe(path: Path, light: np.ndarray) -> None:
    exponent = np.ceil(np.log2(np.maximum(light.max(-1), 1e-9)) + 1e-6).astype(int)
    mantissa = np.floor(light / 2.0 ** exponent[..., None] * 256).clip(0, 255)
    pixels = np.concatenate([mantissa, exponent[..., None] + 128], -1).astype(np.uint8)
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {light.shape[0]} +X {light.shape[1]}\n"
    rows = b"".join(
        b"\x02\x02" + len(row).to_bytes(2, "big")
        + b"".join(bytes((len(row),)) + row[:, k].tobytes() for k in range(4))
        for row in pixels
    )  # fmt: skip
    path.write_bytes(head.encode() + rows)


def write_pq_png(path: Path, light: np.ndarray) -> None:
    from untone.lab.data import codes

    codes.write_png(path, pq_codes(light, 16), described=codes.PQ_BT2020)


def write_avif(path: Path, light: np.ndarray) -> None:
    options = {"bitspersample": 12, "primaries": 9, "transfer": 16, "matrix": 0, "pixelformat": "444", "level": 100}
    path.write_bytes(imagecodecs.avif_encode(pq_codes(light, 12), **options))


def write_layers(path: Path, light: np.ndarray) -> None:
    """As Blender does: a layer of colour and one of depth."""
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    planes = {f"View.Combined.{c}": np.ascontiguousarray(light[..., k]) for k, c in enumerate("RGB")}
    planes["View.Depth.Z"] = np.ones(light.shape[:2], np.float32)
    with OpenEXR.File(header, planes) as file:
        file.write(str(path))


WRITERS = {
    "a.exr": write_exr,
    "layers.exr": write_layers,
    "a.hdr": write_rgbe,
    "a.png": write_pq_png,
    "a.avif": write_avif,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_exposed_light(tmp_path: Path, name: str) -> None:
    """Within 1.5 %: RGBE has 8 bits, 12 bits of PQ have steps of half a percent."""
    light = scene()
    WRITERS[name](tmp_path / name, light)
    (source,) = sources.sources(tmp_path)
    assert not source.is_panorama
    made = source.light()
    luminance = light @ sources.LUMA
    expected = light * 0.18 / np.exp(np.log(luminance).mean())
    assert np.abs(made / expected - 1).max() < 0.015
    assert abs(sources.log_average(made @ sources.LUMA) - 0.18) < 1e-3


def test_panoramas_are_told_by_their_shape_or_by_the_user(tmp_path: Path) -> None:
    write_exr(tmp_path / "p.exr", panorama(1))
    assert sources.sources(tmp_path)[0].is_panorama
    assert not sources.sources(tmp_path, panorama="no")[0].is_panorama
    mirrored = np.concatenate([panorama(2)[:32], panorama(2)[:32][::-1]])
    write_exr(tmp_path / "sky.exr", mirrored)
    write_exr(tmp_path / "black.exr", np.concatenate([panorama(3)[:32], np.zeros((32, 128, 3), np.float32)]))
    write_exr(tmp_path / "hill_puresky.exr", panorama(4))
    ground = {s.scene: s.has_ground for s in sources.sources(tmp_path)}
    assert ground == {"p": True, "sky": False, "black": False, "hill_puresky": False}


def spoiled(folder: Path, case: str) -> Path:
    path = (
        folder / {"sdr": "bad.png", "text": "bad.exr", "black": "bad.exr", "flat": "bad.exr", "empty": "bad.hdr"}[case]
    )
    if case == "sdr":
        path.write_bytes(imagecodecs.png_encode(np.full((8, 16, 3), 99, np.uint8)))
    elif case in ("text", "empty"):
        path.write_text("no picture" if case == "text" else "")
    else:
        write_exr(path, np.full((8, 16, 3), 0.0 if case == "black" else 0.7, np.float32))
    return path


SAID = {"sdr": "SDR picture", "text": "no image of a kind", "black": "black all over", "flat": "flat", "empty": "empty"}


@pytest.mark.parametrize("case", SAID)
def test_what_is_no_hdr_is_refused_by_name_and_left_out_of_folders(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_exr(tmp_path / "good.exr", panorama(1))
    path = spoiled(tmp_path, case)
    with pytest.raises(UntoneError, match=SAID[case]) as caught:
        sources.sources(path)
    assert str(path) in str(caught.value)
    assert [s.scene for s in sources.sources(tmp_path)] == ["good"]
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert path.name in err
    with pytest.raises(UntoneError, match=SAID[case]):
        sources.sources(tmp_path, strict=True)


@pytest.mark.parametrize("arguments", [["nowhere.exr"], ["empty"], ["sdr.png"]])
def test_the_command_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("sdr.png").write_bytes(imagecodecs.png_encode(np.full((8, 16, 3), 99, np.uint8)))
    assert cli.main(["synth", *arguments, "-o", "out"]) == 1
    err = capsys.readouterr().err
    assert arguments[0] in err
    assert not Path("out").exists()


def drawn(index: int, hdr_images: object, seed: int, style: Style) -> Pair:
    """A pair of noise, quick to draw; of the module, so that it can be sent to other processes."""
    codes = np.random.default_rng([seed, index]).integers(0, 256, (style.size, style.size, 3), np.uint8)
    return Pair(codes, np.zeros(codes.shape, np.float16), {"kind": "drawn"})


@pytest.mark.parametrize("layout", ["pairs", "gmnet", "hdrtv1k"])
def test_bytes_hang_on_seed_and_sources_not_on_processes_or_interruptions(
    hdr_folder: Path, tmp_path: Path, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pairs that are quick to draw; that a real one hangs on seed and index is tested elsewhere."""

    def files(folder: Path) -> dict[str, bytes]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.*"))}

    monkeypatch.setattr(pairs, "make_pair", drawn)
    count = 66 if layout == "pairs" else 8
    options = ["--count", str(count), "--size", "64", "--seed", "3", "--layout", layout]
    assert cli.main(["synth", str(hdr_folder), "-o", str(tmp_path / "one"), *options]) == 0
    assert cli.main(["synth", str(hdr_folder), "-o", str(tmp_path / "two"), *options, "-j", "2"]) == 0
    whole = files(tmp_path / "one")
    assert whole == files(tmp_path / "two")
    assert len(open_dataset(tmp_path / "one", strict=True)) == count
    pairs.mark(tmp_path / "two", layout, count - 1).unlink()
    assert cli.main(["synth", str(hdr_folder), "-o", str(tmp_path / "two"), *options]) == 0
    assert whole == files(tmp_path / "two")


def test_another_layout_seed_or_source_is_refused_in_a_folder_of_pairs(pairs_folder: Path, hdr_folder: Path) -> None:
    style = Style(size=64)
    for changed in ({"layout": "gmnet"}, {"seed": 6}, {"hdr": [hdr_folder / "place_0.exr"]}):
        options = {"hdr": hdr_folder, "seed": 5, "layout": "pairs"} | changed
        with pytest.raises(UntoneError, match="another style or seed"):
            list(pairs.synthesise(folder=pairs_folder, count=64, style=style, **options))


def test_implausible_sources_end_with_a_word(hdr_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "pair", lambda *_: None)
    monkeypatch.setattr(pairs, "TRIES", 3)
    with pytest.raises(UntoneError, match="no view of 3 makes a plausible pair"):
        pairs.make_pair(0, sources.sources(hdr_folder), 1, Style(size=64))


# -- packs ------------------------------------------------------------------------------------------------------------


def test_knots_rise_from_black_to_the_largest_half() -> None:
    for steps in (1, packs.STEPS, packs.MAX_STEPS):
        table = packs.knots(steps)
        assert table.shape == (256,)
        assert (np.diff(table) > 0).all()
        assert (table[0], table[-1]) == (-13, 16)
    fine = packs.knots(14)[16 : 16 + 154]
    assert np.allclose(np.diff(fine), 1 / 14)


def test_a_pack_keeps_light_within_half_a_step(tmp_path: Path) -> None:
    light = np.exp2(np.linspace(-8, 3, 32 * 48 * 3)).reshape(32, 48, 3).astype(np.float32)
    picture, loss = packs.encoded(light)
    packs.write(tmp_path / "set.zip", [packs.Member("a", "place", False, True, loss)], {"a": picture})
    back = packs.read(tmp_path / "set.zip", "a")
    error = np.abs(np.log2(back / light))
    assert error.max() <= 0.5 / packs.STEPS + 1e-3
    assert abs(loss - np.sqrt((error**2).mean())) < 1e-4
    assert loss < 0.3 / packs.STEPS
    assert packs.members(tmp_path / "set.zip") == [packs.Member("a", "place", False, True, loss)]


def test_suns_and_black_survive_a_pack(tmp_path: Path) -> None:
    light = np.array([[[65504.0, 3000.0, 0.0], [1e-3, 9.0, 500.0]]], np.float32)
    packs.write(tmp_path / "s.zip", [packs.Member("a", "a", False, True)], {"a": packs.encoded(light)[0]})
    back = packs.read(tmp_path / "s.zip", "a")
    assert back[0, 0, 2] == 0
    seen = light > 0
    assert np.abs(np.log2(back[seen] / light[seen])).max() < 0.2


def test_reducing_averages_area() -> None:
    light = np.arange(4 * 8 * 3, dtype=np.float32).reshape(4, 8, 3)
    assert np.allclose(packs.reduced(light, 4), light.reshape(2, 2, 4, 2, 3).mean((1, 3)))
    assert packs.reduced(light, 8) is light


@pytest.mark.parametrize("case", ["text", "no index", "bad index", "no picture", "bad picture", "version"])
def test_hostile_packs(tmp_path: Path, case: str) -> None:
    import zipfile

    path = tmp_path / "bad.zip"
    index = {
        "version": 1,
        "steps": 14,
        "members": [{"name": "a", "scene": "a", "is_panorama": True, "has_ground": True}],
    }
    if case == "version":
        index["version"] = 2
    with zipfile.ZipFile(path, "w") as archive:
        if case != "no index":
            archive.writestr("pack.json", "[" if case == "bad index" else json.dumps(index))
        if case == "bad picture":
            archive.writestr("a.webp", b"RIFF1234WEBPVP8L")
    if case == "text":
        path.write_text("no zip")
    with pytest.raises(UntoneError) as caught:
        sources.sources(path)[0].light()
    assert "bad.zip" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_an_interrupted_synthesis_leaves_whole_files_and_goes_on(hdr_folder: Path, tmp_path: Path) -> None:
    """SIGTERM to two processes at work: code 130 soon after, one line, no debris; the same command then ends whole."""
    import signal
    import subprocess
    import sys

    out = tmp_path / "pairs"
    command = [
        sys.executable,
        "-m",
        "untone",
        "synth",
        hdr_folder,
        "-o",
        out,
        "--count",
        "640",
        "--layout",
        "gmnet",
        "-j",
        "2",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (out / "image").exists() or not any((out / "image").glob("0*.png")):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "untone: interrupted" in err
    assert "Traceback" not in err
    assert not list(out.rglob(".*"))
    assert list(open_dataset(out, strict=False))
    style = Style()
    assert list(pairs.synthesise(hdr_folder, out, 64, 1, style, layout="gmnet"))
    assert len(open_dataset(out, strict=True)) == 64
