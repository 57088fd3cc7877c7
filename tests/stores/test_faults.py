"""What users set wrongly, and what stores answer: one line each, and other photos go on where they can."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import object_store
import pytest
from object_store import Proxy, client, tiny_photos

from untone import cli
from untone.stores import patience, place
from untone.stores.contract import ForbiddenError, StoreError

PHOTO = next(iter(tiny_photos(1).values()))


@pytest.fixture
def bucket(s3_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"f-{abs(hash(request.node.nodeid)):x}"
    for key, value in object_store.environment(s3_url).items():
        monkeypatch.setenv(key, value)
    client(s3_url).create_bucket(Bucket=name)
    return name


@pytest.fixture
def proxy(s3_url: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with Proxy(s3_url).serving() as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.url)
        yield between


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000"),
        ("AWS_ENDPOINT_URL", "http://[store"),
        ("AWS_ENDPOINT_URL", "http://store:99999"),
        ("AWS_ENDPOINT_URL", "ftp://store"),
        ("AWS_SESSION_TOKEN", "token\n"),
        ("AWS_ACCESS_KEY_ID", "schlüssel"),
    ],
)
def test_settings_of_which_no_request_can_be_made_are_named(
    bucket: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert cli.main(["-q", f"s3://{bucket}/in/", "-o", f"s3://{bucket}/out/"]) == 1
    said = capfd.readouterr().err
    assert said.startswith(f"untone: {name}")
    assert len(said.splitlines()) == 1
    assert name == "AWS_ENDPOINT_URL" or value.strip() not in said


def test_where_obstore_breaks_off_that_is_a_fault_of_the_store(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})
    at = place(f"s3://{bucket}/x.jpg")

    def get(_: str) -> None:
        raise panic("unwrapped nothing")

    monkeypatch.setattr(type(at.store), "_store", type("Broken", (), {"get": staticmethod(get)}))
    with pytest.raises(StoreError, match=r"x\.jpg: obstore broke off: unwrapped nothing$"):
        at.store.read(at.key)


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        ("InvalidObjectState", ForbiddenError, "it is archived; restore it first"),
        ("InvalidRequest", ForbiddenError, "refuses to read it"),
        ("KMS.DisabledException", ForbiddenError, "is disabled"),
        ("RequestTimeTooSkewed", StoreError, "the clock of this machine is wrong"),
    ],
)
def test_answers_that_are_no_matter_of_rights_say_what_they_are(
    bucket: str, proxy: Proxy, code: str, kind: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
    status = 400 if code.startswith(("KMS", "InvalidRequest")) else 403
    monkeypatch.setattr(proxy, "_asked", lambda *_: (status, {}, body))
    at = place(f"s3://{bucket}/x.jpg")
    with pytest.raises(kind, match=said):
        at.store.read(at.key)


def test_marks_of_folders_are_no_photos(s3_url: str, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    marks = ["in/", "in/2024/", "in/album.jpg/", "in/p.jpg/"]
    for key in marks:
        client(s3_url).put_object(Bucket=bucket, Key=key, Body=b"")
    for key in ("in/p.jpg", "in/album.jpg/q.jpg", "in/twice.jpg", "in/twice.jpg/"):
        client(s3_url).put_object(Bucket=bucket, Key=key, Body=PHOTO)
    assert cli.main([f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "untone: 3 converted, 0 skipped, 0 left alone, 1 failed"
    assert [line for line in said if "in/twice.jpg: another key is this and a / at its end" in line]
    assert set(object_store.objects(s3_url, bucket, "out/")) == {
        "out/p.hdr.jpg", "out/album.jpg/q.hdr.jpg", "out/twice.hdr.jpg",
    }  # fmt: skip
    client(s3_url).put_object(Bucket=bucket, Key="in/empty.jpg", Body=b"")
    assert cli.main([f"s3://{bucket}/in/", "-R", "-q", "-o", f"s3://{bucket}/out/"]) == 1
    assert "in/empty.jpg: the file is empty" in capsys.readouterr().err


def test_it_is_told_when_a_store_is_waited_for(
    s3_url: str, bucket: str, proxy: Proxy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client(s3_url).put_object(Bucket=bucket, Key="in/p.jpg", Body=PHOTO)
    monkeypatch.setattr(patience, "TOLD_SECONDS", -1.0)
    monkeypatch.setattr(patience, "SECONDS", 0.5)
    proxy.throttled = 1.0
    assert cli.main([f"s3://{bucket}/in/", "-o", f"s3://{bucket}/out/"]) == 1
    said = capsys.readouterr().err
    assert said.count("it is asked again for up to") == 1
    assert said.splitlines()[-1].endswith("503 SlowDown; it asked to wait longer than is waited")
    assert not logging.getLogger("untone.stores").handlers


def test_a_prefix_that_is_none_is_no_folder_without_faults(
    s3_url: str, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client(s3_url).put_object(Bucket=bucket, Key="in/p.jpg", Body=PHOTO)
    for arguments in (["s3://{}/typo/"], ["s3://{}/in/", "--originals", "s3://{}/typo/"]):
        assert cli.main(["audit", *(each.format(bucket) for each in arguments)]) == 2
        assert f"s3://{bucket}/typo/ is no folder" in capsys.readouterr().err
