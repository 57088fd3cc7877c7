"""Options and commands, in this process: what each does to the result, and what is refused as usage."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import untone
from untone import cli, colour
from untone.formats.jpeg.segments import find_end
from untone.formats.jpeg.ultrahdr import locate


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with one photo, as the working directory."""
    monkeypatch.chdir(tmp_path)
    v, u = np.mgrid[:60, :80] * 3
    Pillow.fromarray(np.stack([u, v, 255 - u], -1).astype(np.uint8)).save("photo.jpg", quality=92)
    return tmp_path


def call(*arguments):
    return cli.main([str(a) for a in arguments])


def map_of(name="photo.hdr.jpg"):
    return untone.read(name)[1]


def test_strength_is_a_percentage():
    assert call("photo.jpg", "-o", "full.jpg") == call("photo.jpg", "-o", "half.jpg", "--strength", 50) == 0
    assert np.allclose(map_of("half.jpg").max_stops, np.array(map_of("full.jpg").max_stops) / 2, atol=1e-3)
    assert call("photo.jpg", "-o", "none.jpg", "--strength", 0) == 0
    assert map_of("none.jpg").max_stops == (0, 0, 0)
    assert call("photo.jpg", "-o", "more.jpg", "--strength", 150) == 0
    assert np.allclose(map_of("more.jpg").max_stops, np.array(map_of("full.jpg").max_stops) * 1.5, atol=1e-3)


