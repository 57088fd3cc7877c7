"""Soft histograms: shares by hand, percentiles, and what the graph must not hang on."""

import pytest
import torch

from untone.lab.nets.histograms import SHARES, SoftHistograms

BINS, SATURATIONS = 5, 3


def parts(thumbnail):
    """Features by name, of one thumbnail."""
    made = SoftHistograms(BINS, SATURATIONS)(thumbnail)
    lengths = (BINS * SATURATIONS, BINS, BINS, BINS, len(SHARES))
    names = ("both", "roots", "reached", "warmth", "percentiles")
    return dict(zip(names, made.whole[0].split(lengths), strict=True)), made.cells


def test_a_code_between_two_nodes_counts_for_both():
    """Code 0.3 with nodes at .25 and .5: 0.8 of it and 0.2."""
    found, _ = parts(torch.full((1, 3, 256, 256), 0.3))
    assert torch.allclose(found["roots"].square(), torch.tensor([0, 0.8, 0.2, 0, 0]), atol=1e-5)
    assert torch.allclose(found["reached"], torch.tensor([0, 0.8, 1, 1, 1]), atol=1e-5)


def test_half_black_half_white():
    picture = torch.zeros(1, 3, 256, 256)
    picture[..., 128:] = 1
    found, cells = parts(picture)
    assert torch.allclose(found["roots"].square(), torch.tensor([0.5, 0, 0, 0, 0.5]), atol=1e-5)
    below = [found["percentiles"][k].item() for k, share in enumerate(SHARES) if share < 0.49]
    above = [found["percentiles"][k].item() for k, share in enumerate(SHARES) if share > 0.51]
    assert below == pytest.approx([0] * len(below))
    assert above == pytest.approx([0.8] * len(above))
    assert torch.equal(cells[0, 0, :, :4], torch.ones(8, 4))
    assert torch.equal(cells[0, 4, :, 4:], torch.ones(8, 4))


def test_saturation_and_warmth_belong_to_their_code():
    """Pure red at full code: all of it in the last bin, saturated (1 / 1.04), warmth 1."""
    picture = torch.zeros(1, 3, 256, 256)
    picture[:, 0] = 1
    found, _ = parts(picture)
    both = found["both"].square().reshape(BINS, SATURATIONS)
    assert both[4, 2].item() == pytest.approx(2 / 1.04 - 1, abs=1e-4)
    assert both[:4].sum().item() == 0
    assert found["warmth"][4].item() == pytest.approx(4.0, abs=1e-5)


def test_features_are_as_many_as_is_said():
    net = SoftHistograms(32, 6)
    made = net(torch.rand(2, 3, 256, 256))
    assert made.whole.shape == (2, net.length)
    assert made.cells.shape == (2, 96, 8, 8)
