"""From what the user named to jobs: which files, to where, and what is refused before anything is written."""

from pathlib import Path

import pytest

from untone.apps.conversion.planning import plan
from untone.errors import UsageError


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "B.JPG", "c.png", "._a.jpg", ".x.jpg", "a.hdr.jpg", "notes.txt", "sub/d.webp", "sub/a.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def pairs(*arguments, **options):
    return [(str(j.source), str(j.target)) for j in plan(*arguments, **options)]


def test_a_photo_goes_beside_itself():
    assert pairs(["in/a.jpg"], None) == [("in/a.jpg", "in/a.hdr.jpg")]


def test_a_named_file_is_tried_whatever_it_is_called():
    assert pairs(["in/notes.txt", "in/._a.jpg"], None) == [
        ("in/notes.txt", "in/notes.hdr.jpg"),
        ("in/._a.jpg", "in/._a.hdr.jpg"),
    ]


def test_a_folder_is_its_photos_without_outputs_and_hidden_files():
    assert [s for s, _ in pairs(["in"], None, exclude=["c.*"])] == ["in/B.JPG", "in/a.jpg"]


def test_recursive_folders_keep_their_tree():
    found = pairs(["in"], "out", recursive=True, exclude=["in/sub/a*"])
    assert found == [
        ("in/B.JPG", "out/B.hdr.jpg"),
        ("in/a.jpg", "out/a.hdr.jpg"),
        ("in/c.png", "out/c.hdr.jpg"),
        ("in/sub/d.webp", "out/sub/d.hdr.jpg"),
    ]


def test_globs_are_expanded_when_the_shell_has_not():
    assert [s for s, _ in pairs(["in/*.jpg"], None)] == ["in/a.jpg"]
    assert [s for s, _ in pairs(["in/**/*.webp"], None)] == ["in/sub/d.webp"]


def test_a_file_whose_name_is_a_pattern_is_that_file(here):
    (here / "in" / "[1].jpg").write_bytes(b"x")
    assert pairs(["in/[1].jpg"], None) == [("in/[1].jpg", "in/[1].hdr.jpg")]


def test_files_named_twice_are_converted_once():
    assert pairs(["in/a.jpg", "in/../in/a.jpg", "in/a.jpg"], None) == [("in/a.jpg", "in/a.hdr.jpg")]


@pytest.mark.parametrize(
    ("name", "fault"), [("none.jpg", "no such file"), ("*.gif", "no file matches"), ("", "an empty name is no file")]
)
def test_what_is_not_there_is_a_fault_of_its_own(name, fault):
    found = plan([name, "in/a.jpg"], None)
    assert [j.fault for j in found] == [fault, None]


def test_an_empty_folder_is_a_fault(here):
    (here / "empty").mkdir()
    assert [j.fault for j in plan(["empty"], None)] == ["no photos in this folder"]


def test_a_folder_of_outputs_only_asks_for_nothing(here):
    (here / "done").mkdir()
    (here / "done" / "a.hdr.jpg").write_bytes(b"x")
    assert plan(["done"], None) == []


@pytest.mark.parametrize(
    ("inputs", "output", "target"),
    [
        (["in/a.jpg"], "new.jpg", "new.jpg"),
        (["in/a.jpg"], "new.EXR", "new.EXR"),
        (["in/a.jpg"], "in/sub", "in/sub/a.hdr.jpg"),
        (["in/a.jpg"], "new/", "new/a.hdr.jpg"),
        (["in/a.jpg", "in/c.png"], "new", "new/a.hdr.jpg"),
        (["in/sub"], "new", "new/a.hdr.jpg"),
        (["-"], "new.jpg", "new.jpg"),
        (["-"], None, "None"),
        (["-"], "-", "None"),
        (["in/a.jpg"], "-", "None"),
    ],
)
def test_where_outputs_go(inputs, output, target):
    assert str(plan(inputs, output)[0].target) == target


@pytest.mark.parametrize(
    ("inputs", "output", "said"),
    [
        (["in/a.jpg", "in/sub/a.jpg"], "new", "in/a.jpg and in/sub/a.jpg would both become new/a.hdr.jpg"),
        (["in/a.jpg"], "in/a.jpg", "overwrite the photo itself"),
        (["in/a.jpg"], "in/notes.txt/", "is a file, not a folder"),
        (["in/a.jpg", "in/c.png"], "in/notes.txt", "is a file, not a folder"),
        (["in/a.jpg"], "new", "must end in one of"),
        (["in"], "new.jpg", "there are several photos"),
        (["in/a.jpg"], "deep/er/new.jpg", "there is no folder deep/er"),
        (["in", "-"], None, "cannot stand beside"),
    ],
)
def test_what_is_refused(inputs, output, said):
    with pytest.raises(UsageError, match=said):
        plan(inputs, output)


def test_a_link_to_the_photo_is_the_photo(here):
    Path("link.jpg").symlink_to("in/a.jpg")
    with pytest.raises(UsageError, match="overwrite the photo itself"):
        plan(["in/a.jpg"], "link.jpg")


def test_links_to_folders_are_not_followed(here):
    (here / "in" / "loop").symlink_to(here / "in")
    assert len(plan(["in"], None, recursive=True)) == 5
