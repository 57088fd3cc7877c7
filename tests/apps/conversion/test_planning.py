"""From what the user named to jobs: which files, to where, and what is refused before anything is written."""

import os
from pathlib import Path

import pytest

from untone.apps.conversion.planning import Naming, plan
from untone.errors import UntoneError, UsageError
from untone.formats.common.files import load_bytes


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
    ("name", "fault"),
    [
        ("none.jpg", "none.jpg: no such file"),
        ("*.gif", r"\*.gif: no file matches"),
        ("", "an empty name: no such file"),
    ],
)
def test_nothing_is_done_when_one_of_the_inputs_does_not_exist(name, fault):
    with pytest.raises(UsageError, match=f"{fault}; nothing was done"):
        plan([name, "in/a.jpg"], None)


def test_what_may_not_be_looked_at_is_a_fault_of_its_own(here, monkeypatch):
    """As an ordinary user meets it; the tests may run as one who may look everywhere."""
    before = os.scandir

    def refuse(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", str(path))
        return before(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = plan(["in"], "out", recursive=True)
    assert [(j.name, j.fault) for j in found if j.fault] == [
        ("in/sub", "the folder cannot be listed: Permission denied")
    ]
    assert len(found) == 4
    long = "a" * 300 + ".jpg"
    assert [j.fault for j in plan([long, "in/a.jpg"], None)] == ["File name too long", None]


def test_pipes_and_devices_are_not_opened(here):
    os.mkfifo(here / "in" / "e.jpg")
    assert [(j.name, j.fault is None) for j in plan(["in"], None)][-1] == ("in/e.jpg", False)
    for name in ("in/e.jpg", "/dev/null"):
        (job,) = plan([name], None)
        assert job.fault == "it is a pipe or a device, which is not opened; - reads stdin"
        with pytest.raises(UntoneError, match="which is not opened"):
            load_bytes(Path(name))


@pytest.mark.parametrize("folder", ["@eaDir", ".thumbnails", "#recycle", "__MACOSX", "Thumbs", "$RECYCLE.BIN"])
def test_folders_of_systems_are_passed_over(here, folder):
    (here / "in" / folder).mkdir()
    (here / "in" / folder / "e.jpg").write_bytes(b"x")
    assert not any(folder in s for s, _ in pairs(["in", "in/**/*.jpg"], None, recursive=True))
    assert pairs([f"in/{folder}"], "out") == [(f"in/{folder}/e.jpg", "out/e.hdr.jpg")], "named, it is meant"


def test_a_bare_name_excludes_a_folder():
    assert not any("sub" in s for s, _ in pairs(["in"], "out", recursive=True, exclude=["sub"]))
    assert [s for s, _ in pairs(["in/sub"], "out", exclude=["sub"])] == ["in/sub/a.jpg", "in/sub/d.webp"]


def test_collisions_cost_only_themselves():
    found = {j.name: j.fault for j in plan(["in/a.jpg", "in/c.png", "in/sub/a.jpg"], "new")}
    assert found.pop("in/c.png") is None
    assert found == {
        "in/a.jpg": "it and in/sub/a.jpg would both become new/a.hdr.jpg; --exclude all but one of them",
        "in/sub/a.jpg": "it and in/a.jpg would both become new/a.hdr.jpg; --exclude all but one of them",
    }
    found = [j.fault for j in plan(["in/a.jpg", "in/a.hdr.jpg", "in/c.png"], None)]
    assert found == ["the output would overwrite in/a.hdr.jpg, another of the inputs", None, None]


def lay(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")


def left(*arguments, **options):
    return {Path(j.name).name: j.left or j.fault for j in plan(*arguments, **options)}


def test_what_a_photo_is_in_another_format_is_left_alone(here):
    """What `to avif` and `to jxl` wrote, or a camera, beside the photo; outputs go to the photo alone."""
    lay(here / "both", "p.jpg", "p.avif", "p.JXL", "q.heic", "q.avif", "r.avif")
    of_p, of_q = "it is p.jpg in another format", "it is q.heic in another format"
    for output in (None, "new"):
        assert left(["both"], output) == {
            "p.JXL": of_p, "p.avif": of_p, "p.jpg": None, "q.avif": of_q, "q.heic": None, "r.avif": None,
        }  # fmt: skip
    lay(here / "two", "p.jpg", "p.png", "p.avif")
    found = left(["two"], None)
    assert found["p.avif"] == "it is p.jpg or p.png in another format"
    assert found["p.jpg"] == "it and two/p.png would both become two/p.hdr.jpg; --exclude all but one of them"
    assert left(["both/r.avif", "two/p.jpg"], "new") == {"r.avif": None, "p.jpg": None}


def test_the_same_command_again_meets_its_own_outputs(here):
    """Forced, it does not replace what may be a photo of its own."""
    lay(here / "both", "p.jpg", "p.avif", "r.avif", "s.png")
    avif = Naming("", (".avif",), pass_over_marked=False)
    found = {"p.avif": "it is p.jpg in another format", "p.jpg": None, "r.avif": "it is .avif already", "s.png": None}
    assert left(["both"], None, naming=avif) == found
    forced = "the output would overwrite both/p.avif, another of the inputs"
    assert left(["both"], None, naming=avif, force=True) == found | {"p.jpg": forced}
    assert left(["both"], "new", naming=avif) == found | {"r.avif": None}
    jpeg = Naming("", (".jpg", ".jpeg"), pass_over_marked=False)
    assert left(["both"], None, naming=jpeg)["p.jpg"] == "it is .jpg already"
    with pytest.raises(UsageError, match="would overwrite the photo itself"):
        plan(["both/r.avif"], None, naming=avif)


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
