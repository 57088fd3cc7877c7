"""A bucket of an S3 server as a process, and a folder: both are stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import object_store
import pytest

from untone.stores import Place, folder_place, place

pytest.importorskip("obstore", reason="no obstore; the extra cloud brings it")
pytest.importorskip("moto", reason="no moto; the extra dev brings it")


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with object_store.s3_server() as url:
        yield url


@pytest.fixture(params=["bucket", "folder"])
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty folder in a store."""
    if request.param == "folder":
        return folder_place(tmp_path)
    url: str = request.getfixturevalue("s3_url")
    for key, value in object_store.environment(url).items():
        monkeypatch.setenv(key, value)
    name = f"s-{abs(hash(request.node.nodeid)):x}"
    object_store.client(url).create_bucket(Bucket=name)
    return place(f"s3://{name}/")
