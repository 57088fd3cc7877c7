"""A broken pair is named in one line and left out, or stops the run when strict."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_pairs import gmnet_pair, png

from untone.errors import UntoneError
from untone.lab.data.layouts import open_dataset, opened, pairing, shards

Break = Callable[[Path], object]


def npy(path: Path, array: np.ndarray) -> None:
    np.save(path, array, allow_pickle=True)


GMNET_AT_OPEN: dict[str, tuple[Break, str]] = {
    "map of another size": (lambda r: png(r / "gainmap/IMG_002.png", np.zeros((20, 32), np.uint8)), "32x24 and 32x20"),
    "no map": (lambda r: (r / "gainmap/IMG_002.png").unlink(), "no partner"),
    "no metadata": (lambda r: (r / "metadata/IMG_002.npy").unlink(), "no metadata"),
    "NaN metadata": (lambda r: npy(r / "metadata/IMG_002.npy", np.float32(np.nan)), "qmax must be"),
    "infinite metadata": (lambda r: npy(r / "metadata/IMG_002.npy", np.float32(np.inf)), "qmax must be"),
    "negative metadata": (lambda r: npy(r / "metadata/IMG_002.npy", np.float32(-1)), "qmax must be"),
    "two numbers": (lambda r: npy(r / "metadata/IMG_002.npy", np.ones(2, np.float32)), "not one qmax"),
    "pickled metadata": (lambda r: npy(r / "metadata/IMG_002.npy", np.array([{"qmax": 1}])), "no readable .npy"),
    "text metadata": (lambda r: (r / "metadata/IMG_002.npy").write_text("2.0"), "no readable .npy"),
    "empty metadata": (lambda r: (r / "metadata/IMG_002.npy").write_bytes(b""), "no readable .npy"),
    "16-bit image": (lambda r: png(r / "image/IMG_002.png", np.zeros((24, 32, 3), np.uint16)), "16 and 8 bits"),
    "16-bit map": (lambda r: png(r / "gainmap/IMG_002.png", np.zeros((24, 32), np.uint16)), "8 and 16 bits"),
    "no image at all": (lambda r: (r / "image/IMG_002.png").write_text("hello"), "IMG_002.png"),
    "empty image": (lambda r: (r / "image/IMG_002.png").write_bytes(b""), "empty"),
    "bad note": (lambda r: (r / "metadata/IMG_002.json").write_text('{"transfer": "srgb"}'), "does not say"),
}

GMNET_AT_READ: dict[str, tuple[Break, str]] = {
    "image cut short": (lambda r: cut(r / "image/IMG_002.png"), "IMG_002.png"),
    "map cut short": (lambda r: cut(r / "gainmap/IMG_002.png"), "IMG_002.png"),
    "map flipped": (lambda r: flip(r / "gainmap/IMG_002.png"), "checksum"),
}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("case", GMNET_AT_OPEN)
def test_found_by_its_headers(gmnet_folder: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, said = GMNET_AT_OPEN[case]
    spoil(gmnet_folder)
    data = open_dataset(gmnet_folder)
    err = capsys.readouterr().err
    assert [e.name for e in data] == ["IMG_001", "IMG_003"]
    assert err.count("\n") == 1
    assert said in err
    assert "IMG_002" in err
    data.refresh()
    assert capsys.readouterr().err == ""
    with pytest.raises(UntoneError, match="broken pair: ") as caught:
        open_dataset(gmnet_folder, strict=True)
    assert said in str(caught.value)


@pytest.mark.parametrize("case", GMNET_AT_READ)
def test_found_when_it_is_read(gmnet_folder: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without strict the next whole pair stands in, the fault is told once, and iterating leaves the pair out."""
    spoil, said = GMNET_AT_READ[case]
    spoil(gmnet_folder)
    data = open_dataset(gmnet_folder)
    assert [data[k].name for k in (0, 1, 1, 2)] == ["IMG_001", "IMG_003", "IMG_003", "IMG_003"]
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert said in err
    assert [e.name for e in data] == ["IMG_001", "IMG_003"]
    strict = open_dataset(gmnet_folder, strict=True)
    with pytest.raises(UntoneError, match="IMG_002"):
        strict[1]