def test_white_is_what_one_means_and_no_gain_map_changes(capsys):
    """At 100 nits PQ codes and the header of EXR follow, the light relative to white does not; peaks are absolute."""
    for name, words in (("own", ()), ("dim", ("--white", 100))):
        for suffix in ("jpg", "png", "exr"):
            assert call("photo.jpg", "-o", f"{name}.{suffix}", *words) == 0
    assert (Path("own.jpg").read_bytes(), map_of("own.jpg").max_stops) == (
        Path("dim.jpg").read_bytes(), map_of("dim.jpg").max_stops,
    )  # fmt: skip
    own, dim = (colour.pq_to_nits(untone.read(f"{name}.png")[0].pixels / 65535) for name in ("own", "dim"))
    assert np.allclose(dim, own * 100 / 203, rtol=0.01, atol=0.01)
    own, dim = (untone.read(f"{name}.exr")[0] for name in ("own", "dim"))
    assert (own.white_nits, dim.white_nits) == (203, 100)
    assert np.array_equal(own.pixels, dim.pixels)
    capsys.readouterr()
    assert call("photo.jpg", "-o", "limited.jpg", "--white", 100, "--peak", 150, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["white_nits"] == 100
    assert 100 <= printed["peak_nits"] <= 150.1
    image, gain_map = untone.read("limited.jpg")
    assert untone.apply(image, gain_map).pixels.max() <= 1.501


@pytest.mark.parametrize("verb", [("to", "png"), ("apply",)])
def test_white_is_known_to_the_verbs_that_write_light(verb):
    assert call("photo.jpg") == 0
    for name, words in (("own.png", ()), ("dim.png", ("--white", 100))):
        assert call(*verb, "photo.hdr.jpg", "-o", name, *words) == 0
    own, dim = (colour.pq_to_nits(untone.read(name)[0].pixels / 65535) for name in ("own.png", "dim.png"))
    assert np.allclose(dim, own * 100 / 203, rtol=0.01, atol=0.01)


def test_peak_limits_the_light():
    assert call("photo.jpg", "--peak", 300) == 0
    image, gain_map = untone.read("photo.hdr.jpg")
    assert untone.apply(image, gain_map).pixels.max() * 203 <= 300.1


@pytest.mark.parametrize(("size", "shape"), [("full", (60, 80)), ("half", (30, 40)), ("quarter", (15, 20))])
def test_map_size(size, shape):
    assert call("photo.jpg", "--map-size", size) == 0
    assert map_of().codes.shape[:2] == shape


def sizes(path):
    """Bytes of the base and of the gain map."""
    found = locate(path.read_bytes())
    return find_end(path.read_bytes(), found.primary), found.gain_map and path.stat().st_size - found.gain_map.start


def test_map_quality_is_that_of_the_map(here):
    for quality in (5, 95):
        assert call("photo.jpg", "-o", f"q{quality}.jpg", "--map-quality", quality, "--map-size", "full") == 0
    low, high = (sizes(here / f"q{quality}.jpg") for quality in (5, 95))
    assert abs(low[0] - high[0]) < 10
    assert low[1] < high[1]


def test_quality_is_that_of_a_base_encoded_anew(here):
    Pillow.open("photo.jpg").save("plain.png")
    for quality in (5, 95):
        assert call("plain.png", "-o", f"q{quality}.jpg", "--quality", quality) == 0
        assert call("photo.jpg", "-o", f"kept{quality}.jpg", "--quality", quality) == 0
    low, high = (sizes(here / f"q{quality}.jpg") for quality in (5, 95))
    assert low[0] < 0.7 * high[0]
    assert (here / "kept5.jpg").read_bytes() == (here / "kept95.jpg").read_bytes(), "a JPEG base stays as it is"


def test_a_model_may_be_a_path(here):
    from untone.models import MODELS

    (here / "own.onnx").write_bytes(MODELS["fastgamer"].read_bytes())
    assert call("photo.jpg", "--model", "own.onnx") == 0


def test_existing_outputs_are_kept_unless_forced(here, capsys):
    (here / "photo.hdr.jpg").write_bytes(b"mine")
    assert call("photo.jpg") == 0
    assert (here / "photo.hdr.jpg").read_bytes() == b"mine"
    assert capsys.readouterr().err == "untone: photo.jpg: skipped: photo.hdr.jpg exists; --force replaces it\n"
    assert call("photo.jpg", "--force") == 0
    assert map_of() is not None


def test_left_alone_is_said_unless_quiet(here, capsys):
    call("photo.jpg")
    for arguments in (["photo.hdr.jpg"], ["photo.hdr.jpg", "--quiet"]):
        assert call(*arguments) == 0
    assert capsys.readouterr().err == "untone: photo.hdr.jpg: left alone: it already carries a gain map\n"
    assert len(list(here.iterdir())) == 2


def test_folders_become_folders(here, capsys):
    (here / "in" / "sub").mkdir(parents=True)
    for place in ("in/a.jpg", "in/sub/b.jpg", "in/._a.jpg", "in/old.hdr.jpg", "in/sub/skip.jpg"):
        (here / place).write_bytes((here / "photo.jpg").read_bytes())
    (here / "in" / "notes.txt").write_text("no photo")
    assert call("in", "-R", "-o", "out", "--exclude", "skip*") == 0
    assert sorted(p.relative_to(here).as_posix() for p in (here / "out").rglob("*.jpg")) == [
        "out/a.hdr.jpg",
        "out/sub/b.hdr.jpg",
    ]
    assert capsys.readouterr() == ("", "untone: 2 converted, 0 skipped, 0 left alone, 0 failed\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: INPUT"),
        (["photo.jpg", "--strength", "151"], "must be from 0 to 150, not 151"),
        (["photo.jpg", "--strength", "nan"], "must be from 0 to 150"),
        (["photo.jpg", "--white", "9"], "must be from 10 to 1000 nits, not 9"),
        (["photo.jpg", "--white", "nan"], "must be from 10 to 1000 nits"),
        (["photo.jpg", "--white", "400", "--peak", "300"], "from SDR white, 400 nits"),
        (["photo.jpg", "--strength", "much"], "--strength"),
        (["photo.jpg", "--peak", "100"], "from SDR white, 203 nits"),
        (["photo.jpg", "--peak", "inf"], "from SDR white"),
        (["photo.jpg", "--quality", "0"], "must be from 1 to 100, not 0"),
        (["photo.jpg", "--quality", "\u0665\u0660"], "must be from 1 to 100"),
        (["photo.jpg", "--shard", "\u0660/2"], "must be I/N"),
        (["photo.jpg", "--claim", "copy.jpg"], "--claim copy.jpg is a file, not a folder"),
        (["edit", "photo.jpg", "--resize", "\u0665\u0660%"], "must be 1080"),
        (["photo.jpg", "-j", "0"], "must be from 1 to 256, not 0"),
        (["photo.jpg", "--map-size", "tiny"], "invalid choice: 'tiny'"),
        (["photo.jpg", "--nonsense"], "--nonsense"),
        (["photo.jpg", "--forc"], "--forc"),
        (["photo.jpg", "-o", "out.gif"], "must end in one of .jpg"),
        (["photo.jpg", "-o", "none/out.jpg"], "there is no folder none"),
        (["photo.jpg", "-o", "none/out/"], "there is no folder none"),
        (["photo.jpg", "-o", "photo.jpg"], "would overwrite the photo itself"),
        (["photo.jpg", "-o", "./photo.jpg", "--force"], "would overwrite the photo itself"),
        (["photo.jpg", "copy.jpg", "-o", "one.jpg"], "one file, and there are several"),
        (["photo.jpg", "copy.jpg", "-o", "-"], "takes one photo"),
        (["photo.jpg", "-"], "cannot stand beside"),
        (["photo.jpg", "-o", "-", "--json"], "cannot share stdout"),
        (["inspect"], "required: FILE"),
        (["apply", "photo.jpg", "-o", "out.jpg"], "must end in one of .exr, .png"),
        (["apply", "photo.jpg"], "required: -o"),
        (["measure", "photo.jpg", "photo.jpg", "-o", "photo.jpg"], "would overwrite an input"),
        (["measure", "photo.jpg", "photo.jpg", "-o", "none/a.jpg"], "there is no folder none"),
    ],
)
def test_requests_that_make_no_sense_exit_2_and_touch_nothing(here, capsys, arguments, said):
    for name in ("copy.jpg", "photo.png"):
        (here / name).write_bytes((here / "photo.jpg").read_bytes())
    before = {p: p.read_bytes() for p in here.iterdir()}
    assert call(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("untone: ")
    assert err.count("\n") == 1
    assert said in err
    assert {p: p.read_bytes() for p in here.iterdir()} == before


def test_a_file_named_like_a_command_is_reached_by_its_path(here):
    (here / "inspect").write_bytes((here / "photo.jpg").read_bytes())
    assert call("./inspect") == 0
    assert map_of("inspect.hdr.jpg") is not None
    (here / "inspect.hdr.jpg").unlink()
    assert call("--", "inspect") == 0
    assert map_of("inspect.hdr.jpg") is not None
    assert call("inspect", "inspect") == 0


def test_an_unexpected_fault_in_one_photo_does_not_end_the_others(here, capsys, monkeypatch):
    from untone import pipeline

    (here / "zz.jpg").write_bytes((here / "photo.jpg").read_bytes())
    convert = pipeline.convert

    def broken(source, target, **options):
        if source.name == "photo.jpg":
            raise ZeroDivisionError("by\nnight")
        return convert(source, target, **options)

    monkeypatch.setattr(pipeline, "convert", broken)
    assert call("photo.jpg", "zz.jpg") == 1
    err = capsys.readouterr().err
    assert err == (
        "untone: photo.jpg: unexpected ZeroDivisionError: by\\nnight; --debug shows where\n"
        "untone: 1 converted, 0 skipped, 0 left alone, 1 failed\n"
    )
    assert map_of("zz.hdr.jpg") is not None
    assert call("photo.jpg", "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


def test_inspect_prints_the_numbers_of_the_file(capsys):
    call("photo.jpg")
    assert call("inspect", "photo.hdr.jpg", "--json") == 0
    found, written = json.loads(capsys.readouterr().out), map_of()
    assert {"format", "width", "height", "base", "gain_map"} <= found.keys()
    assert found["base"] == {"primaries": "bt709", "transfer": "srgb", "bits": 8}
    assert (found["format"], found["width"], found["height"]) == ("jpeg", 80, 60)
    gain_map = found["gain_map"]
    assert (gain_map["width"], gain_map["height"], gain_map["channels"]) == (40, 30, 3)
    for key in ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset"):
        assert gain_map[key] == list(getattr(written, key))
    assert gain_map["base_headroom_stops"] == 0
    assert gain_map["alternate_headroom_stops"] == written.alternate_headroom_stops
    assert gain_map["use_base_colour_space"] is True
    assert gain_map["encodings"] == ["iso21496-1", "hdrgm-xmp"]
    assert call("inspect", "photo.hdr.jpg") == 0
    shown = capsys.readouterr().out
    assert "gain map  40 x 30, 3 channels, iso21496-1, hdrgm-xmp" in shown
    assert "verdict   HDR by gain map in Chrome" in shown


def test_inspect_of_a_plain_photo(capsys):
    assert call("inspect", "photo.jpg", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["gain_map"] is None
    assert found["verdict"] == "SDR: no HDR signalling"


@pytest.mark.parametrize("name", ["missing.jpg", "bad.jpg"])
def test_inspect_of_a_bad_file_is_one_line(here, capsys, name):
    (here / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe1")
    assert call("inspect", name) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"untone: {name}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", [["inspect", "folder"], ["apply", "folder", "-o", "out.exr"], ["inspect", "none"]])
def test_what_cannot_be_read_is_named_once(here, capsys, command):
    (here / "folder").mkdir()
    assert call(*command) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"untone: {command[1]}: cannot read it: ")
    assert ("it is a folder" in err) == (command[1] == "folder")


def test_apply_writes_the_light(capsys):
    call("photo.jpg")
    image, gain_map = untone.read("photo.hdr.jpg")
    for headroom in ([], ["--headroom", "0.5"]):
        assert call("apply", "photo.hdr.jpg", "-o", "light.exr", "--force", *headroom) == 0
        expected = untone.apply(image, gain_map, 0.5 if headroom else None).pixels
        assert np.allclose(untone.read("light.exr")[0].pixels, expected, rtol=0.002, atol=1e-4)
    assert call("apply", "photo.hdr.jpg", "-o", "light.png") == 0
    assert call("apply", "photo.hdr.jpg", "-o", "light.png") == 2
    assert "it exists; --force replaces it" in capsys.readouterr().err
    assert call("inspect", "light.png") == 0
    assert "HDR: PQ pixels" in capsys.readouterr().out


def test_apply_names_what_does_not_come_along(here, capsys):
    exif = Pillow.Exif()
    exif[0x010F] = "Maker"
    Pillow.open("photo.jpg").save("noted.jpg", exif=exif, comment=b"hello")
    call("noted.jpg")
    capsys.readouterr()
    for target, said in (("a.exr", "the JPEG's comment is left out"), ("b.png", "the JPEG's comment is left out")):
        assert call("apply", "noted.hdr.jpg", "-o", target) == 0
        told = capsys.readouterr().err
        assert told.startswith("untone: noted.hdr.jpg: ")
        assert said in told
        assert ("its EXIF is left out" in told) == (target == "a.exr")  # XMP only announced the map
    assert call("apply", "noted.hdr.jpg", "-o", "c.exr", "--json") == 0
    assert "comment" in json.loads(capsys.readouterr().out)["note"]
    assert call("noted.jpg", "-o", "d.exr") == 0
    assert "its EXIF is left out" in capsys.readouterr().err


def test_what_is_made_of_a_protected_photo_may_be_written(here):
    """In place it stays protected."""
    (here / "same.jpg").write_bytes((here / "photo.jpg").read_bytes())
    (here / "photo.jpg").chmod(0o444)
    (here / "same.jpg").chmod(0o440)
    for words in (
        ("photo.jpg", "-o", "new.jpg"),
        ("sheet", "photo.jpg", "-o", "sheet.png"),
        ("same.jpg", "--in-place"),
    ):
        assert call(*words) == 0
    modes = {name: (here / name).stat().st_mode & 0o700 for name in ("new.jpg", "sheet.png", "same.jpg")}
    assert modes == {"new.jpg": 0o600, "sheet.png": 0o600, "same.jpg": 0o400}


def test_nobody_may_read_more_than_the_photos(here, capsys):
    """Of every command that makes a file of photos, a page included."""
    call("photo.jpg")
    for name in ("photo.jpg", "photo.hdr.jpg"):
        (here / name).chmod(0o600)
    light = ["apply", "photo.hdr.jpg", "-o", "light.exr"]
    pair = ["photo.jpg", "photo.hdr.jpg"]
    made = {
        "light.exr": light, "measured.jpg": ["measure", *pair, "-o", "measured.jpg"],
        "encoded.jpg": ["encode", *pair, "-o", "encoded.jpg", "--seconds", "0.1"],
        "map.jpg": ["encode", *pair, "-o", "map.jpg", "--as", "jpeg"],
        "page.html": ["inspect", "photo.hdr.jpg", "--html", "page.html"],
        "sheet.png": ["sheet", "photo.hdr.jpg", "-o", "sheet.png"],
    }  # fmt: skip
    for name, arguments in made.items():
        assert call(*arguments) == 0, name
        assert (here / name).stat().st_mode & 0o777 == 0o600, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["apply", "photo.jpg", "-o", "a.exr"], "photo.jpg: it carries no gain map"),
        (["apply", "missing.jpg", "-o", "a.exr"], "missing.jpg: "),
        (["apply", "photo.hdr.jpg", "-o", "a.exr", "--headroom", "-1"], "headroom"),
        (["measure", "photo.jpg", "photo.jpg", "-o", "a.jpg"], "an SDR and an HDR rendition are needed"),
        (["measure", "photo.jpg", "missing.exr", "-o", "a.jpg"], "missing.exr: "),
    ],
)
def test_commands_that_fail_say_why_and_leave_nothing(here, capsys, arguments, said):
    call("photo.jpg")
    before = sorted(here.iterdir())
    assert call(*arguments) == 1
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("rendition", ["light.exr", "light.png", "photo.hdr.jpg"])
def test_measure_makes_a_photo_from_a_pair(here, rendition):
    """Apply, then measure against the plain photo: the light comes back, on top of the same base."""
    call("photo.jpg", "--map-size", "full", "--map-quality", 100)
    image, gain_map = untone.read("photo.hdr.jpg")
    expected = untone.apply(image, gain_map).pixels
    if rendition.startswith("light"):
        assert call("apply", "photo.hdr.jpg", "-o", rendition) == 0
    assert call("measure", "photo.jpg", rendition, "-o", "again.jpg", "--map-size", "full") == 0
    base, found = untone.read("again.jpg")
    assert np.array_equal(base.pixels, image.pixels)
    light = untone.apply(base, found).pixels
    assert np.quantile(np.abs(light - expected) / (expected + 0.02), 0.99) < 0.04


