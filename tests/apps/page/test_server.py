"""The page's server as others meet it: what it gives, and all that it refuses."""

import base64
import json
import os
import signal
import socket
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from serving import PATIENCE_SECONDS, Page, awaited, exported, listing, photo, until, write_folder

import untone
from untone import formats, pipeline
from untone.apps.choices import Choice
from untone.apps.page import renditions, uploads

pytest.importorskip("starlette", reason="the extra page is not installed")
pytest.importorskip("uvicorn", reason="the extra page is not installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = write_folder(tmp_path_factory.mktemp("served") / "photos")
    outside = folder.parent / "secret.jpg"
    formats.write(outside, photo(9))
    (folder / "way-out.jpg").symlink_to(outside)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo at all")
    with Page(folder) as page:
        page.folder = folder
        yield page


def numbers(page):
    return {p["name"]: p["number"] for p in page.json("GET", "state")[1]["photos"]}


def test_the_address_is_the_first_line_and_the_page_has_no_inline_script(page):
    assert page.address.startswith("http://127.0.0.1:")
    assert len(page.path.strip("/")) >= 32
    status, headers, data = page.ask("GET", "")
    assert status == 200
    assert b"<title>untone</title>" in data
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in data
    assert b" onclick" not in data


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_are_refused(page, headers):
    """DNS rebinding says so by Host, another site's page by Origin or Sec-Fetch-Site."""
    headers = {name: value.format(port=page.port) for name, value in headers.items()}
    for method, path in (("GET", ""), ("GET", "state"), ("PUT", "choices"), ("POST", "exports"), ("POST", "uploads")):
        assert page.ask(method, path, **headers)[0] == 403


def test_nobody_without_the_token_is_answered(page):
    for path in ("/", "/state", "/static/main.js", f"/{'x' * 32}/", f"/{'x' * 32}/state", page.path.rstrip("/")):
        assert page.ask_anything("GET", path)[0] == 403
    assert page.ask("GET", "", Origin=f"http://127.0.0.1:{page.port}")[0] == 200
    assert page.ask("GET", "", Host=f"localhost:{page.port}")[0] == 200


def test_it_listens_on_loopback_alone(page):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", page.port), timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "path",
    ["static/../server.py", "static/..%2fserver.py", "static/%2e%2e/server.py", "static//etc/passwd", "photos/..%2f"],
)
def test_no_path_leads_out(page, path):
    assert page.ask("GET", path)[0] in (403, 404)


def test_a_link_out_of_the_folder_is_not_opened_whenever_it_was_made(page):
    known = numbers(page)
    assert "out of the folder" in page.tile(known["way-out.jpg"])["fault"]
    for path in ("", "/view?left=0&top=0&right=1&bottom=1&width=1&height=1", "/file?kind=jpeg", "/pixel?x=0&y=0"):
        status, answer = page.json("GET", f"photos/{known['way-out.jpg']}{path}")
        assert status == 422
        assert "out of the folder" in answer["fault"]
    late = page.folder / "photo-2.jpg"
    kept = late.read_bytes()
    late.unlink()
    late.symlink_to(page.folder.parent / "secret.jpg")
    assert "fault" in page.tile(known["photo-2.jpg"])
    late.unlink()
    late.write_bytes(kept)
    assert "picture" in page.tile(known["photo-2.jpg"])


def test_one_bad_photo_is_a_tile_that_says_so(page):
    known = numbers(page)
    names = ("broken.jpg", "photo-0.jpg")
    made = page.tiles([known[name] for name in names] + [99])
    assert "picture" in made[known["photo-0.jpg"]]
    for number in (known["broken.jpg"], 99):
        assert made[number]["fault"]
        assert "\n" not in made[number]["fault"]
    assert page.json("GET", "photos/99")[0] == 422


def test_tiles_are_gain_map_jpegs_and_dim_ones_are_not(page):
    number = numbers(page)["photo-0.jpg"]
    known = page.tile(number)
    assert formats.read(base64.b64decode(known["picture"]))[1] is not None
    assert known["origin"] == "predicted"
    assert known["peak_nits"] > 203
    assert page.tile(number, {"strength": 0})["peak_nits"] <= 203.1
    looks = [base64.b64decode(page.tile(number, look=look)["picture"]) for look in ("dim", "dim-before")]
    light, plain = (formats.read(data)[0].pixels.astype(int) for data in looks)
    assert (light - plain).max() > 20
    for body in (
        {"photos": [[number, {}]], "look": "other"},
        {"photos": [[number, {"strength": 151}]]},
        {"photos": [[number, {}]] * 65},
        {"photos": [number]},
        {},
    ):
        assert page.json("POST", "tiles", body)[0] == 422


