"""One job: a file read, worked on and written, whatever happens in it; faults become its outcome."""

from __future__ import annotations

import os
import stat
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import UntoneError, UsageError
from ...formats.common.files import OWNER, load_bytes, no_wider_than, save
from ...system import reader_is_gone
from . import planning, report
from .planning import Job
from .report import Outcome

Task = Callable[[bytes | Path, Path | None], Any]
"""The task of one photo or film: source and target (None: the bytes are returned) to a Conversion or FilmConversion."""


def do(job: Job, force: bool, debug: bool, task: Task, keep_times: bool = False, copy_others: bool = False) -> Outcome:
    """One job, whatever happens in it.

    Raises:
        UsageError: a fault of the request, which every other photo would meet too.
        BrokenPipeError: nobody reads stdout any more.
    """
    start = time.perf_counter()
    try:
        before = job.source.stat() if job.source is not None and not job.fault else None
        status, reason, done = _attempt(job, force, task)
        copied = _copied(job, force) if copy_others and status == report.LEFT_ALONE else None
        written = job.target if status == report.CONVERTED else copied
        if before is not None and written is not None:
            _as_its_source(written, before, keep_times, job.in_place)
    except (UsageError, BrokenPipeError):
        raise
    except (UntoneError, OSError) as error:
        reason = str(error)
        if isinstance(error, OSError) and error.strerror:  # no file is named of a full disk behind stdout
            reason = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
        status, done, copied = report.FAILED, None, None
    except MemoryError:
        status, reason, done, copied = report.FAILED, "there is not enough memory for this photo", None, None
    except Exception as error:
        if debug:
            traceback.print_exception(error)
        hint = "" if debug else "; --debug shows where"
        status, reason, done = report.FAILED, f"unexpected {type(error).__name__}: {error}{hint}", None
        copied = None
    return Outcome(job, status, reason, done, time.perf_counter() - start, copied)


def _copied(job: Job, force: bool) -> Path | None:
    """The copy of a photo that was left alone, beside where its output would be; None where it stands there already."""
    assert job.source is not None
    assert job.target is not None
    copy = job.target.with_name(job.source.name)
    if os.path.lexists(copy) and (not force or copy.samefile(job.source)):
        return None
    with no_wider_than(job.source):
        save(copy, [load_bytes(job.source)])
    return copy


def _as_its_source(written: Path, before: os.stat_result, keep_times: bool, in_place: bool) -> None:
    """Permissions no wider than those of the source, in its place the same, owner too; its times where asked for."""
    mode = stat.S_IMODE(written.stat().st_mode)
    wanted = stat.S_IMODE(before.st_mode) if in_place else mode & (before.st_mode | OWNER)
    if in_place and hasattr(os, "chown"):
        with suppress(OSError):  # only its owner's own groups, unless one may do anything
            os.chown(written, before.st_uid, before.st_gid)
    if mode != wanted or in_place:
        written.chmod(wanted)
    if keep_times:
        os.utime(written, ns=(before.st_atime_ns, before.st_mtime_ns))


def _attempt(job: Job, force: bool, task: Task) -> tuple[str, str | None, Any]:
    if job.fault:
        raise UntoneError(job.fault)
    if job.unread:
        return report.SKIPPED, f"{job.unread} are not read", None
    if job.left:
        return report.LEFT_ALONE, job.left, None
    if job.target is not None and not (job.in_place or force) and os.path.lexists(job.target):
        return report.SKIPPED, f"{job.target} exists; --force replaces it", None
    source = job.source if job.source is not None else planning.read_stdin()
    if job.target is not None:
        job.target.parent.mkdir(parents=True, exist_ok=True)
    with no_wider_than(*([] if job.source is None else [job.source])):
        done = task(source, job.target)
    if job.target is None:
        _to_stdout(done.data if done.data is not None else _bytes(source))
    return (report.LEFT_ALONE if done.left_alone else report.CONVERTED), done.left_alone, done


def _bytes(source: bytes | Path) -> bytes:
    """Bytes for the pipe: a photo that was left alone goes through unchanged."""
    return source if isinstance(source, bytes) else source.read_bytes()


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        if reader_is_gone(error):
            raise BrokenPipeError from error
        raise