def test_doctor_tries_the_line(capsys):
    assert call("doctor") == 0
    shown = capsys.readouterr().out
    for word in ("untone ", "kernels ", "threads ", "onnxruntime ", "predict      works", "read         works"):
        assert word in shown
    assert shown.endswith("all is well\n")


def test_quiet_says_what_is_wrong_alone_and_json_is_one_object(here, capsys):
    call("photo.jpg")
    call("apply", "photo.hdr.jpg", "-o", "light.exr")
    pair = ["photo.jpg", "light.exr"]
    for arguments in (
        ["inspect", "photo.hdr.jpg"],
        ["inspect", "--strict", "photo.hdr.jpg"],
        ["apply", "photo.hdr.jpg", "-o", "again.exr", "--force"],
        ["measure", *pair, "-o", "measured.jpg", "--force"],
        ["encode", *pair, "-o", "encoded.jpg", "--force", "--neurons", "8", "--seconds", "0.05"],
        ["doctor"],
    ):
        assert call(*arguments, "--quiet") == 0
        assert capsys.readouterr() == ("", ""), arguments
        assert call(*arguments, "--json") == 0
        out, err = capsys.readouterr()
        assert (isinstance(json.loads(out), dict), err) == (True, ""), arguments
        assert call(*arguments, "--json", "-q") == 0
        assert isinstance(json.loads(capsys.readouterr().out), dict), arguments
    assert call("doctor", "-q", "--model", "nosuch") == 1
    assert "load " in (said := capsys.readouterr().out)
    assert "works" not in said


