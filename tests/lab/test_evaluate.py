"""The table says what is true of methods whose answer is known."""

from pathlib import Path

import numpy as np
import pytest

import untone
from untone.lab import evaluate
from untone.lab.data import Pairs


def oracle(picture: evaluate.Picture) -> np.ndarray:
    return np.log2((picture.truth + 1 / 64) / (picture.light + 1 / 64))


def nothing(picture: evaluate.Picture) -> np.ndarray:
    return np.zeros(picture.codes.shape, np.float32)


def test_the_truth_beats_nothing_on_pairs_and_sheets_are_drawn(pairs_folder: Path, tmp_path: Path) -> None:
    pictures = [picture for picture, _ in zip(evaluate.of_pairs(Pairs(pairs_folder)), range(4), strict=False)]
    found = evaluate.table(iter(pictures), {"nothing": nothing, evaluate.MODEL: oracle}, tmp_path)
    assert found[evaluate.MODEL]["pq_psnr"] > 60
    assert found["nothing"]["pq_psnr"] < found[evaluate.MODEL]["pq_psnr"]
    assert found["nothing"]["hue_shift_degrees"] < 1e-3
    assert (
        found["nothing"]["pq_psnr_interval"][0]
        <= found["nothing"]["pq_psnr"]
        <= found["nothing"]["pq_psnr_interval"][1]
    )
    assert len(list(tmp_path.glob("*.png"))) == 4
    assert "| nothing |" in evaluate.markdown("pairs", found)


def test_photos_are_compared_with_their_own_map(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    codes = np.full((40, 60, 1), 255, np.uint8)
    one_stop = untone.GainMap(codes, (0, 0, 0), (1, 1, 1), alternate_headroom_stops=1.0)
    untone.write(tmp_path / "photo.jpg", untone.Image(pixels), one_stop)
    (picture,) = evaluate.of_photos(tmp_path)
    assert picture.truth == pytest.approx((picture.light + 1 / 64) * 2 - 1 / 64, abs=1e-4)
    untone.write(tmp_path / "plain.jpg", untone.Image(pixels))
    with pytest.raises(untone.UntoneError, match="no gain map"):
        list(evaluate.of_photos(tmp_path))
