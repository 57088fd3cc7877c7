"""A bucket for each test, and a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator

import object_store
import pytest

pytest.importorskip("obstore", reason="no obstore; the extra cloud brings it")
pytest.importorskip("moto", reason="no moto; the extra dev brings it")


@pytest.fixture
def bucket(s3_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty bucket that nobody else uses, which this process finds by its environment."""
    name = f"b-{abs(hash(request.node.nodeid)):x}"
    for key, value in object_store.environment(s3_url).items():
        monkeypatch.setenv(key, value)
    object_store.client(s3_url).create_bucket(Bucket=name)
    return name


@pytest.fixture
def proxy(s3_url: str) -> Iterator[object_store.Proxy]:
    with object_store.Proxy(s3_url).serving() as between:
        yield between
