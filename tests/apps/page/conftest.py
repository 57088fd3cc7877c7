"""One page and one browser for all tests of this folder."""

import pytest
from serving import Page, browsing, chromium, gain_map, photo, write_folder

from untone import formats


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    folder = write_folder(tmp_path_factory.mktemp("looked-at") / "photos")
    formats.write(folder / "with-map.jpg", photo(5), gain_map())
    return folder


@pytest.fixture(scope="session")
def page(folder):
    with Page(folder) as page:
        yield page


@pytest.fixture(scope="session")
def player():
    chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        yield player


@pytest.fixture(scope="session")
def tab(page, player):
    with browsing(player) as tab:
        yield tab
