"""A batch that is shared by claims, in each kind of store; and what is said where nobody says who asks."""

from __future__ import annotations

import socket
from pathlib import Path

import object_store
import pytest

from untone import cli
from untone.stores import Place, patience, place
from untone.stores.contract import StoreError

PHOTOS = object_store.tiny_photos(3)


def test_a_batch_makes_there_what_it_makes_of_files(here: Place, tmp_path: Path) -> None:
    for name, data in PHOTOS.items():
        here.store.write(f"in/{name}", data)
    at = [str(here.joined(f"{folder}/")) for folder in ("in", "out", "claims")]
    assert cli.main([at[0], "-R", "-q", "-o", at[1], "--claim", at[2]]) == 0
    (tmp_path / "local").mkdir()
    expected = object_store.locally(PHOTOS, tmp_path / "local")
    assert {entry.key for entry in here.store.entries("out/")} == {f"out/{name}" for name in expected}
    assert {name: here.store.read(f"out/{name}") for name in expected} == expected
    assert not [entry for entry in here.store.entries("claims/") if entry.size]


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_where_nobody_says_who_asks_that_is_said_at_once(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", "GOOGLE_SERVICE_ACCOUNT_KEY", "AZURE_STORAGE_USE_EMULATOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    at = place(f"{scheme}://bucket-of-nobody/x.jpg")
    with pytest.raises(StoreError, match=r"no credentials; set [A-Z_]+"):
        at.store.read(at.key)
