"""The command, a process where one counts: exit codes, pipes, signals, terminals, full disks; photos from samples/."""

import contextlib
import json
import os
import pty
import re
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import untone
from untone import cli

SAMPLES = Path(__file__).parents[1] / "samples"
COMMAND = [sys.executable, "-m", "untone"]

HANG_SECONDS = 300
"""A process that is only slow must not fail; this is for one that never ends."""


@pytest.fixture
def photo(tmp_path):
    """A small JPEG with detail, EXIF and an orientation."""
    return make_photo(tmp_path / "photo.jpg")


def make_photo(path, seed=0, size=(96, 64)):
    picture = Pillow.open(SAMPLES / "night-highrise.jpg").resize(size).rotate(90 * seed)
    exif = Pillow.Exif()
    exif[274] = 6
    picture.save(path, quality=90, exif=exif, icc_profile=picture.info["icc_profile"])
    return path


def run(*arguments, cwd, **options):
    options = {"capture_output": True, "timeout": HANG_SECONDS, "cwd": cwd} | options
    return subprocess.run([*COMMAND, *map(str, arguments)], check=False, **options)


@pytest.fixture
def within(tmp_path, monkeypatch, capfdbinary):
    """Runs the command in this process, where its being one is not what is tested."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        code = cli.main([str(a) for a in arguments])
        return subprocess.CompletedProcess(arguments, code, *capfdbinary.readouterr())

    return command


def scan_of(data):
    return data[data.index(b"\xff\xda") : data.index(b"\xff\xd9", data.index(b"\xff\xda"))]


def test_a_photo_becomes_an_hdr_photo_beside_it_in_silence(photo, tmp_path):
    done = run(photo.name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.hdr.jpg", "photo.jpg"]
    image, gain_map = untone.read(tmp_path / "photo.hdr.jpg")
    assert (image.primaries, image.orientation) == ("p3", 6)
    assert gain_map.codes.shape == (32, 48, 3)
    assert scan_of(photo.read_bytes()) in (tmp_path / "photo.hdr.jpg").read_bytes()


def test_pipes_carry_the_picture_and_nothing_else(photo, tmp_path):
    run(photo, cwd=tmp_path)
    done = run("-", cwd=tmp_path, input=photo.read_bytes())
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (tmp_path / "photo.hdr.jpg").read_bytes()
    again = run("-", cwd=tmp_path, input=done.stdout)
    assert (again.returncode, again.stdout) == (0, done.stdout), "a photo left alone goes through unchanged"
    assert b"untone: stdin: left alone: it already carries a gain map" in again.stderr
    to_stdout = run(photo, "-o", "-", cwd=tmp_path)
    assert to_stdout.stdout == done.stdout


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0\x00\x10JFIF"])
def test_a_bad_pipe_is_one_line_and_no_output(tmp_path, data):
    done = run("-", cwd=tmp_path, input=data)
    assert (done.returncode, done.stdout) == (1, b"")
    assert re.fullmatch(rb"untone: stdin: [^\n]+\n", done.stderr)


def test_a_bad_file_does_not_stop_the_others(photo, tmp_path, within):
    (tmp_path / "a.jpg").write_bytes(photo.read_bytes()[:700])
    (tmp_path / "b.jpg").write_bytes(b"")
    done = within("a.jpg", "b.jpg", photo)
    assert done.returncode == 1
    *faults, last = done.stderr.splitlines()
    assert [line.split(b": ")[1] for line in faults] == [b"a.jpg", b"b.jpg"]
    assert last == b"untone: 1 converted, 0 skipped, 0 left alone, 2 failed"
    assert b"Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "b.jpg", "photo.hdr.jpg", "photo.jpg"]


def test_json_has_one_object_a_photo(photo, tmp_path, within):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    done = within(photo.name, "bad.jpg", "--json")
    good, bad = map(json.loads, done.stdout.splitlines())
    assert (good["status"], good["output"], good["width"], good["height"]) == ("converted", "photo.hdr.jpg", 96, 64)
    assert good["peak_nits"] > 203
    assert 0 < good["share_above_white"] < 1
    assert (bad["status"], bad["output"]) == ("failed", None)
    assert bad["reason"]
    assert done.stderr.endswith(b"untone: 1 converted, 0 skipped, 0 left alone, 1 failed\n")
    assert done.stderr.count(b"\n") == 2
    assert done.returncode == 1


def test_an_interrupt_is_answered_while_a_codec_works(tmp_path):
    """Native code does not come back for seconds; no unfinished file stays."""
    make_photo(tmp_path / "a.jpg", size=(3000, 2000))
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes())
    command = [*COMMAND, "to", "png", "a.jpg", "b.jpg"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, preexec_fn=heed_interrupts)
    while process.poll() is None and not list(tmp_path.glob(".untone-*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert len(list(tmp_path.glob("*.png"))) < 2, "it waited for the photos in hand"
    assert process.returncode == 130
    assert b"; the same command goes on" in err
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".png") == ["a.jpg", "b.jpg"]


def test_permissions_are_never_wider_and_times_are_kept_where_asked(photo, tmp_path):
    photo.chmod(0o640)
    os.utime(photo, ns=(10**18, 10**18))
    for words in (("-o", "new.jpg"), ("-o", "old.jpg", "--keep-times")):
        assert run(photo, *words, cwd=tmp_path, preexec_fn=lambda: os.umask(0o022)).returncode == 0
    assert run("apply", "new.jpg", "-o", "new.exr", cwd=tmp_path).returncode == 0
    for name in ("new.jpg", "old.jpg", "new.exr"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "old.jpg").stat().st_mtime_ns == 10**18
    assert (tmp_path / "new.jpg").stat().st_mtime_ns != 10**18


def test_others_are_copied_into_the_album(photo, tmp_path, within):
    within(photo, "-o", "has.jpg")
    done = within(photo, "has.jpg", "-o", "out/", "--copy-others")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["has.jpg", "photo.hdr.jpg"]
    assert (tmp_path / "out" / "has.jpg").read_bytes() == (tmp_path / "has.jpg").read_bytes()
    assert done.stderr.splitlines()[-1] == b"untone: 1 converted, 0 skipped, 1 left alone, 0 failed"
    assert within("has.jpg", "--copy-others").returncode == 2


@pytest.mark.parametrize("verb", [[], ["to", "avif"], ["edit", "--rotate", "90"]])
def test_a_dry_run_names_what_would_be_done(photo, tmp_path, within, verb):
    make_photo(tmp_path / "q.jpg")
    done = within(*verb, "photo.jpg", "q.jpg", "--dry-run", "-o", "out/")
    suffix = {0: ".hdr.jpg", 2: ".avif", 3: ".edited.jpg"}[len(verb)]
    assert done.stdout.decode() == f"photo.jpg -> out/photo{suffix}\nq.jpg -> out/q{suffix}\n"
    assert (
        done.stderr
        == b"untone: 2 would be written, 0 would be skipped, 0 would be left alone, 0 would fail; nothing was done\n"
    )
    assert done.returncode == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photo.jpg", "q.jpg"]


def test_a_dry_run_knows_what_is_not_read(photo, tmp_path, within):
    """A film among photos, to a format of photos: skipped, as by the run itself."""
    (tmp_path / "a.mkv").write_bytes(b"film")
    done = within("to", "jxl", ".", "-o", "new", "--dry-run")
    assert done.returncode == 0
    assert "a.mkv: would be skipped: films are not read" in done.stderr.decode()
    assert "1 would be skipped" in done.stderr.decode()
    assert "stdout" not in done.stdout.decode()


def test_a_dry_run_knows_what_is_left_alone_and_what_is_damaged(photo, tmp_path, within):
    """As the run itself, by headers; nothing has failed yet."""
    assert within("photo.jpg", "-o", "has.jpg").returncode == 0
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    done = within(".", "--dry-run")
    assert done.returncode == 0
    assert done.stdout == b"photo.jpg -> photo.hdr.jpg\n"
    told = done.stderr.decode().splitlines()
    assert told[0].startswith("untone: bad.jpg: would fail: ")
    assert told[1:] == [
        "untone: has.jpg: would be left alone: it already carries a gain map",
        "untone: 1 would be written, 0 would be skipped, 1 would be left alone, 1 would fail; nothing was done",
    ]
    done = within("has.jpg", "--json", "--dry-run")
    assert json.loads(done.stdout)["status"] == "would be left alone"


def test_names_may_be_any_bytes(photo, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff [red]\n.jpg"
    Path(os.fsdecode(name)).write_bytes(photo.read_bytes()[:500])
    done = subprocess.run([*COMMAND, name, "--json"], check=False, capture_output=True, timeout=HANG_SECONDS)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert os.fsencode(json.loads(done.stdout)["input"]) == name


def test_whoever_stops_reading_sees_no_traceback(photo, tmp_path):
    copies = [make_photo(tmp_path / f"p{k}.jpg") for k in range(6)]
    process = subprocess.Popen(
        [*COMMAND, *copies, "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process.stdout as out:
        assert out.readline()
    with process.stderr as err:
        assert b"Traceback" not in err.read()
    assert process.wait(HANG_SECONDS) in (0, 141)


def heed_interrupts():
    """In the child: a shell that starts the tests in its background has it ignore SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


