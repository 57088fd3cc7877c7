"""`untone PHOTO`: photos, folders of photos, or a pipe. A bad file does not stop the others.

`work` is the batch itself, for every verb that makes one file of each.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ... import formats, pipeline
from ...console.interrupts import answered
from ...console.lines import complain
from ...console.progress import Parts
from ...errors import UnsupportedError, UsageError
from ...formats import signalling
from ...formats.common.files import load_bytes, save
from ...formats.common.workers import heard_by
from ...system import is_folder, usable_cores
from .. import choices, cloud
from ..choices import Choice
from ..video import is_film, reason_to_leave
from ..video.options import film_options, film_suffixes, refuse_for_photos
from . import planning, rehearsal, report
from .execution import Task, do
from .planning import Job, Naming
from .report import Outcome

MOST_JOBS = 4
"""Photos side by side unless told otherwise: each holds its pixels in memory."""


def run(arguments: argparse.Namespace) -> int:
    """Convert everything; 0 when nothing failed, else 1.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    suffixes = () if arguments.in_place else film_suffixes(arguments.codec)
    naming = dataclasses.replace(planning.CONVERTED_NAMES, films=suffixes, in_place=arguments.in_place)
    if cloud.is_asked(arguments):
        refuse_for_photos(arguments)
        return beyond(arguments, dataclasses.replace(naming, films=()), lambda: _task(arguments))
    planned = _planned(arguments, naming)
    if arguments.copy_others and (arguments.output in (None, planning.PIPE) or planning.PIPE in arguments.inputs):
        raise UsageError("--copy-others copies into a folder; name it with -o")
    films = [job for job in planned if job.source is not None and is_film(job.source) and not arguments.in_place]
    photos = [job for job in planned if job not in films]
    if not films:
        refuse_for_photos(arguments)
    options = film_options(arguments) if films else None  # refuses before any work
    if arguments.dry_run:
        _refuse(arguments, photos)
        rehearsal.rehearse(planned, arguments, _foresight(arguments))
        return 0
    if options is None:
        return work(photos, lambda: _task(arguments), arguments)
    counts = _worked(photos, lambda: _task(arguments), arguments, is_all=False) if photos else Counter[str]()
    from ..video import command  # deferred: films ask for more modules

    counts += command.convert_all(films, options, arguments)
    if counts.total() != 1 and not arguments.quiet:
        complain(report.counted(counts))
    return 1 if counts[report.FAILED] else 0


def _refuse(arguments: argparse.Namespace, photos: Sequence[Job]) -> None:
    """What the work would refuse, for one that is only rehearsed.

    Raises:
        UsageError: the request makes no sense.
    """
    if photos:
        _options(arguments)
    if arguments.model != pipeline.DEFAULT_MODEL:
        pipeline.load(arguments.model)


def _planned(arguments: argparse.Namespace, naming: Naming) -> list[Job]:
    inputs, output, recursive = arguments.inputs, arguments.output, arguments.recursive
    return planning.plan(inputs, output, recursive, arguments.exclude, naming, force=arguments.force)


def over(arguments: argparse.Namespace, naming: Naming, prepare: Callable[[], Task]) -> int:
    """Plan what the arguments ask for and do it, here or wherever they say; as `work`."""
    if cloud.is_asked(arguments):
        return beyond(arguments, naming, prepare)
    planned = _planned(arguments, naming)
    return work(planned, prepare, arguments)


def beyond(arguments: argparse.Namespace, naming: Naming, prepare: Callable[[], Task]) -> int:
    """As `over`, with stores, shares or Ray."""
    if naming.in_place:
        raise UsageError("--in-place replaces files of this machine; leave it out, or what is on others")
    from ..cloud import command  # deferred: most batches know no stores

    return command.run(arguments, naming, prepare)


def _task(arguments: argparse.Namespace) -> Task:
    options = _options(arguments)
    if arguments.choices is None:
        task: Task = functools.partial(pipeline.convert, **options)
    else:
        find = choices.finder(Path(arguments.choices))
        task = functools.partial(_convert_as_chosen, find, options, arguments.choices)
    return functools.partial(_in_place, task) if arguments.in_place else task


def _foresight(arguments: argparse.Namespace) -> Callable[[Path], str | None]:
    """Why a photo or film will be left alone, by its headers; None where it will not be."""
    find = choices.finder(Path(arguments.choices)) if arguments.choices else None

    def foreseen(source: Path) -> str | None:
        if is_film(source):
            return reason_to_leave(source)
        found = formats.probe(source)
        if arguments.in_place:
            _check_jpeg(found.format)
        chosen = find(source) if find is not None else None
        rejected = chosen is not None and chosen.verdict == choices.REJECT
        return f"rejected in {arguments.choices}" if rejected else signalling.reason_to_leave(found)

    return foreseen


def _readable(source: Path) -> None:
    """See that the headers of a photo can be read."""
    formats.probe(source)


