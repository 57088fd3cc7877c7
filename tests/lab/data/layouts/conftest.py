"""Data sets of three pairs."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pairs import gmnet_pair, hdrtv_pair


@pytest.fixture
def gmnet_folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(["IMG_001", "IMG_002", "IMG_003"]):
        gmnet_pair(tmp_path / "set", name, seed)
    return tmp_path / "set"


@pytest.fixture
def hdrtv_folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(["001", "002", "003"]):
        hdrtv_pair(tmp_path / "tv", name, seed)
    return tmp_path / "tv"
