"""What a store can do, of buckets and of folders."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path

import object_store
import pytest

from untone.errors import DamagedError, LimitError, UntoneError, UsageError
from untone.formats.common import limits
from untone.stores import Place, is_url, load, opened, place
from untone.stores.contract import MissingError

KEYS = ["a/b c.jpg", "a/c.jpg", "a/ü/日本.jpg", "z.jpg"]


def test_objects_come_back_as_they_were_put(here: Place) -> None:
    for key in KEYS:
        here.store.write(key, key.encode())
    assert sorted(entry.key for entry in here.store.entries("")) == sorted(KEYS)
    assert {entry.key for entry in here.store.entries("a/")} == set(KEYS[:3])
    assert [here.store.read(key) for key in KEYS] == [key.encode() for key in KEYS]
    assert here.store.present([*KEYS, "a/none.jpg", "none.jpg"]) == set(KEYS)
    assert here.store.present(["none.jpg", "z.jpg"]) == {"z.jpg"}
    here.store.remove("z.jpg")
    here.store.remove("z.jpg")
    assert here.store.entry("z.jpg") is None
    with pytest.raises(MissingError, match="no such"):
        here.store.read("z.jpg")


def test_ranges_end_with_the_object(here: Place) -> None:
    here.store.write("k", b"0123456789")
    data, entry = here.store.read_range("k", 3, 7)
    assert (data, entry.size) == (b"3456", 10)
    assert here.store.read_range("k", 8, 99, entry.tag)[0] == b"89"
    here.store.write("k", b"another one")
    with pytest.raises(UntoneError, match=r"changed|replaced"):
        here.store.read_range("k", 0, 2, entry.tag)


def test_one_of_many_creates(here: Place) -> None:
    won: list[int] = []

    def create(number: int) -> None:
        if here.store.create("k", b"%d" % number):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert here.store.read("k") == b"%d" % won[0]


def test_one_of_many_replaces_what_all_have_seen(here: Place) -> None:
    here.store.create("k", b"old")
    was = here.store.entry("k")
    assert was is not None
    won: list[int] = []

    def replace(number: int) -> None:
        if here.store.replace("k", b"new %d" % number, was):
            won.append(number)

    threads = [threading.Thread(target=replace, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert here.store.read("k") == b"new %d" % won[0]
    assert not here.store.replace("k", b"late", was)
    here.store.remove("k")
    assert not here.store.replace("k", b"later", was)
    assert [entry.key for entry in here.store.entries("")] == []


@pytest.mark.parametrize("key", ["../x.jpg", "a/../../x.jpg", "a//x.jpg", "./x.jpg", "/x.jpg"])
def test_keys_that_lead_elsewhere_are_refused(here: Place, key: str, tmp_path: Path) -> None:
    assert here.store.obstacle(key) is not None
    with pytest.raises(UntoneError):
        here.store.read(key)
    with pytest.raises(UntoneError):
        here.store.write(key, b"x")
    assert not list(tmp_path.parent.glob("x.jpg"))


def test_limits_hold_before_anything_is_read(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    here.store.write("large", bytes(2000))
    here.store.write("empty", b"")
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 1000)
    with pytest.raises(LimitError, match="2000 bytes"):
        here.store.read("large")
    with pytest.raises(DamagedError, match="empty"):
        here.store.read("empty")


def test_an_object_that_is_opened_is_its_bytes(here: Place) -> None:
    data = bytes(range(256)) * 40_000
    here.store.write("k.bin", data)
    if not is_url(str(here)):
        return
    assert load(str(here) + "k.bin") == data
    with opened(str(here) + "k.bin") as source:
        assert len(source) == len(data)
        for start, end in ((0, 9), (70_000, 70_004), (5_000_000, 9_000_000), (len(data) - 3, len(data))):
            assert source[start:end] == data[start:end]
        assert source[-1] == data[-1]
        assert source.find(data[:300], 1) == 256


def test_places_go_to_other_processes(here: Place) -> None:
    at = pickle.loads(pickle.dumps(here.joined("k")))
    here.store.write("k", b"x")
    assert at == here.joined("k")
    assert at.store.read(at.key) == b"x"


def test_places_are_named_as_people_name_them() -> None:
    at = place("S3://bucket/a b/ü%20#?.jpg")
    assert (str(at), at.name, at.suffix) == ("s3://bucket/a b/ü%20#?.jpg", "ü%20#?.jpg", ".jpg")
    assert str(at.with_name("x.png")) == "s3://bucket/a b/x.png"
    assert place("s3://bucket").is_folder
    assert str(place("/tmp/a.jpg").with_name("b.jpg")) == "/tmp/b.jpg"
    assert not any(is_url(text) for text in ("C:\\x.jpg", "photo.jpg", "./s3:/x", b"s3://x/y", None))
    for text in ("ftp://x/y", "s3:///x"):
        with pytest.raises(UsageError):
            place(text)


def test_several_are_removed_at_once(here: Place) -> None:
    for key in KEYS:
        here.store.write(key, b"x")
    here.store.remove_all([*KEYS[1:], "none"])
    assert [entry.key for entry in here.store.entries("")] == KEYS[:1]
    here.store.remove_all([])


def test_a_store_that_removes_one_by_one_is_asked_so(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store.Proxy(s3_url).serving() as proxy:
        proxy.one_by_one = True
        for key, value in object_store.environment(proxy.url).items():
            monkeypatch.setenv(key, value)
        object_store.client(s3_url).create_bucket(Bucket="one-by-one")
        store = place("s3://one-by-one/").store
        for _ in range(2):
            for key in KEYS:
                store.write(key, b"x")
            store.remove_all(KEYS)
            assert list(store.entries("")) == []
        assert proxy.counted()["POST"] == 1


def test_pages_that_take_too_many_requests_are_not_looked_at(here: Place) -> None:
    keys = [f"p/{number}.jpg" for number in range(9)]
    here.store.write(keys[3], b"x")
    assert here.store.present(keys) == {keys[3]}
    if is_url(str(here)):
        assert here.store.present(keys, 1) == {keys[3]}
    else:
        assert here.store.present(keys, 8) is None
    assert here.store.present(keys[2:5], 2) is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("hashed", ["", "false"])
def test_objects_go_over_tls(hashed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with object_store.s3_process("--ssl") as (url, _):
        more = {"AWS_ALLOW_INVALID_CERTIFICATES": "true", "AWS_UNSIGNED_PAYLOAD": hashed, "AWS_ALLOW_HTTP": "false"}
        for key, value in (object_store.environment(url) | more).items():
            monkeypatch.setenv(key, value)
        object_store.client(url, verify=False).create_bucket(Bucket=f"tls{hashed}")
        at = place(f"s3://tls{hashed}/a b.jpg")
        assert at.store.create(at.key, bytes(3_000_000))
        assert not at.store.create(at.key, b"x")
        assert at.store.read(at.key) == bytes(3_000_000)