def test_numbers_out_of_range_are_one_line(page):
    number = numbers(page)["photo-0.jpg"]
    for query in ("strength=151", "strength=nan", "strength=x", "peak=10", "white=-1"):
        status, answer = page.json("GET", f"photos/{number}/file?{query}")
        assert (status, "\n" in answer["fault"]) == (422, False)
    for query in (
        "left=0&top=0&right=9999&bottom=1&width=1&height=1",
        "left=0&top=0&right=1&bottom=1&width=1e9&height=1",
    ):
        assert page.json("GET", f"photos/{number}/view?{query}")[0] == 422
    assert page.json("GET", f"photos/{number}/pixel?x=-1&y=0")[0] == 422
    for body in ({}, {"changes": []}, {"changes": {"0": {"strength": "much"}}}, {"changes": {"0": {"other": 1}}}):
        assert page.json("PUT", "choices", body)[0] == 422
    assert page.json("PUT", "choices", {"changes": {"99": {}}})[0] == 422


def png_header(width, height):
    chunk = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = [b"\x89PNG\r\n\x1a\n"]
    for name, data in ((b"IHDR", chunk), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")):
        pieces.append(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))
    return b"".join(pieces)


def test_uploads_are_bounded(page):
    status, answer = page.json("POST", "uploads?name=bomb.png", png_header(20_000, 10_000))
    assert status == 413
    assert "20000 x 10000" in answer["fault"]
    status, answer = page.json("POST", "uploads?name=words.jpg", b"these are words")
    assert status == 422
    assert "/" not in answer["fault"].split("(")[0]
    data = formats.write(None, photo(3))
    status, added = page.json("POST", "uploads?name=..%2F..%2Fdropped%0A.jpg", data)
    assert (status, added["name"]) == (201, "dropped.jpg")
    assert "picture" in page.tile(added["number"])
    with socket.create_connection(
        (page.host, page.port), timeout=PATIENCE_SECONDS
    ) as raw:  # 2 GB announced, none of it sent
        head = f"POST {page.path}uploads HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Length: {2 << 30}\r\n\r\n"
        raw.sendall(head.encode())
        assert raw.recv(64).startswith(b"HTTP/1.1 413")


def test_an_upload_that_lies_about_its_size_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 1000)
    taken = uploads.Uploads(None, tmp_path)
    taken.check("1000")

    async def endless():
        while True:
            yield bytes(300)

    with pytest.raises(untone.LimitError):
        awaited(taken.take("endless.jpg", endless()))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(untone.UntoneError, match="cannot be kept: No such file"):  # the folder was cleaned up
        awaited(uploads.Uploads(None, tmp_path / "gone").take("a.jpg", endless()))
    for announced in ("1001", "-1", "many"):
        with pytest.raises(untone.LimitError):
            taken.check(announced)


def test_choices_are_kept_beside_the_photos(tmp_path):
    folder = write_folder(tmp_path / "photos")
    with Page(folder) as page:
        body = {"changes": {"0": {"strength": 60, "verdict": "keep"}, "2": {"verdict": "reject"}}}
        assert page.json("PUT", "choices", body) == (200, {"faults": []})
    kept = json.loads((folder / "untone-choices.json").read_text())
    assert kept["photos"] == {"photo-0.jpg": {"strength": 60, "verdict": "keep"}, "photo-2.jpg": {"verdict": "reject"}}
    with Page(folder) as page:
        assert page.json("GET", "state")[1]["choices"] == {
            "0": {"strength": 60, "verdict": "keep"},
            "2": {"verdict": "reject"},
        }


