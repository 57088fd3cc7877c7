"""What the losses forgive, and what not."""

from __future__ import annotations

import pytest
import torch

from untone.lab.training import losses


def pictures() -> torch.Tensor:
    return torch.rand(3, 50, 3, generator=torch.Generator().manual_seed(1)) * 2


def test_a_picture_that_is_only_weaker_has_no_error_when_its_strength_is_free() -> None:
    gain = pictures()
    truth = gain * torch.tensor([0.5, 1.0, 2.0])[:, None, None]
    strength = losses.own_strength(gain, truth, 1.0)
    assert strength.flatten().tolist() == pytest.approx([0.5, 1.0, 2.0], rel=1e-5)
    sdr = torch.full_like(gain, 0.5)
    assert float(losses.square_error(sdr, gain * strength, truth).max()) < 1e-10


def test_half_the_freedom_forgives_half_of_the_stops_of_strength() -> None:
    gain = pictures()
    assert losses.own_strength(gain, gain * 2, 0.5).flatten().tolist() == pytest.approx([2**0.5] * 3, rel=1e-5)


def test_pictures_to_leave_alone_forgive_nothing_and_strengths_are_bounded() -> None:
    gain = pictures()
    truth = torch.stack([gain[0] * 0, gain[1] * 100, -gain[2]])
    assert losses.own_strength(gain, truth, 1.0).flatten().tolist() == pytest.approx([1.0, 2.5, 0.35])


def test_strength_carries_no_gradient() -> None:
    gain = pictures().requires_grad_()
    assert not losses.own_strength(gain, gain.detach() * 2, 0.7).requires_grad
