"""What systems do differently, asked for any of them: their answers are handed in."""

import io
import os
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import pytest

from untone import kernels, system
from untone.apps.conversion import planning
from untone.apps.conversion.planning import plan
from untone.errors import UntoneError
from untone.formats.common import files
from untone.formats.common.files import save
from untone.stores import folders

SAMPLE = Path(__file__).parents[1] / "samples" / "night-highrise.jpg"


@pytest.mark.parametrize(
    "name", ["CON.hdr.jpg", "con", "nul.jpg", "Com1.hdr.jpg", "LPT¹.jpg", "aux .jpg", "prn.tar.gz"]
)
def test_names_of_devices_are_none_of_files_on_windows(name):
    assert "device" in system.name_fault(Path(name), "win32")
    assert system.name_fault(Path(name), "linux") is None
    assert system.name_fault(Path(name), "darwin") is None


@pytest.mark.parametrize("name", ["a:b.jpg", "why?.jpg", "a|b.jpg", "line\nbreak.jpg", "ends.", "ends "])
def test_names_that_windows_changes_or_refuses(name):
    fault = system.name_fault(PurePosixPath(name), "win32")
    assert fault
    assert "\n" not in fault
    assert system.name_fault(PurePosixPath(name), "linux") is None


@pytest.mark.parametrize("name", ["contact.jpg", "com.jpg", "com10.jpg", "nullable.hdr.jpg", "ü ñ 写真.jpg"])
def test_names_that_only_look_like_it(name):
    assert system.name_fault(Path(name), "win32") is None


def test_a_photo_whose_output_windows_does_not_take_is_a_fault_of_its_own(tmp_path, monkeypatch):
    for name in ("CON.jpg", "fine.jpg"):
        (tmp_path / name).write_bytes(SAMPLE.read_bytes())
    monkeypatch.setattr(planning, "name_fault", lambda path: system.name_fault(path, "win32"))
    jobs = {Path(job.name).name: job for job in plan([str(tmp_path)], str(tmp_path / "out"))}
    assert "device" in jobs["CON.jpg"].fault
    assert jobs["fine.jpg"].fault is None


def test_whatever_is_written_is_refused_under_such_a_name(tmp_path, monkeypatch):
    """By every command and every store: a colon would write a stream that nobody sees."""
    monkeypatch.setattr(files, "name_fault", lambda path: system.name_fault(path, "win32"))
    monkeypatch.setattr(folders, "name_fault", lambda path: system.name_fault(path, "win32"))
    for name in ("NUL.json", "photo.jpg:gain", "ends "):
        with pytest.raises(UntoneError, match=r"cannot write .*Windows"):
            save(tmp_path / name, [b"light"])
        assert folders.Folder(tmp_path).obstacle(f"album/{name}")
    for name in ("aux", "a:b", "ends."):
        with pytest.raises(UntoneError, match=r"cannot make the folder .*Windows"):
            files.make_folder(tmp_path / name)
    assert not list(tmp_path.iterdir())
    save(tmp_path / "fine.jpg", [b"light"])
    assert folders.Folder(tmp_path).obstacle("album/fine.jpg") is None


def test_a_port_is_not_shared_on_windows():
    assert [system.port_may_be_taken_again(name) for name in ("win32", "linux", "darwin")] == [False, True, True]


