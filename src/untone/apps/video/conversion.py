"""One SDR film to one HDR film: the whole line."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from ... import pipeline
from ...errors import UntoneError, UsageError
from ...prediction import GainModel, LightModel, OperatorModel
from .grading import Grader
from .options import FilmOptions
from .output.film import Output
from .reading import Facts, Picture, Source
from .smoothing import Steady, Timeline, judge, radius

Progress = Callable[[int, int | None], None]
"""Told how many frames are done, of how many, as far as that is known."""


@dataclasses.dataclass(frozen=True)
class FilmConversion:
    """What became of one film.

    Attributes:
        left_alone: why nothing was done; None where it was converted.
        width, height: of a frame.
        frames, scenes: how many there were.
        max_cll_nits, max_fall_nits: measured on what was written; see measurement.
        seconds: that the work took.
        notes: what did not go as one may think; one line each.
    """

    width: int
    height: int
    left_alone: str | None = None
    frames: int = 0
    scenes: int = 0
    max_cll_nits: float = 0.0
    max_fall_nits: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def operator_model(name: str, provider: str = "CPU") -> OperatorModel:
    """The model of that name, and what computes it.

    Raises:
        UsageError: it is one that sees every pixel.
    """
    model = pipeline.load(name, provider)
    if isinstance(model, GainModel | LightModel):
        raise UsageError(
            f"{name} sees every pixel of a photo; films take a model that sees thumbnails, as fastgamer does"
        )
    return model


def timeline(facts: Facts, model: OperatorModel) -> Timeline:
    """Of one film."""
    frame_bytes = facts.width * facts.height * (3 if facts.signal.bits == 8 else 6) // 2
    return Timeline(judge(model, facts.orientation), radius(float(facts.rate), frame_bytes))


def pictures(film: Source, line: Timeline) -> Iterator[Steady]:
    """Every picture of a film, made steady; packets of other tracks are passed over."""
    for event in film.events():
        if isinstance(event, Picture):
            yield from line.push(event)
    yield from line.flush()


def convert(source: Path, target: Path, options: FilmOptions, progress: Progress = lambda *_: None) -> FilmConversion:
    """Write the HDR film of an SDR one; an existing file is replaced.

    Raises:
        UntoneError: the film cannot be read or written; nothing is left behind.
        UsageError: a model that does not do films.
    """
    begun = time.perf_counter()
    model = operator_model(options.model, options.provider)
    with Source(source, options.start, options.end) as film:
        facts = film.facts
        if facts.left_alone is not None:
            return FilmConversion(facts.width, facts.height, facts.left_alone)
        grader, line = Grader(facts, options), timeline(facts, model)
        expected = expected_frames(facts, options)
        done = 0
        with Output(target, film, options, _shift(facts, options)) as output:
            for event in film.events():
                if not isinstance(event, Picture):
                    output.write_packet(event)
                    continue
                for steady in line.push(event):
                    _write(output, grader, steady)
                    done += 1
                progress(done, expected)
            for steady in line.flush():
                _write(output, grader, steady)
                done += 1
                progress(done, expected)
            if not done:
                raise UntoneError("there is no frame between --from and --to")
            levels = output.finish(grader.light)
        seconds = time.perf_counter() - begun
        return FilmConversion(facts.width, facts.height, None, done, line.scenes, levels.max_cll_nits,
                              levels.max_fall_nits, seconds, tuple(film.notes))  # fmt: skip


def left_alone(source: Path, reason: str) -> FilmConversion:
    """What became of a film to which nothing was to be done.

    Raises:
        UntoneError: it cannot be read.
    """
    with Source(source) as film:
        return FilmConversion(film.facts.width, film.facts.height, reason)


def _write(output: Output, grader: Grader, steady: Steady) -> None:
    frame, planes = output.encoder.frame()
    grader.render(steady, planes)
    output.write_frame(frame, steady.picture.pts)


def expected_frames(facts: Facts, options: FilmOptions) -> int | None:
    """How many frames there will be, by the header."""
    if facts.seconds is None:
        return None
    end = min(facts.seconds, options.end) if options.end is not None else facts.seconds
    return max(1, round((end - (options.start or 0)) * float(facts.rate)))


def _shift(facts: Facts, options: FilmOptions) -> Fraction:
    """A stretch begins at 0: in whole ticks of the video."""
    if not options.start:
        return Fraction(0)
    return int(Fraction(options.start) / facts.time_base) * facts.time_base
