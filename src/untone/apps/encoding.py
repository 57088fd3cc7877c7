"""untone encode: an SDR photo and its HDR rendition to one JPEG that holds what leads from one to the other.

As a network of a few kilobytes (gain-mlp, gamma-mlp), which `apply` and `to` read; or as an ordinary gain map.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import formats, pipeline, relation
from ..errors import UntoneError, UsageError
from ..formats import mlp_segment
from ..formats.files import save
from ..image import Image
from ..mlp import WIDTHS, MlpMap
from ..relation import Recipe
from ..residuals import DOMAINS
from .measurement import read_rendition
from .rendition import check_output
from .report import named

NETWORKS = {"gain-mlp": ("gain", "linear"), "gamma-mlp": ("gamma", "pq")}
"""What is stored as a network: kind and usual domain of its residual."""

CODECS = ("jpeg", "heic", "jxl", "avif")

BYTES = 1000
"""Of --size KB."""

LADDER = (8, 16, 24, 32, 48, 64, 96, 128)
"""Neurons that --target-db tries, one after the other."""

SMALL_MAP_DIVISOR, SMALL_MAP_QUALITY = 8, 80
"""Of the ordinary map beside a network."""

MAP_LADDER = tuple((divisor, quality) for divisor in (8, 4, 2, 1) for quality in (50, 70, 85, 95))
"""Sizes and qualities of a gain map that --size and --target-db choose among, smallest first."""

USUAL_MAP = (2, 90)


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """An SDR photo, and the light of its HDR rendition as the photo's pixels lie, in `primaries`."""

    sdr: Image
    light: NDArray[np.float32]
    primaries: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone encode`."""
    add = parser.add_argument
    add("sdr", metavar="SDR", help="the photo; a JPEG stays as it is")
    add("hdr", metavar="HDR", help="the same picture in HDR: .exr, PQ or HLG .png, gain map .jpg ...")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write")
    kinds = (*NETWORKS, *CODECS)
    add("--as", dest="kind", choices=kinds, default="gamma-mlp", help=f"one of {', '.join(kinds)}; default gamma-mlp")
    add("--residual", choices=("gain", "gamma"), help="of a network: a ratio or an exponent; default: as its name says")
    add("--domain", choices=DOMAINS, help="of a network: linear light or PQ codes; default: gain linear, gamma pq")
    add("--neurons", type=int, choices=WIDTHS, metavar="N", help="of each hidden layer, 8 to 128; default 16")
    add("--bits", type=int, choices=(8, 16), default=8, help="of a stored weight; default 8")
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument("--size", type=_positive, metavar="KB", help="the best that adds no more bytes (of 1000)")
    goal.add_argument(
        "--target-db", type=_positive, metavar="DB", help="the smallest that reaches this PSNR of PQ codes"
    )
    add("--seconds", type=_positive, metavar="S", help="of training; default: 4000 steps, about a second")
    add("--with-map", action="store_true", help="add a small ordinary gain map, for viewers that know no networks")
    add("--quality", type=int, choices=range(1, 101), default=95, metavar="1-100", help="of a base encoded anew")
    add("--force", action="store_true", help="replace OUT if it exists")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Read both, encode, write, and say how large and how good it became.

    Raises:
        UsageError: OUT is of another format, exists, or is an input; options that do not go together.
        UntoneError: one cannot be read, they do not fit each other, or nothing fits --size or --target-db.
    """
    _check(arguments)
    sdr, _ = read_rendition(arguments.sdr)
    _, hdr = read_rendition(arguments.hdr)
    try:
        pair = Pair(sdr, relation.aligned(sdr, hdr), hdr.primaries)
        line = _network(arguments, pair) if arguments.kind in NETWORKS else _map(arguments, pair)
    except UsageError:
        raise
    except UntoneError as error:
        raise named(f"{arguments.sdr}, {arguments.hdr}", error) from error
    print(f"{arguments.output}: {line}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    network = arguments.kind in NETWORKS
    suffixes = pipeline.GAIN_MAP_SUFFIXES if network else formats.suffixes_of(arguments.kind)
    check_output(arguments.output, (arguments.sdr, arguments.hdr), suffixes, arguments.force)
    if not network:
        if arguments.residual == "gamma":
            raise UsageError(f"--as {arguments.kind} holds gains; only --as gamma-mlp holds exponents")
        for name in ("domain", "neurons", "seconds", "with_map"):
            if getattr(arguments, name):
                raise UsageError(f"--{name.replace('_', '-')} is of networks, not of --as {arguments.kind}")


# -- as a network -----------------------------------------------------------------------------------------------------


def _network(arguments: argparse.Namespace, pair: Pair) -> str:
    base = _base(pair.sdr, arguments.quality)
    photo, _ = pipeline.read(base)  # what viewers will decode, which is what the network must start from
    best: tuple[MlpMap, float] | None = None
    for recipe in _recipes(arguments):
        found = relation.learned(photo, pair.light, pair.primaries, recipe)
        reached = relation.fidelity(relation.rendition(photo, found), pair.light, pair.primaries)
        if best is None or reached > best[1]:
            best = found, reached
        if arguments.target_db and reached >= arguments.target_db:
            break
    assert best is not None
    if arguments.target_db and best[1] < arguments.target_db:
        most = f"no network of up to {best[0].neurons} neurons reaches {arguments.target_db:g} dB"
        raise UntoneError(f"{most}, only {best[1]:.2f}")
    _write_network(arguments, base, photo, best[0], pair)
    kind, size = best[0].residual.kind, mlp_segment.file_bytes(best[0].neurons, best[0].bits)
    return f"{kind} network of {best[0].neurons} neurons, {size} bytes, {best[1]:.2f} dB (PQ-PSNR)"


def _write_network(arguments: argparse.Namespace, base: bytes, photo: Image, found: MlpMap, pair: Pair) -> None:
    payload = mlp_segment.to_payload(found)
    data = mlp_segment.with_network(base, payload)
    if not arguments.with_map:
        save(Path(arguments.output), [data])
        return
    gain_map = relation.measured(photo, pair.light, pair.primaries, SMALL_MAP_DIVISOR)
    image = dataclasses.replace(photo, encoded=data, mlp=payload)
    pipeline.write(arguments.output, image, gain_map, map_quality=SMALL_MAP_QUALITY)


def _base(sdr: Image, quality: int) -> bytes:
    """The SDR photo as a JPEG without any other rendition: its own bytes where it is one."""
    plain = pipeline.write(None, dataclasses.replace(sdr, mlp=None), None, format="jpeg", quality=quality)
    assert plain is not None
    return mlp_segment.with_network(plain, None)


def _recipes(arguments: argparse.Namespace) -> Iterator[Recipe]:
    kind, domain = NETWORKS[arguments.kind]
    if arguments.residual and arguments.residual != kind:
        kind, domain = next(pair for pair in NETWORKS.values() if pair[0] == arguments.residual)
    options = {"kind": kind, "domain": arguments.domain or domain, "bits": arguments.bits}
    if arguments.seconds:
        options["seconds"] = arguments.seconds
    if arguments.neurons:
        ladder: tuple[int, ...] = (arguments.neurons,)
    elif arguments.size:
        ladder = _fitting(arguments.size * BYTES, arguments.bits)
    else:
        ladder = LADDER if arguments.target_db else (Recipe.neurons,)
    return (Recipe(neurons=neurons, **options) for neurons in ladder)


def _fitting(limit: float, bits: int) -> tuple[int, ...]:
    """The widest network of so many bytes."""
    fitting = [width for width in WIDTHS if mlp_segment.file_bytes(width, bits) <= limit]
    if not fitting:
        least = mlp_segment.file_bytes(WIDTHS[0], bits)
        raise UsageError(f"--size: the smallest network of {bits} bits needs {least} bytes, not {limit:.0f}")
    return (fitting[-1],)


# -- as an ordinary gain map ------------------------------------------------------------------------------------------


def _map(arguments: argparse.Namespace, pair: Pair) -> str:
    sdr = dataclasses.replace(pair.sdr, mlp=None)
    if sdr.encoded is not None:
        sdr = dataclasses.replace(sdr, encoded=mlp_segment.with_network(sdr.encoded, None))
    options = {"format": arguments.kind, "quality": arguments.quality}
    plain = len(pipeline.write(None, sdr, None, **options) or b"")
    chosen: tuple[bytes, int, float] | None = None
    choice = arguments.size or arguments.target_db
    for divisor, quality in MAP_LADDER if choice else (USUAL_MAP,):
        gain_map = relation.measured(sdr, pair.light, pair.primaries, divisor)
        data = pipeline.write(None, sdr, gain_map, **options, map_quality=quality) or b""
        made = pipeline.rendition_of(*pipeline.read(data))
        assert made is not None
        size, reached = len(data) - plain, relation.fidelity(made, pair.light, pair.primaries)
        if arguments.size and size > arguments.size * BYTES:
            continue
        if chosen is None or reached > chosen[2]:
            chosen = data, size, reached
        if arguments.target_db and reached >= arguments.target_db:
            break
    if chosen is None:
        raise UntoneError(f"no gain map as {arguments.kind} fits into {arguments.size:g} KB")
    if arguments.target_db and chosen[2] < arguments.target_db:
        raise UntoneError(f"no gain map as {arguments.kind} reaches {arguments.target_db:g} dB, only {chosen[2]:.2f}")
    save(Path(arguments.output), [chosen[0]])
    return f"gain map as {arguments.kind}, {chosen[1]} bytes, {chosen[2]:.2f} dB (PQ-PSNR)"