PHOTOS = 400
"""So many that they are not done before the interrupt comes, however late."""


def test_an_interrupt_leaves_whole_files_only(tmp_path):
    make_photo(tmp_path / "p000.jpg", size=(1200, 900))
    for k in range(1, PHOTOS):
        (tmp_path / f"p{k:03}.jpg").hardlink_to(tmp_path / "p000.jpg")
    process = subprocess.Popen(
        [*COMMAND, ".", "-j", "2", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    said = rb"untone: interrupted after \d+ of 400 photos \(\d+ converted, .+\); the same command goes on\n"
    assert re.fullmatch(said, err)
    written = [p for p in tmp_path.iterdir() if not re.fullmatch(r"p\d+\.jpg", p.name)]
    assert 1 <= len(written) < PHOTOS
    for path in written:
        assert untone.read(path)[1] is not None


def test_an_interrupt_ends_the_wait_for_stdin():
    process = subprocess.Popen(
        [*COMMAND, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    )
    process.stdin.write(bytes(1 << 20))  # more than a pipe holds: returns only once the other side reads
    process.stdin.flush()
    for _ in range(HANG_SECONDS // 2):  # between two reads a signal waits for the next one
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
            break
    assert process.returncode == 130
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    ("options", "said"), [(["inspect"], "stdout"), (["--json"], "stdout"), (["-o", "-"], "{photo}")]
)
def test_a_full_disk_behind_stdout_is_one_line(photo, tmp_path, options, said):
    words = [options[0], photo] if options == ["inspect"] else [photo, *options]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *words], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=HANG_SECONDS
        )
    assert done.stderr.decode() == f"untone: {said.format(photo=photo)}: No space left on device\n"
    assert done.returncode == 1


def test_a_closed_stdout_is_one_line(photo):
    done = subprocess.run(
        [*COMMAND, "inspect", photo], stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1), timeout=HANG_SECONDS
    )
    assert (done.stderr, done.returncode) == (b"untone: stdout: Bad file descriptor\n", 1)


