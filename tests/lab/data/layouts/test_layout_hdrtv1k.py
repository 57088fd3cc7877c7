"""HDRTV1K: nits as ST 2084 says, primaries as BT.2020 says, by an independent program."""

import warnings
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from made_pairs import hdrtv_pair, png

from untone.errors import UntoneError
from untone.lab.data.examples import Example, light_of, pq_of
from untone.lab.data.layouts import hdrtv1k, open_dataset

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it complains about plotting packages that are not installed
    import colour as science


def test_light_is_what_colour_science_makes_of_the_codes(hdrtv_folder: Path) -> None:
    example = open_dataset(hdrtv_folder, strict=True)[1]
    codes = imagecodecs.png_decode((hdrtv_folder / "test_hdr" / "002.png").read_bytes())
    nits = science.models.eotf_ST2084(codes / 65535)
    space = science.RGB_COLOURSPACES
    light = science.RGB_to_RGB(nits, space["ITU-R BT.2020"], space["ITU-R BT.709"], None) / 203
    inside = (light > 0).all(-1)
    assert inside.mean() > 0.1
    ours = light_of(example.sdr, example.gain_stops)
    assert np.abs(ours / light - 1)[inside & (light.min(-1) > 0.02)].max() < 2e-3
    assert ours.min() > -1e-6
    assert (example.pq == codes).all()
    assert np.allclose(pq_of(example), codes / 65535, atol=1e-7)


@pytest.mark.parametrize(
    ("sdr", "hdr"), [("SDR", "HDR"), ("train_sdr_sub", "train_hdr_sub"), ("LDR", "HDR"), ("val-sdr", "val-hdr")]
)
def test_folders_are_found_by_name_variants(hdrtv_folder: Path, sdr: str, hdr: str) -> None:
    (hdrtv_folder / "test_sdr").rename(hdrtv_folder / sdr)
    (hdrtv_folder / "test_hdr").rename(hdrtv_folder / hdr)
    assert len(open_dataset(hdrtv_folder, strict=True)) == 3
    if "sdr" in sdr.lower():
        assert len(open_dataset(hdrtv_folder / sdr, strict=True)) == 3


def test_two_splits_must_be_told_apart(hdrtv_folder: Path) -> None:
    hdrtv_pair(hdrtv_folder, "900", 9, "train")
    with pytest.raises(UntoneError, match=r"several sets of pairs; name one: .*test_sdr, .*train_sdr"):
        open_dataset(hdrtv_folder)
    assert len(open_dataset(hdrtv_folder / "train_sdr")) == 1
    assert len(open_dataset(hdrtv_folder / "test_hdr")) == 3


def test_our_pairs_come_back(tmp_path: Path) -> None:
    """16 bits of PQ keep the gain to a ten-thousandth of a stop, to a hundredth in the worst of saturated colours."""
    random = np.random.default_rng(3)
    gain = random.uniform(0, 3, (16, 20, 3)).astype(np.float32)
    sdr = random.integers(8, 256, (16, 20, 3), np.uint8)
    example = Example("a", sdr, gain, np.zeros((256, 256, 3), np.uint8))
    loss = hdrtv1k.write(tmp_path, example)
    back = open_dataset(tmp_path, strict=True)[0]
    assert (back.sdr == sdr).all()
    assert np.abs(back.gain_stops - gain).max() < 1e-2
    assert np.abs(back.gain_stops - gain).mean() < 2e-4
    assert loss < 1e-3
    assert bytes((9, 16, 0, 1)) in (tmp_path / "train_hdr" / "a.png").read_bytes()[:80]


def test_codes_are_read_whatever_the_tags_of_the_png_say(hdrtv_folder: Path) -> None:
    """A gAMA chunk, which a reader of photos would apply, leaves the codes as they are."""
    path = hdrtv_folder / "test_sdr" / "001.png"
    data = path.read_bytes()
    before = open_dataset(hdrtv_folder)[0].sdr
    from untone.lab.data.codes import chunk

    path.write_bytes(data[:33] + chunk(b"gAMA", (100000).to_bytes(4, "big")) + data[33:])
    assert (open_dataset(hdrtv_folder, strict=True)[0].sdr == before).all()


def test_an_hdr_that_says_it_is_something_else_is_broken(
    hdrtv_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hdrtv_folder / "test_hdr" / "001.png"
    data = path.read_bytes()
    from untone.lab.data.codes import chunk

    path.write_bytes(data[:33] + chunk(b"cICP", bytes((9, 18, 0, 1))) + data[33:])
    assert len(open_dataset(hdrtv_folder)) == 2
    assert "cICP says (9, 18, 0, 1)" in capsys.readouterr().err


def test_eight_bit_hdr_and_sixteen_bit_sdr_are_broken(hdrtv_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    png(hdrtv_folder / "test_hdr" / "001.png", np.zeros((24, 32, 3), np.uint8))
    png(hdrtv_folder / "test_sdr" / "002.png", np.zeros((24, 32, 3), np.uint16))
    assert [e.name for e in open_dataset(hdrtv_folder)] == ["003"]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("bits; they need 8 and 16" in line for line in lines)


def test_metadata_of_hdrtv1k_that_are_no_gain_make_a_broken_pair(tmp_path: Path) -> None:
    hdrtv_pair(tmp_path, "001", 1)
    (tmp_path / "metadata").mkdir()
    np.save(tmp_path / "metadata" / "001.npy", np.array(-1.0, np.float32))
    with pytest.raises(UntoneError, match=r"001\.npy: .*qmax must be 0 to 16 stops, not -1"):
        open_dataset(tmp_path, strict=True)