def test_long_paths_get_their_prefix_on_windows_alone():
    long, share = "C:\\photos\\" + "x" * 300, "\\\\server\\photos\\" + "x" * 300
    as_given = {"absolute": str}
    assert str(system.reachable(Path(long), "win32", **as_given)) == f"\\\\?\\{long}"
    assert str(system.reachable(Path(share), "win32", **as_given)) == f"\\\\?\\UNC\\{share[2:]}"
    assert str(system.reachable(Path(f"\\\\?\\{long}"), "win32", **as_given)) == f"\\\\?\\{long}"
    assert system.reachable(Path("C:\\short.jpg"), "win32", **as_given) == Path("C:\\short.jpg")
    assert system.reachable(Path(long), "linux") == Path(long)
    relative = system.reachable(Path("x.jpg"), "win32", absolute=lambda path: "C:\\" + "d" * 260 + "\\" + str(path))
    assert str(relative).endswith("\\x.jpg")
    assert str(relative).startswith("\\\\?\\C:\\")
    assert str(system.reachable(Path("C:\\photos"), "win32", str, least=0)) == "\\\\?\\C:\\photos"
    assert system.reachable(Path("\\\\.\\NUL"), "win32", str, least=0) == Path("\\\\.\\NUL")


def test_paths_of_thousands_of_characters_are_written_and_read_here(tmp_path):
    folder = tmp_path.joinpath(*["d" * 200] * 6)
    folder.mkdir(parents=True)
    save(folder / "x.bin", [b"light"])
    assert files.load_bytes(folder / "x.bin") == b"light"


def test_case_is_asked_of_the_file_system(tmp_path):
    def folding(one, other):
        if not Path(one).exists():
            raise FileNotFoundError
        return one.lower() == other.lower()

    assert system.folds_case(tmp_path / "Photos", same=folding)
    assert system.folds_case(tmp_path / "2024" / "not there", same=folding)
    plain = tmp_path / "Letters"
    plain.mkdir()
    (tmp_path / "lETTERS").mkdir()
    if len(list(tmp_path.iterdir())) == 2:  # this file system tells them apart
        assert not system.folds_case(plain)


def test_what_would_become_one_file_is_a_fault_where_case_is_folded(tmp_path, monkeypatch):
    for name in ("Sun.jpg", "sUN.jpg", "u\u0308.jpg", "ü.jpg", "moon.jpg"):
        (tmp_path / name).write_bytes(SAMPLE.read_bytes())
    if len(list(tmp_path.iterdir())) != 5:
        pytest.skip("this file system folds names itself")
    where = f"{tmp_path / 'out'}/"
    assert not [job for job in plan([str(tmp_path)], where) if job.fault]
    out = Path(where).resolve()
    monkeypatch.setattr(planning, "_folds_case", lambda folder: Path(folder).resolve() == out)
    faults = {Path(job.name).name for job in plan([str(tmp_path)], where) if job.fault and "both become" in job.fault}
    assert faults == {"Sun.jpg", "sUN.jpg", "u\u0308.jpg", "ü.jpg"}


@pytest.mark.parametrize(
    ("names", "folded", "system_", "same"),
    [
        (("Sun.jpg", "sUN.jpg"), True, "win32", True),
        (("Sun.jpg", "sUN.jpg"), False, "linux", False),
        (("\u00fc.jpg", "u\u0308.jpg"), True, "win32", False),  # NTFS keeps both
        (("\u00fc.jpg", "u\u0308.jpg"), False, "darwin", True),  # APFS takes them for one, whatever it does of case
        (("\u00fc.jpg", "u\u0308.jpg"), False, "linux", False),
        (("stra\u00dfe.jpg", "STRASSE.jpg"), True, "win32", False),
        (("stra\u00dfe.jpg", "STRASSE.jpg"), True, "darwin", False),
        (("\u0416.jpg", "\u0436.jpg"), True, "darwin", True),
    ],
)
def test_names_of_one_file_have_one_key(tmp_path, monkeypatch, names, folded, system_, same):
    monkeypatch.setattr(system, "reachable", lambda path, *_, **__: path)
    one, other = (system.file_key(tmp_path / name, folded, system_) for name in names)
    assert (one == other) is same


def test_photos_whose_names_only_look_alike_are_all_converted(tmp_path, monkeypatch):
    """A mount may tell names apart that the decision takes for one: none is dropped in silence."""
    monkeypatch.setattr(planning, "_folds_case", lambda folder: True)
    for name in ("Sun.jpg", "sUN.jpg"):
        (tmp_path / name).write_bytes(SAMPLE.read_bytes())
    if len(list(tmp_path.iterdir())) != 2:
        pytest.skip("this file system folds names itself")
    assert len(plan([str(tmp_path)], f"{tmp_path / 'out'}/")) == 2