def test_nothing_whole_is_an_error(gmnet_folder: Path) -> None:
    shutil.rmtree(gmnet_folder / "metadata")
    with pytest.raises(UntoneError, match="holds no whole pair"):
        open_dataset(gmnet_folder)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_data_set_is_an_error_of_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UntoneError, match=r"no such folder|no pairs of a layout") as caught:
        open_dataset(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_data_set_of_one_split_is_opened_and_of_two_is_not(gmnet_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    gmnet_folder.rename(tmp_path / "root" / "train")
    assert len(open_dataset(tmp_path / "root")) == 3
    gmnet_pair(tmp_path / "root" / "test", "IMG_900", 9)
    with pytest.raises(UntoneError, match="several sets of pairs"):
        open_dataset(tmp_path / "root")


def test_a_newline_in_a_name_stays_on_its_line(gmnet_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (gmnet_folder / "image" / "bad\nname\x1b[31m.png").write_bytes(b"x")
    open_dataset(gmnet_folder)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err


def shard(folder: Path, name: str, gain: float = 1.0, size: int = 8) -> None:
    np.save(folder / f"{name}.sdr.npy", np.full((64, size, size, 3), 90, np.uint8))
    np.save(folder / f"{name}.gain.npy", np.full((64, size, size, 3), gain, np.float16))


def test_nan_in_a_shard_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard(tmp_path, "00000")
    gain = np.load(tmp_path / "00000.gain.npy")
    gain[3, 1, 1, 0], gain[4, 0, 0, 2] = np.nan, np.inf
    np.save(tmp_path / "00000.gain.npy", gain)
    data = open_dataset(tmp_path)
    assert data[3].name == "00000/05"
    assert sum(1 for _ in data) == 62
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1:] for line in lines] == [
        ["broken pair left out", f"00000/{row}", "1 gains are NaN or infinite"] for row in ("03", "04")
    ]
    strict = open_dataset(tmp_path, strict=True)
    with pytest.raises(UntoneError, match="00000/03"):
        strict[3]


@pytest.mark.parametrize("case", ["no gain", "cut short", "sizes differ", "wrong type"])
def test_broken_shards(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    shard(tmp_path, "00000")
    shard(tmp_path, "00001")
    gain = tmp_path / "00001.gain.npy"
    if case == "no gain":
        gain.unlink()
    elif case == "cut short":
        cut(gain)
    else:
        differ = case == "sizes differ"
        np.save(gain, np.zeros((64, 9, 9, 3) if differ else (64, 8, 8, 3), np.float16 if differ else np.float64))
    assert len(open_dataset(tmp_path)) == 64
    assert len(shards.Pairs(tmp_path)) == 64
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("00001" in line for line in lines)
    for opening in (open_dataset, shards.Pairs):
        with pytest.raises(UntoneError, match="00001"):
            opening(tmp_path, strict=True)


def test_shards_that_appear_later_are_seen_and_indices_stay(tmp_path: Path) -> None:
    shard(tmp_path, "00001", 1.0)
    data, pairs = open_dataset(tmp_path), shards.Pairs(tmp_path)
    shard(tmp_path, "00000", 2.0)
    for opening in (data, pairs):
        opening.refresh()
        assert len(opening) == 128
    assert data[0].gain_stops[0, 0, 0] == pairs.example(0).gain_stops[0, 0, 0] == pairs[0][1][0, 0, 0] == 1.0
    assert data[64].gain_stops[0, 0, 0] == pairs.example(64).gain_stops[0, 0, 0] == 2.0


def test_faults_name_their_file_once() -> None:
    assert opened.naming("a", "1 gain is not a number") == "a: 1 gain is not a number"
    assert opened.naming("a", "a: bad") == "a: bad"
    assert opened.naming("a", "set/image/a.png: bad") == "set/image/a.png: bad"
    assert opened.naming("set/a.png", "bad") == "set/a.png: bad"
    assert opened.naming("set/a.png", "cannot read set/a.png: gone") == "cannot read set/a.png: gone"


def paths(*stems: str) -> dict[str, Path]:
    return {stem: Path(stem) for stem in stems}


def test_partners_are_found_by_name_and_never_by_order() -> None:
    """Sorted order would pair 2 with 3 here."""
    pairs, faults = pairing.matched(paths("a_1", "a_2", "a_3"), paths("a_1", "a_3"))
    assert pairs == {"a_1": "a_1", "a_3": "a_3"}
    assert [fault.name for fault in faults] == ["a_2"]


def test_role_words_and_ids_lead_to_the_partner_unless_there_are_two() -> None:
    assert pairing.matched(paths("x_sdr", "y_sdr"), paths("x_gm", "y_hdr"))[0] == {"x_sdr": "x_gm", "y_sdr": "y_hdr"}
    assert pairing.matched(paths("IMG_365-left"), paths("IMG_365-right"))[0] == {"IMG_365-left": "IMG_365-right"}
    pairs, faults = pairing.matched(paths("IMG_365a", "IMG_365b"), paths("IMG_365c"))
    assert pairs == {}
    assert len(faults) == 3


def test_owners_are_not_taken_from_a_longer_number() -> None:
    """IMG_12 is not of IMG_1, though it begins with it; the longest name wins."""
    have = paths("IMG_1", "IMG_1_s002")
    assert pairing.owner("IMG_12", have) is None
    assert pairing.owner("IMG_1_s001", have) == Path("IMG_1")
    assert pairing.owner("IMG_1_s002_s001", have) == Path("IMG_1_s002")
    assert pairing.owner(pairing.patch_name("a.b", 0, 480, 960, 960), paths("a", "a.b")) == Path("a.b")


def test_patch_names_come_back_and_lies_are_seen() -> None:
    name = pairing.patch_name("IMG_365", 480, 960, 2160, 3840)
    assert name == "IMG_365_y00480_x00960_of_2160x3840"
    assert pairing.place_of(name) == ("IMG_365", 480, 960, 2160, 3840)
    assert pairing.window_of(name, 480, 480) == (480 / 2160, 0.25, 960 / 2160, 0.375)
    with pytest.raises(ValueError, match="outside"):
        pairing.window_of(name, 1700, 480)
