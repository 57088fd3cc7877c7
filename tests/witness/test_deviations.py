"""Headless Chromium shows the light of a deviating file where `untone inspect` and --strict say that it does."""

from collections.abc import Callable

import numpy as np
import pytest
from chromium import Chromium
from deviating_files import CASES, JPEGS, Parts, gain_map, jpeg_base
from test_chromium import browser  # noqa: F401  # a fixture

from untone import formats
from untone.apps.inspection.validation.files import findings
from untone.apps.inspection.viewers import READERS, shown

pytestmark = pytest.mark.slow

LIGHT_STOPS = 1.5
"""Of 2.5 that a display has, what is seen of a map that is applied as it says; one that is misread gives less."""

REFUSED_HERE = ("equal capacities, XMP alone",)
"""Chromium applies the map in full whatever the screen; its numbers contradict each other, and no verdict is given."""


def light_of(browser: Chromium, data: bytes) -> float:  # noqa: F811
    """Stops between what a display without headroom and one with 2.5 stops are given; 0 of a picture that fails."""
    try:
        dark, bright = browser.decode(data, [0, 2.5])
    except RuntimeError as error:
        if "cannot be decoded" not in str(error):
            raise
        return 0.0
    return float(np.abs(np.log2((np.abs(bright) + 0.1) / (np.abs(dark) + 0.1))).max())


def says_chrome(data: bytes, container: str) -> bool:
    return "Chrome" in shown(container, READERS[container], findings(data))[0]


@pytest.mark.parametrize("name", sorted(set(JPEGS) - set(REFUSED_HERE)))
def test_jpegs(browser: Chromium, name: str):  # noqa: F811
    data = JPEGS[name][0]()
    assert (light_of(browser, data) > LIGHT_STOPS) == (says_chrome(data, "jpeg") and name != "no map")


@pytest.mark.parametrize("name", CASES)
def test_avifs(browser: Chromium, name: str):  # noqa: F811
    change: Callable[[Parts], object] = CASES[name][0]
    parts = Parts(formats.write(None, jpeg_base(), gain_map(), format="avif"))
    change(parts)
    data = parts.file()
    assert (light_of(browser, data) > LIGHT_STOPS) == says_chrome(data, "avif")