def test_a_folder_that_takes_no_file_is_said_and_choices_last_as_long_as_the_page(tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    with Page(folder) as page:
        (folder / "untone-choices.json").mkdir()
        status, answer = page.json("PUT", "choices", {"changes": {"0": {"strength": 60}}})
        assert status == 200
        assert "as long as this page" in answer["faults"][0]
        assert page.json("GET", "state")[1]["choices"] == {"0": {"strength": 60}}


def test_an_export_is_what_the_command_line_makes_and_touches_no_original(tmp_path):
    folder = write_folder(tmp_path / "photos")
    before = listing(folder)
    with Page(folder) as page:
        chosen = {"0": {"strength": 60, "peak": 400, "white": 250}, "2": {"verdict": "reject"}}
        page.json("PUT", "choices", {"changes": chosen})
        job = exported(page, {"photos": [0, 1, 2], "kind": "jpeg", "existing": None})
        assert (len(job["written"]), len(job["skipped"]), job["failed"]) == (2, 1, [])
        status, answer = page.json("POST", "exports", {"photos": [0, 1], "kind": "jpeg", "existing": None})
        assert (status, len(answer["exist"])) == (409, 2)
        marked = folder / "photo-0.hdr.jpg"
        made = marked.read_bytes()
        marked.write_bytes(b"somebody's")
        job = exported(page, {"photos": [0, 1], "kind": "jpeg", "existing": "skip"})
        assert (len(job["skipped"]), marked.read_bytes()) == (2, b"somebody's")
        exported(page, {"photos": [0], "kind": "jpeg", "existing": "replace"})
        assert marked.read_bytes() == made
        for kind, name in (("avif", "photo-1.hdr.avif"), ("web", "photo-1.web.hdr.jpg")):
            exported(page, {"photos": [1], "kind": kind, "existing": None})
            assert formats.read(folder / name)[1] is not None
    pipeline.convert(folder / "photo-0.jpg", tmp_path / "c.jpg", strength=0.6, peak_nits=400, white_nits=250)
    assert made == (tmp_path / "c.jpg").read_bytes()
    after = listing(folder)
    assert {name: after[name] for name in before} == before


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_whole_files_or_none(tmp_path):
    folder = write_folder(tmp_path / "photos", 6)
    for path in folder.iterdir():
        formats.write(path, photo(1, 800, 1200))
    with Page(folder) as page:
        page.json("POST", "exports", {"photos": list(range(6)), "kind": "jpeg", "existing": None})
        until(lambda: list(folder.glob("*.hdr.jpg")))
        page.close(signal.SIGKILL)
    made = list(folder.glob("*.hdr.jpg"))
    assert made
    for path in made:
        assert formats.read(path)[1] is not None


@pytest.mark.slow
def test_ended_it_takes_uploads_with_it(tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    (tmp_path / "scratch").mkdir()
    with Page(folder, environment={"TMPDIR": str(tmp_path / "scratch")}) as page:
        page.json("POST", "uploads?name=a.jpg", formats.write(None, photo()))
        assert len(list((tmp_path / "scratch").glob("untone-page-*/*"))) == 1
        assert page.close(signal.SIGTERM) == 0
    assert list((tmp_path / "scratch").glob("untone-page-*")) == []


def test_views_are_codes_of_base_and_map(page):
    number = numbers(page)["photo-1.jpg"]
    image = formats.read(page.folder / "photo-1.jpg")[0]
    query = "left=10&top=20&right=40&bottom=50&width=30&height=30"
    status, _, data = page.ask("GET", f"photos/{number}/view?{query}")
    assert (status, len(data)) == (200, 30 * 30 * 6)
    base = np.frombuffer(data[: 30 * 30 * 3], np.uint8).reshape(30, 30, 3)
    assert np.array_equal(base, image.pixels[20:50, 10:40])
    meaning = page.json("GET", f"photos/{number}")[1]
    assert (meaning["width"], meaning["height"], meaning["origin"]) == (144, 96, "predicted")


@pytest.mark.parametrize("wanted", [Choice(), Choice(30), Choice(150), Choice(100, 300), Choice(120, 500, 250)])
def test_numbers_are_rescaled_as_the_model_is_asked_to(wanted):
    image = photo()
    gain_map = renditions.chosen(pipeline.predict(image), wanted)
    limit = None if wanted.peak is None else wanted.peak * 203 / wanted.white
    expected = pipeline.predict(image, strength=wanted.strength / 100, peak_nits=limit)
    assert np.array_equal(gain_map.codes, expected.codes)
    assert np.allclose(gain_map.max_stops, expected.max_stops, rtol=1e-12)
    assert np.allclose(gain_map.min_stops, expected.min_stops, rtol=1e-12)
    assert np.isclose(gain_map.alternate_headroom_stops, expected.alternate_headroom_stops)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_pixel_is_what_apply_makes_of_it(orientation, tmp_path):
    from untone.image import turned_upright

    formats.write(tmp_path / "p.jpg", photo(orientation=orientation))
    found = renditions.pair((tmp_path / "p.jpg").read_bytes(), pipeline.predict)
    light = turned_upright(untone.apply(*found.stored).pixels, orientation)
    meaning = renditions.meaning(found)
    limits = meaning["min_stops"], meaning["max_stops"]
    for x, y in ((0, 0), (found.image.width - 1, found.image.height - 1), (50, 40)):
        known = renditions.pixel(found, x, y)
        stops = [low + (high - low) * s for low, high, s in zip(*limits, known["share"], strict=True)]
        made = (np.array(known["light"]) + 1 / 64) * 2.0 ** np.array(stops) - 1 / 64
        assert np.allclose(made, light[y, x], rtol=1e-4, atol=1e-5)


def test_what_makes_no_sense_is_refused_before_anything_is_served(tmp_path, capsys):
    from untone import cli

    empty = tmp_path / "empty"
    empty.mkdir()
    assert cli.main(["view", str(tmp_path / "none.jpg"), "--no-open"]) == 2
    assert cli.main(["view", str(empty), "--no-open"]) == 2
    folder = write_folder(tmp_path / "photos", 1)
    for command in (["view", "--no-open"], ["sheet", "-o", str(tmp_path / "sheet.png")]):
        assert cli.main([*command, str(folder), "--model", "fastgammer"]) == 2
    assert not (tmp_path / "sheet.png").exists()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert cli.main(["view", str(folder), "--no-open", "--port", str(taken.getsockname()[1])]) == 2
    (folder / "untone-choices.json").write_text("[]")
    assert cli.main(["view", str(folder), "--no-open"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 6
    assert os.listdir(empty) == []  # noqa: PTH208  # names alone
    assert Path(folder / "untone-choices.json").read_text() == "[]"