def test_a_photo_in_its_own_place_keeps_the_letters_of_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "_folds_case", lambda folder: True)
    photo = tmp_path / "Straße" / "IMG_0001.JPG"
    photo.parent.mkdir()
    photo.write_bytes(SAMPLE.read_bytes())
    (job,) = plan([str(photo)], None, naming=planning.Naming(in_place=True))
    assert job.target == photo.resolve()


def test_a_reader_that_went_away_is_told_on_windows_too():
    invalid = OSError(22, "Invalid argument")
    assert system.reader_is_gone(invalid, "win32")
    assert not system.reader_is_gone(invalid, "linux")
    assert not system.reader_is_gone(OSError(22, "Invalid argument", "a:b.jpg"), "win32")
    assert not system.reader_is_gone(OSError(28, "No space left on device"), "win32")
    assert system.reader_is_gone(BrokenPipeError(32, "Broken pipe"), "linux")


@pytest.mark.parametrize(("number", "said"), [(32, "another program"), (33, "another program"), (5, "perhaps")])
def test_a_file_in_use_is_named_and_loses_nothing(tmp_path, monkeypatch, number, said):
    held = tmp_path / "held.jpg"
    held.write_bytes(b"old")

    def refuse(self, target):
        error = PermissionError(13, "Permission denied")
        error.winerror = number  # as Windows has it
        raise error

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UntoneError, match=said) as fault:
        save(held, [b"new"])
    assert "\n" not in str(fault.value)
    assert [path.name for path in tmp_path.iterdir()] == ["held.jpg"]
    assert held.read_bytes() == b"old"


def test_consoles_of_a_code_page_get_every_name():
    for encoding in ("cp437", "cp1252", "ascii"):
        raw = io.BytesIO()
        console = io.TextIOWrapper(raw, encoding=encoding)
        system.speak(console)
        print("写真.jpg → done", file=console, flush=True)
        assert b"\\u5199\\u771f.jpg" in raw.getvalue()
    strict = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict")
    system.speak(strict)
    assert strict.errors == "strict"


