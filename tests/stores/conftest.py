"""A bucket of each kind of store, and a folder: all are stores."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import azure_store
import google_store
import object_store
import pytest

from untone.stores import Place, folder_place, place

pytest.importorskip("obstore", reason="no obstore; the extra cloud brings it")
pytest.importorskip("moto", reason="no moto; the extra dev brings it")

EMULATED = pytest.param("azure", marks=pytest.mark.slow)
"""It takes seconds to start."""


@pytest.fixture(scope="session")
def google_url() -> Iterator[str]:
    with google_store.google_store() as url:
        yield url


@pytest.fixture(scope="session")
def azure_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if shutil.which(azure_store.PROGRAM) is None:
        pytest.skip("no Azurite; npm install -g azurite brings it")
    with azure_store.azure_store(tmp_path_factory.mktemp("azure")) as url:
        yield url


@pytest.fixture(params=["bucket", "google", EMULATED, "folder"])
def here(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty folder in a store."""
    if request.param == "folder":
        return folder_place(tmp_path)
    name = f"s-{abs(hash(request.node.nodeid)):x}"
    url: str = request.getfixturevalue({"bucket": "s3_url"}.get(request.param, f"{request.param}_url"))
    scheme, environment = {
        "bucket": ("s3", object_store.environment),
        "google": ("gs", google_store.google_environment),
        "azure": ("az", azure_store.azure_environment),
    }[request.param]
    for key, value in environment(url).items():
        monkeypatch.setenv(key, value)
    if scheme == "s3":
        object_store.client(url).create_bucket(Bucket=name)
    elif scheme == "az":
        azure_store.make_container(url, name)
    return place(f"{scheme}://{name}/")
