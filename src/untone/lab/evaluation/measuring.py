"""The evaluation loop over pictures and methods; figures are kept as they come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ...console.lines import complain, one_line
from ...console.progress import Progress
from ...errors import UntoneError
from .catalogue import METRICS
from .methods import Made, Method
from .pictures import Picture, Source
from .protocols import Protocol
from .records import Figures, Key, Records
from .summaries import Summary, difference, summary

TRUTH = "truth"
"""The row of the true rendition: what has no reference is measured of it too."""

ALONE_STOPS = 0.1
"""A picture to leave alone is left alone when its mean |gain| stays within this."""


@dataclasses.dataclass
class Table:
    """Figures of one set of pictures.

    Attributes:
        title: of the set.
        rows: method -> picture -> figures. Pictures to leave alone are not among them.
        alone: method -> picture -> mean |gain| in stops, of pictures whose right answer is to do nothing.
        indices: picture -> its number in the source.
        skipped: lines about what was left out.
    """

    title: str
    rows: dict[str, dict[str, Figures]] = dataclasses.field(default_factory=dict)
    alone: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    indices: dict[str, int] = dataclasses.field(default_factory=dict)
    skipped: list[str] = dataclasses.field(default_factory=list)

    def column(self, method: str, metric: str) -> dict[str, float]:
        """A figure of a method, by picture."""
        return {name: figures[metric] for name, figures in self.rows[method].items()}

    def summary(self, method: str, metric: str) -> Summary | None:
        """Over the pictures."""
        return summary(list(self.column(method, metric).values()))

    def difference(self, first: str, second: str, metric: str) -> Summary | None:
        """second - first, paired."""
        return difference(self.column(first, metric), self.column(second, metric))


def figures_of(picture: Picture, made: Made, protocol: Protocol, columns: Sequence[str]) -> Figures:
    """All figures of one rendition."""
    comparison = protocol.prepare(picture, made)
    return {name: METRICS[name].compute(comparison) for name in columns}


def figures_of_truth(picture: Picture, protocol: Protocol, columns: Sequence[str]) -> Figures:
    """Figures of the true rendition that need no reference; the others are NaN."""
    comparison = dataclasses.replace(protocol.prepare(picture, Made(picture.true_stops)), made=picture.true)
    known = {name: METRICS[name].compute(comparison) for name in columns if METRICS[name].shown_for_truth}
    return {name: known.get(name, float("nan")) for name in columns}


@dataclasses.dataclass(frozen=True)
class Job:
    """Configuration of the evaluation of every set."""

    methods: list[Method]
    protocol: Protocol
    columns: tuple[str, ...]
    records: Records
    strict: bool = False
    drawn: Callable[[Picture, list[Method]], None] | None = None


def measured(source: Source, job: Job) -> Table:
    """Measures a set. Broken pictures are named and left out, or end it when strict.

    Raises:
        UntoneError: strict, and one is broken; or none is whole.
    """
    table = Table(source.title)
    each = len(job.methods) + 1
    with Progress(len(source) * each, f"pictures x methods, {source.title}") as progress:
        for index in range(len(source)):
            _try(source, index, job, table, progress)
            progress.step((index + 1) * each - progress.done)
    if not table.rows and not table.alone:
        raise UntoneError(f"{source.title}: no whole picture to measure on")
    return table


def _try(source: Source, index: int, job: Job, table: Table, progress: Progress) -> None:
    try:
        picture = source.load(index)
        if picture is not None:
            _measure(picture, index, job, table, progress)
    except UntoneError as fault:
        name = source.names[index]
        line = one_line(str(fault) if _says_where(str(fault), name) else f"{name}: {fault}")
        if job.strict:
            raise UntoneError(f"broken picture: {line}") from None
        table.skipped.append(line)
        complain(f"picture left out: {line}")


def _says_where(text: str, name: str) -> bool:
    return text.startswith(name.split(",")[0])


def _measure(picture: Picture, index: int, job: Job, table: Table, progress: Progress) -> None:
    found: dict[str, Figures] = {}
    alone = picture.left_alone
    for method in job.methods:
        if alone:
            stops = method.make(picture).stops
            table.alone.setdefault(method.name, {})[picture.name] = float(abs(stops).mean())
        else:
            found[method.name] = _row(picture, method, job, table.title)
        progress.step()
    if not alone:
        found[TRUTH] = _kept(
            Key(table.title, picture.name, TRUTH, TRUTH, picture.fingerprint, TRUTH), job,
            lambda: figures_of_truth(picture, job.protocol, job.columns),
        )  # fmt: skip
    for name, figures in found.items():
        table.rows.setdefault(name, {})[picture.name] = figures
    table.indices[picture.name] = index
    if job.drawn:
        job.drawn(picture, job.methods)


def _row(picture: Picture, method: Method, job: Job, title: str) -> Figures:
    key = Key(title, picture.name, method.name, method.kind, picture.fingerprint, method.fingerprint)
    return _kept(key, job, lambda: figures_of(picture, method.make(picture), job.protocol, job.columns))


def _kept(key: Key, job: Job, compute: Callable[[], Figures]) -> Figures:
    """Figures measured before, or now."""
    known = job.records.get(key)
    if known is None:
        known = compute()
        job.records.add(key, known)
    return known
