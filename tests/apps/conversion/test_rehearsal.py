"""A dry run refuses what the work itself would refuse: a request that makes no sense, whatever photos there are."""

import numpy as np
import pytest

from untone import cli, formats
from untone.image import Image


@pytest.fixture
def photo(tmp_path):
    formats.write(tmp_path / "photo.jpg", Image(np.full((8, 8, 3), 90, np.uint8)))
    return str(tmp_path / "photo.jpg")


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (("--peak", "50"), "the peak must be from SDR white, 203 nits"),
        (("--peak", "inf"), "not inf"),
        (("--white", "400", "--peak", "300"), "from SDR white, 400 nits"),
        (("--model", "fastgammer"), "no such model"),
        (("--provider", "Azores"), "no such provider"),
        (("--crf", "10"), "for films"),
    ],
)
def test_requests_that_make_no_sense(photo, asked, fault, capsys):
    refused = [cli.main([photo, *asked, *more]) for more in ((), ("--dry-run",))]
    said = capsys.readouterr().err.splitlines()
    assert refused == [2, 2]
    assert said[0] == said[1]
    assert fault in said[0]


def test_what_makes_sense_is_named(photo, capsys):
    assert cli.main([photo, "--peak", "400", "--strength", "150", "--white", "100", "--dry-run"]) == 0
    assert capsys.readouterr().out == f"{photo} -> {photo.removesuffix('.jpg')}.hdr.jpg\n"