def _in_place(task: Task, source: bytes | Path, target: Path | None) -> pipeline.Conversion:
    """The task of a JPEG that is to be replaced by what becomes of it."""
    data = load_bytes(source)
    _check_jpeg(formats.sniff(data).name)
    done: pipeline.Conversion = task(source, None)
    if done.data is not None and target is not None:
        save(target, [done.data])
    return dataclasses.replace(done, data=None)


def _check_jpeg(kind: str) -> None:
    if kind != "jpeg":
        raise UnsupportedError(
            f"--in-place adds the gain map to JPEGs, and this is {kind.upper()}; name an output with -o"
        )


def _convert_as_chosen(
    find: Callable[[Path], Choice | None], options: dict[str, Any], name: str, source: bytes | Path, target: Path | None
) -> pipeline.Conversion:
    """As pipeline.convert, with what the file of choices says of this photo over the options."""
    found = find(source) if isinstance(source, Path) else None
    if found is not None and found.verdict == choices.REJECT:
        size = formats.probe(source)
        return pipeline.Conversion(size.width, size.height, left_alone=f"rejected in {name}")
    numbers = {} if found is None else choices.options(found)
    return pipeline.convert(source, target, **options | numbers)


def work(planned: Sequence[Job], prepare: Callable[[], Task], arguments: argparse.Namespace) -> int:
    """Do a task for every job and report; 0 when nothing failed, else 1.

    Args:
        planned: the jobs.
        prepare: gives the task, after the pipe is checked; it may refuse options.
        arguments: with jobs, force, json, quiet and debug.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    if arguments.dry_run:
        prepare()
        rehearsal.rehearse(planned, arguments, _readable)
        return 0
    return 1 if _worked(planned, prepare, arguments)[report.FAILED] else 0


def _worked(
    planned: Sequence[Job], prepare: Callable[[], Task], arguments: argparse.Namespace, *, is_all: bool = True
) -> Counter[str]:
    """As `work`; how many photos had each outcome, which is the last line where they are all of the batch."""
    piped = any(job.target is None and not (job.fault or job.unread) for job in planned)
    if piped:
        _check_pipe(arguments.json)
    task = prepare()
    reporting = report.choose(len(planned), quiet=arguments.quiet, as_json=arguments.json, piped=piped)
    reporting.is_all = is_all
    reporting.searched = any(map(is_folder, arguments.inputs))
    ended: list[Outcome] = []
    copy_others = getattr(arguments, "copy_others", False)  # `untone PHOTO` alone leaves photos alone

    def one(job: Job) -> Outcome:
        made = do(job, arguments.force, _is_debug(arguments), task, arguments.keep_times, copy_others)
        ended.append(made)
        return made

    with reporting, answered(lambda: report.interruption(ended, len(planned), arguments.force)):
        for outcome in _do_all(planned, arguments.jobs, one, not arguments.json):
            reporting.take(outcome)
        report.name_unread(planned, quiet=arguments.quiet or arguments.json)
    return reporting.counts


def _check_pipe(as_json: bool) -> None:
    if as_json:
        raise UsageError("--json and a picture cannot share stdout; name an output with -o")
    if sys.stdout.isatty():
        raise UsageError("a picture is not written to a terminal; name an output with -o, or redirect stdout")


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    options = {
        "model": pipeline.load(arguments.model, arguments.provider) if arguments.provider else arguments.model,
        "strength": arguments.strength / 100,
        "peak_nits": arguments.peak,
        "white_nits": arguments.white,
        "map_size": arguments.map_size,
    }
    pipeline.check_options(options["strength"], options["peak_nits"], options["map_size"], options["white_nits"])
    if arguments.in_place and arguments.model != pipeline.DEFAULT_MODEL:
        _check_keeps(pipeline.load(arguments.model, arguments.provider or "CPU"), arguments.model)
    return options | {"quality": arguments.quality, "map_quality": arguments.map_quality}


def _check_keeps(model: object, name: str) -> None:
    factor = getattr(model, "upscale", 1)
    if factor != 1:
        made = f"{name} makes another of {factor} times the size"
        raise UsageError(f"--in-place keeps the photo, and {made}; name an output with -o")


def _is_debug(arguments: argparse.Namespace) -> bool:
    return bool(arguments.debug or os.environ.get("UNTONE_DEBUG"))


def _do_all(planned: Sequence[Job], count: int | None, one: Callable[[Job], Outcome], shown: bool) -> Iterator[Outcome]:
    """Outcomes in the order of the jobs. Interrupted, it begins no other."""
    if len(planned) == 1:  # in this thread, which an interrupt reaches also while it waits for stdin
        with Parts(shown) as parts, heard_by(parts):
            outcome = one(planned[0])
        yield outcome
        return
    workers = ThreadPoolExecutor(max(1, min(len(planned), count or min(MOST_JOBS, usable_cores()))))
    futures: list[Future[Outcome]] = [workers.submit(one, job) for job in planned]
    try:
        for future in futures:
            yield future.result()
    finally:
        workers.shutdown(cancel_futures=True)
