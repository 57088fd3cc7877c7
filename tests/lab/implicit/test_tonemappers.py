"""Every tone mapper of the experiment makes a picture of any light."""

import numpy as np
import pytest

from untone.lab.implicit import tonemappers


@pytest.mark.parametrize("name", tonemappers.MAPPERS)
def test_every_mapper_gives_codes_of_any_light(name):
    random = np.random.default_rng(0)
    light = random.lognormal(-2, 2, (40, 52, 3)).astype(np.float32)
    light[0, 0] = 0
    display = tonemappers.MAPPERS[name](light)
    assert np.isfinite(display).all()
    codes = tonemappers.codes(display)
    assert codes.shape == light.shape
    assert codes.dtype == np.uint8
    bright, dark = light.mean(2) > np.quantile(light, 0.9), light.mean(2) < np.quantile(light, 0.1)
    assert codes[bright].mean() > codes[dark].mean() + 30
