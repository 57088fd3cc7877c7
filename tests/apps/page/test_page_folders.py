"""Folders that change while a page shows them, that others choose in too, and that hold more than plain photos."""

import json
import os
import shutil
import sys

import pytest
from serving import Page, exported, listing, photo, write_folder

from untone import formats
from untone.apps import choices

pytest.importorskip("starlette", reason="the extra page is not installed")
pytest.importorskip("uvicorn", reason="the extra page is not installed")


def names(page):
    return {p["name"]: p["number"] for p in page.json("GET", "state")[1]["photos"]}


def test_what_is_added_replaced_or_deleted_is_seen(tmp_path):
    folder = write_folder(tmp_path / "photos")
    with Page(folder) as page:
        known = page.json("GET", "state")[1]["photos"]
        assert page.json("GET", "photos/0")[1]["width"] == 144
        formats.write(folder / "photo-0.jpg", photo(7, 60, 90))
        assert page.json("GET", "photos/0")[1]["width"] == 90
        assert page.json("GET", "state")[1]["photos"][0]["stamp"] != known[0]["stamp"]
        (folder / "photo-1.jpg").unlink()
        formats.write(folder / "new.jpg", photo(8))
        assert names(page) == {"new.jpg": 3, "photo-0.jpg": 0, "photo-2.jpg": 2}
        assert "No such file" in page.tile(1)["fault"]
        assert "picture" in page.tile(3)
        shutil.rmtree(folder)
        assert names(page) == {}
        assert (
            "as long as this page" in page.json("PUT", "choices", {"changes": {"0": {"strength": 5}}})[1]["faults"][0]
        )


def test_two_pages_over_one_folder_keep_the_choices_of_both(tmp_path):
    folder = write_folder(tmp_path / "photos")
    with Page(folder) as page, Page(folder) as other:
        page.json("PUT", "choices", {"changes": {"0": {"strength": 60}}})
        other.json("PUT", "choices", {"changes": {"0": {"verdict": "keep"}, "1": {"strength": 70}}})
        expected = {"0": {"strength": 60, "verdict": "keep"}, "1": {"strength": 70}}
        assert page.json("GET", "state")[1]["choices"] == other.json("GET", "state")[1]["choices"] == expected


def test_choices_that_could_not_be_kept_are_kept_once_they_can(tmp_path):
    folder = write_folder(tmp_path / "photos", 2)
    newer = folder / "untone-choices.json"
    with Page(folder) as page:
        newer.write_text('{"version": 2, "photos": {}}')
        faults = page.json("PUT", "choices", {"changes": {"0": {"strength": 60}}})[1]["faults"]
        assert "not of version 1" in faults[0]
        assert newer.read_text() == '{"version": 2, "photos": {}}'
        assert page.json("GET", "state")[1]["choices"] == {"0": {"strength": 60}}
        newer.unlink()
        assert page.json("PUT", "choices", {"changes": {"1": {"strength": 70}}}) == (200, {"faults": []})
    assert {name: kept.strength for name, kept in choices.load(newer).items()} == {"photo-0.jpg": 60, "photo-1.jpg": 70}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_no_utf8_is_shown_chosen_and_exported(tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    odd = os.fsencode(folder) + b"/caf\xe9\n.jpg"
    os.rename(folder / "photo-0.jpg", odd)  # noqa: PTH104  # a name of bytes
    with Page(folder) as page:
        assert list(names(page).values()) == [0]
        assert page.json("GET", "photos/0")[0] == 200
        status, headers, _ = page.ask("GET", "photos/0/file?kind=web")
        assert (status, "caf" in headers["content-disposition"]) == (200, True)
        assert page.json("PUT", "choices", {"changes": {"0": {"strength": 60}}})[1]["faults"] == []
        assert len(exported(page, {"photos": [0], "kind": "jpeg", "existing": None})["written"]) == 1
    there = {os.fsencode(path.name) for path in folder.iterdir()}
    assert there == {b"caf\xe9\n.jpg", b"caf\xe9\n.hdr.jpg", b"untone-choices.json"}


def test_versions_of_a_photo_and_films_beside_it_stop_no_export(tmp_path):
    """A phone's photo.heic and photo.mov beside photo.jpg; two photos of one name, of which neither is the photo."""
    folder = write_folder(tmp_path / "photos", 2)
    formats.write(folder / "photo-0.avif", photo())
    (folder / "photo-0.mov").write_bytes(b"no film")
    formats.write(folder / "photo-1.png", photo())
    dropped = formats.write(None, photo(3))
    with Page(folder) as page:
        page.json("POST", "uploads?name=dropped.jpg", dropped)
        every = [p["number"] for p in page.json("GET", "state")[1]["photos"]]
        job = exported(page, {"photos": every, "kind": "jpeg", "existing": None})
    assert job["written"] == [str(folder / "photo-0.hdr.jpg")]
    assert "photo-0.avif: it is photo-0.jpg in another format" in job["skipped"]
    assert len(job["failed"]) == 3
    assert "has no folder" in job["failed"][-1]
    for fault in job["failed"][:2]:
        assert "would both become photo-1.hdr.jpg; export one of them at a time" in fault


def test_an_export_replaces_no_photo_of_the_page(tmp_path):
    folder = write_folder(tmp_path / "photos", 1)
    formats.write(folder / "photo-0.hdr.jpg", photo(5))
    before = listing(folder)
    with Page(folder / "photo-0.jpg", folder / "photo-0.hdr.jpg") as page:
        job = exported(page, {"photos": [0], "kind": "jpeg", "existing": "replace"})
    assert job["failed"] == ["photo-0.jpg: photo-0.hdr.jpg is a photo of this page"]
    assert listing(folder) == before


def test_numbers_that_make_no_sense_are_one_line(tmp_path):
    long = "9" * 5000
    with Page(write_folder(tmp_path / "photos", 1)) as page:
        for path in (f"photos/{long}", "photos/-1", "exports/x", "photos/0/pixel?x=nan&y=0"):
            assert page.json("GET", path)[0] == 422
        query = "view?left=0&top=0&right=1&bottom=1&height=1"
        for width in ("nan", "inf"):
            assert page.json("GET", f"photos/0/{query}&width={width}")[0] == 422
        for changes in ({long: {}}, {"٣": {}}, {"0": 5}, {"0": {"strength": 10**400}}):
            assert page.json("PUT", "choices", json.dumps({"changes": changes}))[0] == 422
        assert page.json("POST", "exports", {"photos": [0], "kind": [], "existing": None})[0] == 422
        assert page.json("POST", "uploads?name=%ff%00", formats.write(None, photo(height=1, width=1)))[0] == 201
        assert page.json("GET", "state")[0] == 200