def test_a_full_disk_leaves_the_old_file_whole(photo, tmp_path):
    """A limit on file size stands in for the disk: the write fails midway in the same way."""
    target = tmp_path / "photo.hdr.jpg"
    target.write_bytes(b"old")
    done = run(photo, "--force", cwd=tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)))
    assert done.returncode == 1
    assert re.fullmatch(rb"untone: [^\n]*photo\.jpg: [^\n]*photo\.hdr\.jpg[^\n]*\n", done.stderr)
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


def on_terminal(arguments, cwd):
    """Exit code and everything that a terminal would have shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)], cwd=cwd, stdin=follower, stdout=follower, stderr=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while process.poll() is None or select.select([leader], [], [], 0.1)[0]:
        if select.select([leader], [], [], 0.1)[0]:
            try:
                shown += os.read(leader, 65536)
            except OSError:  # Linux says so when the other side has closed
                break
    os.close(leader)
    return process.wait(), shown.decode()


def test_a_terminal_gets_a_summary_of_one_photo(photo, tmp_path):
    code, shown = on_terminal([photo.name], tmp_path)
    assert code == 0
    lines = shown.split("\r\n")
    assert lines[0].startswith("photo.hdr.jpg  (")
    assert re.match(r"\d+ nits at the brightest, \d+\.\d x SDR white; [\d.]+ % of the photo", lines[1])
    assert "Chrome" in lines[2]


def test_a_terminal_gets_a_bar_and_a_count_for_several(tmp_path):
    for k in range(3):
        make_photo(tmp_path / f"p{k}.jpg", k)
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    code, shown = on_terminal([tmp_path], tmp_path)
    assert code == 1
    assert "━" in shown
    assert "3 converted" in shown
    assert "1 failed" in shown
    assert "bad.jpg: " in shown


@pytest.mark.parametrize("arguments", [["photo.jpg", "-o", "-"], ["-"]])
def test_no_picture_goes_to_a_terminal(photo, tmp_path, arguments):
    code, shown = on_terminal(arguments, tmp_path)
    assert code == 2
    assert "not written to a terminal" in shown


def test_quiet_is_quiet_on_a_terminal_too(photo, tmp_path):
    assert on_terminal([photo, "--quiet"], tmp_path) == (0, "")


PEAK_MIB = """
import resource, subprocess, sys
subprocess.check_call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
"""
"""Runs a command from a small process: a child counts as at least as large as the process it was forked from."""


@pytest.mark.slow
@pytest.mark.parametrize(("size", "most"), [((4000, 3000), 600), ((16384, 12288), 3 * 1024)])
def test_memory_stays_bounded(tmp_path, size, most):
    """MiB that one photo of 12 or 200 megapixels may take, start-up included."""
    Pillow.open(SAMPLES / "desert-palms.jpg").resize(size).save(tmp_path / "large.jpg", quality=90)
    watched = [sys.executable, "-c", PEAK_MIB, *COMMAND, "large.jpg"]
    peak = subprocess.run(watched, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert 30 < float(peak.split()[-1]) < most


@pytest.mark.parametrize("name", ["desert-palms.jpg", "night-highrise.jpg"])
def test_golden_samples(name, tmp_path, within):
    """End to end on the photos of the repository: base untouched, light above white in the lamps, black stays."""
    done = within(SAMPLES / name, "-o", tmp_path / "out.jpg", "--json")
    numbers = json.loads(done.stdout)
    source, result = (SAMPLES / name).read_bytes(), (tmp_path / "out.jpg").read_bytes()
    assert scan_of(source) in result
    base, gain_map = untone.read(result)
    assert np.array_equal(base.pixels, untone.read(source)[0].pixels)
    assert base.icc == untone.read(source)[0].icc
    before, after = (untone.apply(base, gain_map, h).pixels for h in (0, None))
    bright, dark = base.pixels.min(axis=2) >= 250, base.pixels.max(axis=2) <= 8
    assert after[bright].mean() > 1.15
    assert np.abs(after[dark] - before[dark]).mean() < 0.004
    assert numbers["peak_nits"] == pytest.approx(203 * after.max(), rel=0.1)
    assert numbers["share_above_white"] == pytest.approx((after.max(axis=2) > 1.001).mean(), abs=0.01)
    at_sdr = before * 203
    assert at_sdr.max() <= 203.1
