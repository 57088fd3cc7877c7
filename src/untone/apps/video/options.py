"""What the command line asks of a film. Light: `untone --help` loads it."""

from __future__ import annotations

import argparse
import dataclasses
import math

from ...console.options import is_whole
from ...errors import UsageError

CODECS = {
    "av1": ("libsvtav1", (".mp4", ".mkv")),
    "hevc": ("libx265", (".mp4", ".mkv", ".mov")),
    "prores": ("prores_ks", (".mov", ".mkv")),
    "ffv1": ("ffv1", (".mkv",)),
}
"""Name -> the encoder, and suffixes of the files that hold it; the first is the one that a film gets."""

DEFAULT_CODEC = "av1"
DEFAULT_PEAK_NITS = 1000.0
"""What most HDR films are graded to, and most screens can show."""

FILM_ONLY = ("transfer", "codec", "crf", "preset", "deband", "start", "end")


@dataclasses.dataclass(frozen=True)
class FilmOptions:
    """How a film is converted.

    Attributes:
        transfer: "pq" or "hlg".
        codec: one of CODECS.
        crf, preset: of the encoder; None takes ours.
        strength: 0 to 1, scales every gain.
        white_nits: of SDR white.
        peak_nits: no pixel becomes brighter.
        deband: whether steps of flat 8-bit gradients become slopes.
        start, end: seconds from the film's beginning; None: all of it.
        model: a name, or the path of an .onnx file.
        provider: what computes it, as `pipeline.load` takes it.
    """

    transfer: str = "pq"
    codec: str = DEFAULT_CODEC
    crf: int | None = None
    preset: str | None = None
    strength: float = 1.0
    white_nits: float = 203.0
    peak_nits: float = DEFAULT_PEAK_NITS
    deband: bool = True
    start: float | None = None
    end: float | None = None
    model: str = "fastgamer"
    provider: str = "CPU"

    def __post_init__(self) -> None:
        if not 80 <= self.white_nits <= 1000:
            raise UsageError(f"SDR white must be from 80 to 1000 nits, not {self.white_nits:g}")
        if not self.white_nits <= self.peak_nits <= 10_000:
            raise UsageError(f"the peak must be from SDR white, {self.white_nits:g} nits, to 10000 nits, "
                             f"not {self.peak_nits:g}")  # fmt: skip
        if self.transfer == "hlg" and self.white_nits > 203:
            raise UsageError(f"HLG has its white at 203 nits or below, not at {self.white_nits:g}")
        if self.end is not None and self.end <= (self.start or 0):
            raise UsageError(f"--to {self.end:g} is not after --from {self.start or 0:g}")
        if self.crf is not None and self.codec not in ("av1", "hevc"):
            raise UsageError(f"--crf is for av1 and hevc; {self.codec} has none")
        if self.crf is not None and self.crf > (63 if self.codec == "av1" else 51):
            raise UsageError(f"--crf of {self.codec} ends at {63 if self.codec == 'av1' else 51}, not {self.crf}")
        _check_preset(self.codec, self.preset)


X265_PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
PRORES_PROFILES = ("proxy", "lt", "standard", "hq")


def _check_preset(codec: str, preset: str | None) -> None:
    known = {"av1": tuple(map(str, range(14))), "hevc": X265_PRESETS, "prores": PRORES_PROFILES, "ffv1": ()}[codec]
    if preset is not None and preset not in known:
        what = f"one of {', '.join(known)}" if known else "left out"
        raise UsageError(f"--preset of {codec} must be {what}, not {preset}")


def film_suffixes(codec: str | None) -> tuple[str, ...]:
    """Of files that hold a film of this codec."""
    return CODECS[codec or DEFAULT_CODEC][1]


def add_film_arguments(parser: argparse.ArgumentParser) -> None:
    """Of films only; all default to None, so that one among photos alone can be refused."""
    group = parser.add_argument_group("films (extra 'video')")
    add = group.add_argument
    add("--transfer", choices=("pq", "hlg"), help="signal of the film; default pq (HDR10)")
    add("--codec", choices=tuple(CODECS), help=f"default {DEFAULT_CODEC}")
    add("--crf", type=_crf, metavar="0-63", help="quality of av1 (default 26) and hevc (default 18); lower is better")
    add("--preset", metavar="NAME", help="speed of av1 (0 to 13), hevc (ultrafast to placebo); profile of prores")
    add("--no-deband", dest="deband", action="store_const", const=False,
        help="leave the steps of 8-bit skies as they are")  # fmt: skip
    add("--from", dest="start", type=seconds, metavar="SECONDS", help="begin there, for a trial")
    add("--to", dest="end", type=seconds, metavar="SECONDS", help="end there")


def film_options(arguments: argparse.Namespace) -> FilmOptions:
    """From parsed arguments.

    Raises:
        UsageError: they contradict each other.
    """
    given = {name: getattr(arguments, name) for name in FILM_ONLY}
    given |= {
        "white_nits": arguments.white,
        "peak_nits": arguments.peak,
        "model": arguments.model,
        "provider": arguments.provider,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    return FilmOptions(strength=arguments.strength / 100, **chosen)


def refuse_for_photos(arguments: argparse.Namespace) -> None:
    """See that nothing was asked that only films have.

    Raises:
        UsageError: it was, and there is no film among the inputs.
    """
    words = {"start": "from", "end": "to", "deband": "no-deband"}
    asked = [f"--{words.get(name, name)}" for name in FILM_ONLY if getattr(arguments, name, None) is not None]
    if asked:
        raise UsageError(f"{', '.join(asked)}: for films, and there is none among the inputs")


def _crf(text: str) -> int:
    if not (is_whole(text) and int(text) <= 63):
        raise argparse.ArgumentTypeError(f"must be from 0 to 63, not {text}")
    return int(text)


def seconds(text: str) -> float:
    """A number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"must be seconds, not {text}")
    return value