def test_the_command_in_a_folder_with_spaces_on_a_console_without_utf8(tmp_path):
    folder = tmp_path / "My Photos (2024) ü"
    folder.mkdir()
    photo = folder / "ein Foto – 写真.jpg"
    photo.write_bytes(SAMPLE.read_bytes())
    around = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "HOME": str(folder), "TMPDIR": str(folder)}
    done = subprocess.run([sys.executable, "-m", "untone", "inspect", str(photo)], capture_output=True, env=around,
                          check=False, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"\\u5199\\u771f" in done.stdout


def group(**contents):
    def read(name):
        try:
            return contents[name.replace(".", "_").replace("/", "_").lstrip("_")]
        except KeyError:
            raise FileNotFoundError(name) from None

    return read


@pytest.mark.parametrize(
    ("cores", "allowed", "contents", "expected"),
    [
        (8, 8, {}, 8),
        (8, 3, {}, 3),  # taskset, or Slurm
        (64, 64, {"cpu_max": "200000 100000\n"}, 2),  # docker run --cpus 2
        (64, 64, {"cpu_max": "150000 100000\n"}, 2),
        (64, 64, {"cpu_max": "10000 100000\n"}, 1),
        (64, 64, {"cpu_max": "max 100000\n"}, 64),
        (64, 4, {"cpu_max": "800000 100000\n"}, 4),
        (16, 16, {"cpu_cpu_cfs_quota_us": "400000\n", "cpu_cpu_cfs_period_us": "100000\n"}, 4),
        (16, 16, {"cpu_cpu_cfs_quota_us": "-1\n", "cpu_cpu_cfs_period_us": "100000\n"}, 16),
        (4, 4, {"cpu_max": "rubbish"}, 4),
        # a service of systemd, whose slice has less than it asks for; the top has no such file
        (
            16,
            16,
            {
                "proc_self_cgroup": "0::/work.slice/untone.service\n",
                "work_slice_cpu_max": "300000 100000",
                "work_slice_untone_service_cpu_max": "max 100000",
            },
            3,
        ),
        (
            16,
            16,
            {
                "proc_self_cgroup": "9:memory:/a\n4:cpu,cpuacct:/batch/job\n0::/\n",
                "cpu_batch_job_cpu_cfs_quota_us": "250000",
                "cpu_batch_job_cpu_cfs_period_us": "100000",
            },
            3,
        ),
        (16, 16, {"proc_self_cgroup": "0::/../../elsewhere\nrubbish\n", "elsewhere_cpu_max": "100000 100000"}, 16),
        (4, 4, {"cpu_max": "1 0"}, 4),
    ],
)
def test_threads_are_those_that_the_container_and_the_affinity_grant(cores, allowed, contents, expected):
    assert system.usable_cores(cores, allowed, group(**contents)) == expected


def test_processors_that_the_process_is_bound_to():
    """As of `start /affinity 5`; of both masks alike, it is bound to nothing, and there may be more groups of 64."""
    assert system.bound_cores("win32", lambda: (0b0101, 0b1111)) == 2
    assert system.bound_cores("win32", lambda: (0b1111, 0b1111)) is None
    assert system.bound_cores("win32", lambda: (0, 0b1111)) is None  # threads in several groups
    if hasattr(os, "sched_getaffinity"):
        assert system.bound_cores() == len(os.sched_getaffinity(0))
    else:
        assert sys.platform == "win32" or system.bound_cores() is None


def test_kernels_take_as_many(monkeypatch):
    monkeypatch.delenv("UNTONE_THREADS", raising=False)
    monkeypatch.setattr(kernels, "usable_cores", lambda: 3)
    assert kernels.info()["threads"] == 3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are left as they are elsewhere")
def test_threads_begun_within_lose_real_time_priority_and_others_keep_what_they_have():
    over, numbers = threading.Event(), []

    def run():
        numbers.append(threading.get_native_id())
        over.wait(60)

    def begin():
        threading.Thread(target=run, daemon=True).start()
        while not numbers or not Path(f"/proc/self/task/{numbers[-1]}").exists():
            pass
        return numbers[-1]

    try:
        outside = begin()
        try:
            os.sched_setscheduler(outside, os.SCHED_FIFO, os.sched_param(1))
        except PermissionError:
            pytest.skip("this user may not give real-time priority, so nobody takes it")
        with system.ordinary_threads():
            numbers.clear()
            inside = begin()
            os.sched_setscheduler(inside, os.SCHED_FIFO, os.sched_param(1))
        assert os.sched_getscheduler(inside) == os.SCHED_OTHER
        assert os.sched_getscheduler(outside) == os.SCHED_FIFO
    finally:
        over.set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are left as they are elsewhere")
def test_the_encoder_of_av1_leaves_the_machine_to_others():
    pytest.importorskip("av")
    from untone.apps.video.options import FilmOptions
    from untone.apps.video.output.encoding import Encoder

    tasks = Path("/proc/self/task")
    facts = SimpleNamespace(width=256, height=144, time_base=Fraction(1, 25), rate=Fraction(25), aspect=Fraction(1))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))  # whatever tests before did
    before = {task.name for task in tasks.iterdir()}
    encoder = Encoder(FilmOptions(codec="av1"), facts, None)
    begun = [int(task.name) for task in tasks.iterdir() if task.name not in before]
    assert begun, "the encoder has threads of its own"
    assert {os.sched_getscheduler(number) for number in (0, *begun)} == {os.SCHED_OTHER}  # 0: this thread
    encoder.close()