def test_json_of_a_pair_says_what_was_made(here, capsys):
    call("photo.jpg")
    call("apply", "photo.hdr.jpg", "-o", "light.exr", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "input": "photo.hdr.jpg", "output": "light.exr", "width": 80, "height": 60, "white_nits": 203.0, "note": None,
    }  # fmt: skip
    call("measure", "photo.jpg", "light.exr", "-o", "measured.jpg", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["headroom_stops"] == pytest.approx(map_of("measured.jpg").alternate_headroom_stops, abs=1e-4)
    call("encode", "photo.jpg", "light.exr", "-o", "encoded.jpg", "--neurons", "8", "--seconds", "0.05", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["what"], found["output"]) == ("gamma network of 8 neurons", "encoded.jpg")
    assert 0 < found["bytes"] < (here / "encoded.jpg").stat().st_size - (here / "photo.jpg").stat().st_size + 1
    assert 20 < found["pq_psnr_db"] < 100


def test_doctor_says_what_is_wrong(capsys):
    assert call("doctor", "--model", "nosuch") == 1
    shown = capsys.readouterr().out
    assert "load         UntoneError: " in shown or "load         UsageError: " in shown
    assert shown.endswith("something is wrong, see above\n")


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_every_command_has_help(capsys, command):
    with pytest.raises(SystemExit) as end:
        call(*command, "--help")
    assert end.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: untone")
    if not command:
        assert all(f"\n  {name} " in shown for name in cli.COMMANDS)


def test_a_command_of_the_lab_without_torch_says_what_to_install(capsys, monkeypatch):
    def bare(home):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(cli, "_module", bare)
    assert call("bench") == 1
    assert capsys.readouterr().err == "untone: this command needs torch: pip install 'untone[train]'\n"


def test_version(capsys):
    with pytest.raises(SystemExit):
        call("--version")
    assert capsys.readouterr().out == f"untone {untone.__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inspct", "photo.jpg"], "inspct: no such command or file; did you mean inspect?"),
        (["Edit", "photo.jpg", "--rotate", "90"], "did you mean edit?"),
        (["photo.jpg", "--strenght", "50"], "did you mean --strength?"),
        (["to", "avif", "photo.jpg", "--qualty", "50"], "did you mean --quality?"),
        (["photo.jpg", "foto.jpg"], "foto.jpg: no such file; nothing was done"),
        (["to", "avf", "photo.jpg"], "did you mean avif?"),
        (["to", "jgp", "photo.jpg"], "did you mean jpg?"),
        (["to", "JPEG", "photo.jpg"], "did you mean jpg?"),
        (["photo.jpg", "--codec", "hvec"], "did you mean hevc?"),
    ],
)
def test_a_typo_converts_nothing(here, capsys, words, said):
    assert call(*words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert [p.name for p in here.iterdir()] == ["photo.jpg"]


def test_a_file_of_nearly_a_command_is_that_file(here, capsys):
    (here / "inspct").write_bytes((here / "photo.jpg").read_bytes())
    assert call("inspct") == 0
    assert (here / "inspct.hdr.jpg").exists()


def test_inspect_takes_many_files_and_may_require_hdr(here, capsys):
    assert call("photo.jpg") == 0
    (here / "bad.jpg").write_bytes(b"hello")
    capsys.readouterr()
    assert call("inspect", "photo.jpg", "bad.jpg", "photo.hdr.jpg", "--json") == 1
    told = capsys.readouterr()
    assert [json.loads(line)["file"] for line in told.out.splitlines()] == ["photo.jpg", "photo.hdr.jpg"]
    assert told.err.startswith("untone: bad.jpg: ")
    assert told.err.count("\n") == 1
    for words in ((), ("--strict",)):
        assert call("inspect", "photo.jpg", *words) == 0
        assert call("inspect", "photo.jpg", "--require-hdr", *words) == 1
        assert "photo.jpg: SDR" in capsys.readouterr().err
        assert call("inspect", "photo.hdr.jpg", "--require-hdr", *words) == 0


def test_predict_says_what_it_takes():
    with pytest.raises(untone.UsageError, match=r"predict takes an Image, not str: image, _ = untone.read"):
        untone.predict("photo.jpg")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(["photo.jpg", "--claim", ""], "--claim"), (["photo.jpg", "-o", ""], "--output"), ([""], "PHOTO")],
)
def test_a_variable_that_is_not_set_is_no_place(here, capsys, arguments, named):
    before = sorted(here.iterdir())
    assert call(*arguments) == 2
    assert f"{named} is empty" in capsys.readouterr().err.replace("INPUT", "PHOTO")
    assert sorted(here.iterdir()) == before


def test_no_message_plays_with_the_terminal(here, capsys):
    assert call("audit", "no\x1b[31m\nsuch.jpg") != 0
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "\x1b" not in told
