"""Commands and Python on objects: the same bytes as files, hostile keys, faults as one line."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import object_store
import pytest
from object_store import Proxy, client, objects, tiny_photos

import untone
from untone import cli, stores
from untone.apps.cloud import planning
from untone.apps.conversion.planning import CONVERTED_NAMES
from untone.stores.buckets import Bucket
from untone.stores.contract import Entry

PHOTO = next(iter(tiny_photos(1).values()))


def _put(url: str, bucket: str, key: str, data: bytes = PHOTO) -> str:
    client(url).put_object(Bucket=bucket, Key=key, Body=data)
    return f"s3://{bucket}/{key}"


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_python_reads_and_writes_objects(s3_url: str, bucket: str, tmp_path: Path) -> None:
    url = _put(s3_url, bucket, "a b/ü.jpg")
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    image, gain_map = untone.read(url)
    assert (image.width, image.height, gain_map) == (64, 48, None)
    untone.convert(url, f"s3://{bucket}/made.jpg")
    untone.convert(tmp_path / "photo.jpg", tmp_path / "made.jpg")
    assert objects(s3_url, bucket)["made.jpg"] == (tmp_path / "made.jpg").read_bytes()
    untone.write(f"s3://{bucket}/made.exr", *untone.read(tmp_path / "made.jpg")[:1])
    assert untone.read(f"s3://{bucket}/made.exr")[0].width == 64
    with pytest.raises(untone.UntoneError, match=f"^s3://{bucket}/none.jpg: no such object$"):
        untone.read(f"s3://{bucket}/none.jpg")


@pytest.mark.parametrize(
    ("command", "made"),
    [
        (["to", "avif"], "p.avif"),
        (["edit", "--rotate", "90"], "p.edited.jpg"),
        ([], "p.hdr.jpg"),
        (["--shard", "0/1"], "p.hdr.jpg"),
    ],
)
def test_verbs_make_of_objects_what_they_make_of_files(
    s3_url: str, bucket: str, tmp_path: Path, command: list[str], made: str
) -> None:
    _put(s3_url, bucket, "in/p.jpg")
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "in" / "p.jpg").write_bytes(PHOTO)
    here = ["--jobs", "1", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    assert cli.main([*command, "-q", f"s3://{bucket}/in/", "-o", f"s3://{bucket}/out/"]) == 0
    assert cli.main([*(command if "--shard" not in command else []), "-q", *here]) == 0
    assert objects(s3_url, bucket, "out/") == {f"out/{made}": (tmp_path / "out" / made).read_bytes()}


def test_from_a_bucket_to_a_folder_and_back(s3_url: str, bucket: str, tmp_path: Path) -> None:
    _put(s3_url, bucket, "in/2024/p.jpg")
    (tmp_path / "out").mkdir()
    assert cli.main(["-q", f"s3://{bucket}/in", "-R", "-o", str(tmp_path / "out")]) == 0
    assert cli.main(["to", "png", "-q", str(tmp_path / "out"), "-R", "-o", f"s3://{bucket}/back"]) == 0
    assert list(objects(s3_url, bucket, "back")) == ["back/2024/p.hdr.png"]
    assert cli.main(["-q", f"s3://{bucket}/in/2024/p.jpg", "-o", f"s3://{bucket}/one.exr"]) == 0
    assert "one.exr" in objects(s3_url, bucket)


def test_hostile_keys_are_named_and_stop_nothing(
    s3_url: str, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ["a b.jpg", "ü/日本 語.jpg", "p%20q#?&+.jpg", "back\\slash.jpg", "~*{}'\".jpg", "n" * 240 + ".jpg"]
    bad = ["../../etc/x.jpg", "x/../../y.jpg", "x//y.jpg", "./z.jpg", "tab\tx.jpg"]
    long = "long/" + "é/" * 300 + "x" * 112 + ".jpg"
    assert len(f"in/{long}".encode()) == 1024
    for key in (*good, *bad, long):
        _put(s3_url, bucket, f"in/{key}")
    (tmp_path / "a" / "out").mkdir(parents=True)
    code, _, err = _said(capsys, f"s3://{bucket}/in/", "-R", "-o", str(tmp_path / "a" / "out"))
    assert code == 1
    assert err.splitlines()[-1] == f"untone: {len(good) + 1} converted, 0 skipped, 0 left alone, {len(bad)} failed"
    assert sum("leads elsewhere" in line for line in err.splitlines()) == len(bad)
    made = {path.relative_to(tmp_path / "a" / "out").as_posix() for path in tmp_path.rglob("*.jpg")}
    assert made == {key.replace(".jpg", ".hdr.jpg") for key in (*good, long)}
    code, _, err = _said(capsys, f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "--exclude", "*\\*")
    assert code == 1
    assert f"its key would have {1024 + 5} bytes; stores take 1024" in err
    assert {key.removeprefix("out/") for key in objects(s3_url, bucket, "out/")} == {
        key.replace(".jpg", ".hdr.jpg") for key in good if "\\" not in key
    }


def test_photos_that_would_become_one_file_are_not_done(
    s3_url: str, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("in/a.jpg", "in/a.b.jpg", "in/a.png", "in/b.jpg"):
        _put(s3_url, bucket, key)
    code, out, err = _said(capsys, f"s3://{bucket}/in/", "-o", f"s3://{bucket}/out/", "--dry-run", "--json")
    told = {json.loads(line)["input"].rpartition("/")[2]: json.loads(line)["status"] for line in out.splitlines()}
    written, fails = "would be written", "would fail"
    assert told == {"a.jpg": fails, "a.png": fails, "a.b.jpg": written, "b.jpg": written}
    assert "would both become" in out
    assert code == 0
    assert "nothing was done" in err


def test_outputs_below_the_inputs_are_not_inputs(s3_url: str, bucket: str, tmp_path: Path) -> None:
    _put(s3_url, bucket, "in/a.jpg")
    for _ in range(2):
        assert cli.main(["to", "avif", "-q", f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/in/avif/"]) == 0
    assert set(objects(s3_url, bucket)) == {"in/a.jpg", "in/avif/a.avif"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://x/y.jpg"], "places are paths, s3://, gs:// and az://, not http://"),
        (["s3:///y.jpg"], "names no bucket"),
        (["s3://b/y.jpg", "-o", "-"], "name places"),
        (["to", "avif", "s3://b/in/"], "name another place with -o"),
        (["s3://b/in/", "s3://c/in/", "-o", "s3://d/"], "names could meet"),
        (["s3://b/in/", "--claim", "s3://b/c/", "--force"], "--force would replace its own"),
        (["s3://b/in/", "--keep-times"], "--keep-times"),
        (["s3://b/in/", "--ray", "s3://b/in/"], "that is no cluster"),
        (["s3://b/in/", "--shard", "3/3"], "must be I/N"),
        (["s3://b/in/", "--claim", "s3://b/c/", "--lease", "1"], "2 to 86400"),
    ],
)
def test_requests_without_sense_are_refused_before_anything(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _said(capsys, *arguments)
    assert (code, len(err.splitlines())) == (2, 1)
    assert said in err


def test_faults_of_a_store_are_one_line(
    s3_url: str, bucket: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def line(*arguments: str) -> str:
        code, _, err = _said(capsys, *arguments)
        assert (code, len(err.splitlines())) == (1, 1), err
        return err

    assert "there is no bucket nowhere" in line("s3://nowhere/", "-q")
    assert f"s3://{bucket}/none.jpg/: no such object, and no photos below" in line(f"s3://{bucket}/none.jpg", "-q")
    assert "patterns are not expanded in URLs" in line(f"s3://{bucket}/*.jpg", "-q")
    assert f"s3://{bucket}/none/: no photos here" in line(f"s3://{bucket}/none/", "-q", "-R")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "false")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    assert "AWS_ALLOW_HTTP=true" in line("inspect", f"s3://{bucket}/x.jpg")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert "no credentials; set AWS_ACCESS_KEY_ID" in line("inspect", f"s3://{bucket}/x.jpg")
    said = line("inspect", "az://container/x.jpg")
    assert "Account must be specified" in said or "set AZURE_STORAGE_ACCOUNT_NAME" in said


def test_what_may_not_be_written_stops_the_run(
    s3_url: str, bucket: str, proxy: Proxy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in tiny_photos(3):
        _put(s3_url, bucket, f"in/{name}")
    proxy.denies = f"/{bucket}/out/"
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    code, _, err = _said(capsys, f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "-q")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "forbidden: these credentials may not write there" in err
    assert not objects(s3_url, bucket, "out/")


def test_inspect_reads_kilobytes_of_a_large_object(
    s3_url: str, bucket: str, tmp_path: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "p.jpg").write_bytes(PHOTO)
    made = untone.convert(tmp_path / "p.jpg", None).data
    assert made is not None
    url = _put(s3_url, bucket, "large.jpg", made + bytes(24 << 20))
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    code, out, _ = _said(capsys, "inspect", url)
    assert code == 0
    assert "gain map  32 x 24" in out
    assert len(proxy.log) <= 3
    with stores.opened(url) as data:
        assert data[-5:] == bytes(5)
        assert data[len(made) - 2 : len(made)] == b"\xff\xd9"
        assert data.find(b"\xff\xd9" + bytes(9)) == len(made) - 2
        _put(s3_url, bucket, "large.jpg", bytes(25 << 20))
        with pytest.raises(untone.DamagedError, match="changed while it was read"):
            data[20 << 20 : (20 << 20) + 9]


def test_throttled_requests_are_sent_again(
    s3_url: str, bucket: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = _put(s3_url, bucket, "p.jpg")
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
    proxy.throttled = 0.4
    assert [stores.load(url) for _ in range(9)] == [PHOTO] * 9
    assert len(proxy.log) > 9


def test_audit_finds_in_buckets_what_it_finds_in_folders(
    s3_url: str, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.jpg").write_bytes(PHOTO)
    made = untone.convert(tmp_path / "p.jpg", None).data
    assert made is not None
    _put(s3_url, bucket, "originals/p.jpg", made)
    _put(s3_url, bucket, "exported/p.jpg", PHOTO)
    _put(s3_url, bucket, "exported/q.jpg", made[: len(made) // 2])
    code, out, _ = _said(capsys, "audit", f"s3://{bucket}/exported", "--originals", f"s3://{bucket}/originals/")
    assert code == 1
    assert f"s3://{bucket}/exported/p.jpg: s3://{bucket}/originals/p.jpg has a gain map, this has none" in out
    assert "exported/q.jpg" in out
    assert out.splitlines()[-1] == "2 files, 2 with a fault"


def test_keys_are_planned_in_memory_that_does_not_grow_with_them(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    peaks = []
    monkeypatch.setattr(planning, "PAGE", 100)
    for count in (500, 500, 2_000):  # the first brings what is loaded once
        entries = (Entry(f"in/{i // 50:04}/IMG_{i:07}.jpg", 1, "", 0.0) for i in range(count))
        monkeypatch.setattr(Bucket, "entries", lambda _, prefix, entries=entries: entries)
        request = planning.Request((f"s3://{bucket}/in/",), f"s3://{bucket}/out/", True, (), CONVERTED_NAMES)
        tracemalloc.start()
        assert sum(len(page) for page in planning.pages(request)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.2 * peaks[1]


def test_nothing_of_it_is_loaded_unless_it_is_asked_for() -> None:
    heavy = "obstore", "boto3", "ray", "numpy"
    script = (
        f"import sys, untone, untone.cli; untone.cli.convert_parser(); print([m for m in {heavy} if m in sys.modules])"
    )
    environ = {"PYTHONPATH": str(object_store.SOURCE)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environ, check=True)
    assert done.stdout == "[]\n"
