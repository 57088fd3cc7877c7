"""Small made-up HDR sources and pairs, so that the lab is tested without any data set."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from made_light import panorama, write_exr

from untone.lab.data import pairs
from untone.lab.data.synthesis.style import Style

torch.set_num_threads(1)  # tests run beside each other; spinning threads would slow them


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Sums hang on the number of threads, and benchmarks leave theirs behind."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def hdr_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hdr")
    for seed in range(3):
        write_exr(folder / f"place_{seed}.exr", panorama(seed))
    return folder


@pytest.fixture(scope="session")
def small_style() -> Style:
    return Style(size=64)


@pytest.fixture(scope="session")
def pairs_folder(hdr_folder: Path, small_style: Style, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pairs")
    assert list(pairs.synthesise(hdr_folder, folder, 64, 5, small_style))[-1] == 64
    return folder
