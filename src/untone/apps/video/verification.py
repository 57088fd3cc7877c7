"""untone verify: decode a film and its source, and hold timing, tracks, signals and light against each other."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...console.lines import named, one_line
from ...console.options import add_answer
from ...errors import DamagedError, UntoneError
from ...system import reachable
from . import inspection, need_av, signals
from .grading import LEVEL_NITS, average_nits, brightest_nits
from .measurement import levels_of

TOLERANCE = 0.05
"""Of the light levels: between the percentile that counts as the maximum, and the maximum itself."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was held against another."""

    name: str
    good: bool
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone verify`."""
    parser.add_argument("film", metavar="FILM", help="an HDR film")
    parser.add_argument("--source", metavar="FILE", help="the film that it was made of")
    add_answer(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Print every check; 1 where one of them fails.

    Raises:
        UntoneError: a film cannot be read.
    """
    need_av()
    try:
        checks = verify(Path(arguments.film), Path(arguments.source) if arguments.source else None)
    except UntoneError as error:
        raise named(arguments.film, error) from error
    good = all(check.good for check in checks)
    if arguments.json:
        print(
            json.dumps(
                {"film": arguments.film, "good": good, "checks": [dataclasses.asdict(c) for c in checks]}, indent=2
            )
        )
    elif not arguments.quiet:
        for check in checks:
            print(one_line(f"{'good' if check.good else 'WRONG':<6} {check.name:<9} {check.text}"))
    return 0 if good else 1


def verify(film: Path, source: Path | None) -> list[Check]:
    """Every check of a film, and of its source where there is one.

    Raises:
        UntoneError: one cannot be read.
    """
    found = inspection.read_signals(film)
    broken = [f.text for f in inspection.findings(found)]
    kind = inspection.colours(found.tags)
    checks = [
        Check("signals", found.is_hdr and not broken, "; ".join(broken) or (kind if found.is_hdr else f"SDR: {kind}"))
    ]
    times, counts = _decoded(film, found.tags.transfer == signals.PQ)
    if found.tags.transfer == signals.PQ and counts:
        checks.append(_light(found, counts))
    if source is not None:
        checks += [_timing(times, _times(source)), *_tracks(film, source)]
    return checks


def _frames(path: Path) -> Iterator[Any]:
    import av

    try:
        with av.open(str(reachable(path))) as container:
            container.streams.video[0].thread_type = "AUTO"
            yield from container.decode(video=0)
    except av.FFmpegError as error:
        raise DamagedError(f"{path}: {error}") from None


def _times(path: Path) -> tuple[list[Fraction], Fraction]:
    """Of every frame, and the tick they are told in."""
    found, base = [], Fraction(0)
    for frame in _frames(path):
        base = frame.time_base
        found.append(frame.pts * base)
    return sorted(found), base


def _decoded(path: Path, is_pq: bool) -> tuple[tuple[list[Fraction], Fraction], list[NDArray[np.int64]]]:
    found, base, counts = [], Fraction(0), []
    for frame in _frames(path):
        base = frame.time_base
        found.append(frame.pts * base)
        if is_pq:
            counts.append(levels_of(frame))
    return (sorted(found), base), counts


def _light(found: inspection.FilmSignals, counts: list[NDArray[np.int64]]) -> Check:
    average = max(average_nits(frame) for frame in counts)
    brightest = max(LEVEL_NITS[np.flatnonzero(frame)[-1]] for frame in counts)
    percentile = max(brightest_nits(frame) for frame in counts)
    cll, fall = found.light.max_cll, found.light.max_fall
    if cll is None or fall is None:
        cll, fall = found.said.light.max_cll or 0, found.said.light.max_fall or 0
    good = (1 - TOLERANCE) * percentile <= cll <= (1 + TOLERANCE) * brightest
    good = good and abs(fall - average) <= max(TOLERANCE * average, 1)
    measured = f"measured {percentile:.0f} (99.99 %) to {brightest:.0f} and {average:.0f} nits"
    return Check("light", good, f"MaxCLL {cll}, MaxFALL {fall}; {measured}")


def _timing(film: tuple[list[Fraction], Fraction], source: tuple[list[Fraction], Fraction]) -> Check:
    (after, tick), (before, other) = film, source
    if len(after) != len(before):
        return Check("timing", False, f"{len(after)} frames, {len(before)} in the source")
    worst = max((abs(a - b) for a, b in zip(after, before, strict=True)), default=Fraction(0))
    allowed = max(tick, other) / 2
    return Check("timing", worst <= allowed, f"{len(after)} frames, timestamps within {float(worst) * 1000:.3f} ms")


def _tracks(film: Path, source: Path) -> Iterator[Check]:
    import av

    with av.open(str(reachable(source))) as old, av.open(str(reachable(film))) as new:
        before, after = _packets(old), _packets(new)
        yield _kinds(old, new)
        for index, packets in before.items():
            stream = old.streams[index]
            same = [k for k, others in after.items() if others == packets]
            what = f"track {index} ({stream.type}, {stream.codec_context.name if stream.codec_context else ''})"
            if same:
                yield Check("packets", True, f"{what}: {len(packets)} packets equal")
            elif stream.type == "audio":
                yield Check("packets", False, f"{what}: its packets are not those of the source")
            else:
                yield Check("packets", True, f"{what}: converted")
        titles = [[c["metadata"] for c in container.chapters()] for container in (old, new)]
        yield Check("chapters", titles[0] == titles[1], f"{len(titles[1])} of {len(titles[0])}")


def _packets(container: Any) -> dict[int, list[bytes]]:
    """Of every track but the first picture, without the empty ones that end subtitles."""
    found: dict[int, list[bytes]] = {}
    video = container.streams.video[0].index if container.streams.video else -1
    for packet in container.demux():
        if packet.size and packet.stream.index != video and packet.stream.type in ("audio", "subtitle"):
            data = bytes(packet)
            if data != b"\0\0":
                found.setdefault(packet.stream.index, []).append(data)
    return found


def _kinds(old: Any, new: Any) -> Check:
    kinds = ("video", "audio", "subtitle")
    before, after = ([sum(s.type == kind for s in c.streams) for kind in kinds] for c in (old, new))
    languages = [[_language(s) for s in c.streams if s.type == "audio"] for c in (old, new)]
    text = ", ".join(f"{b} of {a} {kind}" for a, b, kind in zip(before, after, kinds, strict=True))
    return Check("tracks", before == after and languages[0] == languages[1], text)


def _language(stream: Any) -> str:
    return (stream.language or "und").lower()  # MP4 has no way not to say
