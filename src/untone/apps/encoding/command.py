"""`untone encode`: an SDR photo and its HDR rendition to one file with a gain network, residual map or gain map.

As a network of a few kilobytes (gain-mlp, gamma-mlp) or an exponent for each pixel (a codec and --residual gamma),
which `apply` and `to` read; or as an ordinary gain map.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import formats, pipeline
from ...console.lines import answer, named
from ...console.options import add_answer, add_force, add_output, add_quality, is_whole
from ...errors import UntoneError, UsageError
from ...formats.common.files import no_wider_than, save
from ...formats.jpeg import network_segment, residual_segment
from ...gain_network import WIDTHS, GainNetwork
from ...image import Image
from ...implicit import encoding as network_encoding
from ...implicit.encoding import RECIPES, Recipe
from ...residuals import DOMAINS, KINDS
from ..measurement.command import read_rendition
from ..rendition import check_output
from .alignment import check_turn

NETWORKS = {"gain-mlp": ("gain", "linear"), "gamma-mlp": ("gamma", "pq")}
"""Kinds of networks: kind and usual domain of the residual."""

CODECS = ("jpeg", "heic", "jxl", "avif")

AUTO = "auto"
"""Of --neurons: encoding.width_for."""

BYTES = 1000
"""Of --size KB."""

LADDER = (8, 16, 24, 32, 48, 64, 96, 128)
"""Neurons that --target-db tries, one after the other."""

SMALL_MAP_DIVISOR, SMALL_MAP_QUALITY = 8, 80
"""Of the ordinary map beside a network."""

MAP_LADDER = tuple((divisor, quality) for divisor in (8, 4, 2, 1) for quality in (50, 70, 85, 95))
"""Sizes and qualities of a gain map that --size and --target-db choose among, smallest first."""

USUAL_MAP = (2, 90)

Written = tuple[bytes, int, float]
"""A file, the bytes that its network or map adds, and the PQ-PSNR it reaches."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """An SDR photo, and the light of its HDR rendition as the photo's pixels lie, in `primaries`."""

    sdr: Image
    light: NDArray[np.float32]
    primaries: str


@dataclasses.dataclass(frozen=True)
class Made:
    """What leads to the HDR rendition: what it is, the bytes that it adds, and the PQ-PSNR it reaches."""

    what: str
    bytes: int
    pq_psnr_db: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone encode`."""
    add = parser.add_argument
    add("sdr", metavar="SDR", help="the photo; a JPEG stays as it is")
    add("hdr", metavar="HDR", help="the same picture in HDR: .exr, PQ or HLG .png, gain map .jpg ...")
    add_output(add, "the file to write", required=True)
    kinds = (*NETWORKS, *CODECS)
    add("--as", dest="kind", choices=kinds, default="gamma-mlp", help=f"one of {', '.join(kinds)}; default gamma-mlp")
    add("--residual", choices=KINDS, help="a ratio, or an exponent, which only untone reads; default: as its name says")
    add(
        "--domain", choices=DOMAINS, help="of what only untone reads: light or PQ codes; default: gain linear, gamma pq"
    )
    add("--recipe", choices=tuple(RECIPES), help="of training: ours (default), or the paper's schedule, 16 bits")
    most = "of each hidden layer, 8 to 128, or auto: as many as are worth their bytes; default 16"
    add("--neurons", type=_neurons, choices=(*WIDTHS, AUTO), metavar="N", help=most)
    add("--bits", type=int, choices=(8, 16), help=f"of a stored weight; default: the recipe's, {Recipe.bits}")
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument("--size", type=_positive, metavar="KB", help="the best network or map of no more bytes (of 1000)")
    goal.add_argument(
        "--target-db", type=_positive, metavar="DB", help="the smallest that reaches this PSNR of PQ codes"
    )
    add("--seconds", type=_positive, metavar="S", help="of training; default: 4000 steps, about a second")
    add("--with-map", action="store_true", help="add a small ordinary gain map, for viewers that know no networks")
    add_quality(add, default=95)
    add_force(add)
    add_answer(add)


def _neurons(text: str) -> int | str:
    if text != AUTO and not is_whole(text):
        raise argparse.ArgumentTypeError(f"must be {WIDTHS[0]} to {WIDTHS[-1]}, a multiple of 8, or auto, not {text}")
    return text if text == AUTO else int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {text}")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Read both, encode, write, and print bytes and PQ-PSNR.

    Raises:
        UsageError: OUT is of another format, exists, or is an input; options that do not go together.
        UntoneError: one cannot be read, they do not fit each other, or nothing fits --size or --target-db.
    """
    _check(arguments)
    sdr, _ = read_rendition(arguments.sdr)
    _, hdr = read_rendition(arguments.hdr)
    try:
        pair = Pair(sdr, network_encoding.aligned(sdr, hdr), hdr.primaries)
        check_turn(sdr, pair.light)
        with no_wider_than(arguments.sdr, arguments.hdr):
            if arguments.kind in NETWORKS:
                made = _network(arguments, pair)
            else:
                made = _map(arguments, pair, _coded if _ours(arguments) else _ordinary)
    except UsageError:
        raise
    except UntoneError as error:
        raise named(f"{arguments.sdr}, {arguments.hdr}", error) from error
    facts = {"sdr": arguments.sdr, "hdr": arguments.hdr, "output": arguments.output} | dataclasses.asdict(made)
    text = f"{arguments.output}: {made.what}, {made.bytes} bytes, {made.pq_psnr_db:.2f} dB (PQ-PSNR)"
    answer(facts, text, as_json=arguments.json, quiet=arguments.quiet)
    return 0


def _ours(arguments: argparse.Namespace) -> bool:
    """Whether a JPEG with APP11 segments of our own is written: networks, and residuals outside ISO 21496-1."""
    return arguments.kind in NETWORKS or arguments.residual == "gamma" or arguments.domain == "pq"


def _check(arguments: argparse.Namespace) -> None:
    ours = _ours(arguments)
    suffixes = pipeline.GAIN_MAP_SUFFIXES if ours else formats.suffixes_of(arguments.kind)
    check_output(arguments.output, (arguments.sdr, arguments.hdr), suffixes, arguments.force)
    if arguments.kind in NETWORKS:
        _check_size(arguments)
    else:
        networks = ("recipe", "neurons", "bits", "seconds")
        refused = networks if ours else (*networks, "with_map")
        for name in refused:
            if getattr(arguments, name):
                raise UsageError(f"--{name.replace('_', '-')} is of networks, not of --as {arguments.kind}")


def _check_size(arguments: argparse.Namespace) -> None:
    """Before any work: whether a network of these neurons can be so small."""
    asked, bits = arguments.neurons, _bits(arguments)
    if arguments.size and asked != AUTO and (asked or 0) > _widest(arguments.size, bits):
        raise UsageError(f"--size: a network of {asked} neurons needs {network_segment.file_bytes(asked, bits)} bytes")


# -- as a network -----------------------------------------------------------------------------------------------------


def _network(arguments: argparse.Namespace, pair: Pair) -> Made:
    base = _base(pair.sdr, arguments.quality)
    photo, _ = pipeline.read(base)  # what viewers will decode, which is what the network must start from
    best: tuple[GainNetwork, float] | None = None
    for recipe in _recipes(arguments, photo, pair):
        found = network_encoding.learned(photo, pair.light, pair.primaries, recipe)
        reached = network_encoding.fidelity(network_encoding.rendition(photo, found), pair.light, pair.primaries)
        if best is None or reached > best[1]:
            best = found, reached
        if arguments.target_db and reached >= arguments.target_db:
            break
    assert best is not None
    if arguments.target_db and best[1] < arguments.target_db:
        most = f"no network of up to {best[0].neurons} neurons reaches {arguments.target_db:g} dB"
        raise UntoneError(f"{most}, only {best[1]:.2f}")
    _write_network(arguments, base, photo, best[0], pair)
    kind, size = best[0].residual.kind, network_segment.file_bytes(best[0].neurons, best[0].bits)
    return Made(f"{kind} network of {best[0].neurons} neurons", size, round(best[1], 4))


def _write_network(arguments: argparse.Namespace, base: bytes, photo: Image, found: GainNetwork, pair: Pair) -> None:
    save(Path(arguments.output), [_with(arguments, base, photo, network_segment.to_payload(found), pair)])


def _with(arguments: argparse.Namespace, base: bytes, photo: Image, payload: bytes, pair: Pair) -> bytes:
    """The JPEG with a payload in segments of our own, and a small ordinary gain map where that is asked for."""
    data = network_segment.with_network(base, payload)
    if not arguments.with_map:
        return data
    gain_map = network_encoding.measured(photo, pair.light, pair.primaries, SMALL_MAP_DIVISOR)
    image = dataclasses.replace(photo, encoded=data, gain_network=payload)
    return pipeline.write(None, image, gain_map, format="jpeg", map_quality=SMALL_MAP_QUALITY) or b""


def _base(sdr: Image, quality: int) -> bytes:
    """The SDR photo as a JPEG without any other rendition: its own bytes where it is one."""
    plain = pipeline.write(None, dataclasses.replace(sdr, gain_network=None), None, format="jpeg", quality=quality)
    assert plain is not None
    return network_segment.with_network(plain, None)


def _recipes(arguments: argparse.Namespace, photo: Image, pair: Pair) -> Iterator[Recipe]:
    kind, domain = NETWORKS[arguments.kind]
    if arguments.residual and arguments.residual != kind:
        kind, domain = next(pair for pair in NETWORKS.values() if pair[0] == arguments.residual)
    bits = _bits(arguments)
    options: dict[str, Any] = {"kind": kind, "domain": arguments.domain or domain, "bits": bits}
    if arguments.seconds:
        options["seconds"] = arguments.seconds
    widest = _widest(arguments.size, bits) if arguments.size else WIDTHS[-1]
    if arguments.neurons == AUTO:
        wanted = network_encoding.width_for(photo, pair.light, pair.primaries, _recipe(arguments, options))
        ladder: tuple[int, ...] = (min(wanted, widest),)
    elif arguments.neurons:
        ladder = (arguments.neurons,)
    elif arguments.size:
        ladder = (widest,)
    else:
        ladder = LADDER if arguments.target_db else (Recipe.neurons,)
    return (_recipe(arguments, options | {"neurons": neurons}) for neurons in ladder)


def _recipe(arguments: argparse.Namespace, options: dict[str, Any]) -> Recipe:
    return dataclasses.replace(RECIPES[arguments.recipe or "ours"], **options)


def _bits(arguments: argparse.Namespace) -> int:
    bits: int = arguments.bits or RECIPES[arguments.recipe or "ours"].bits
    return bits


def _widest(kilobytes: float, bits: int) -> int:
    """Neurons of the widest network of so many bytes."""
    fitting = [width for width in WIDTHS if network_segment.file_bytes(width, bits) <= kilobytes * BYTES]
    if not fitting:
        least = network_segment.file_bytes(WIDTHS[0], bits)
        raise UsageError(
            f"--size: the smallest network of {bits} bits needs {least} bytes, not {kilobytes * BYTES:.0f}"
        )
    return fitting[-1]


# -- as a map ---------------------------------------------------------------------------------------------------------


def _map(
    arguments: argparse.Namespace, pair: Pair, written: Callable[[argparse.Namespace, Pair, int, int], Written]
) -> Made:
    """The map that --size or --target-db asks for, or the usual one, kept in the file that `written` makes."""
    name = f"{arguments.residual or 'gain'} map as {arguments.kind}"
    chosen: Written | None = None
    choice = arguments.size or arguments.target_db
    for divisor, quality in MAP_LADDER if choice else (USUAL_MAP,):
        made = written(arguments, pair, divisor, quality)
        if arguments.size and made[1] > arguments.size * BYTES:
            continue
        if chosen is None or made[2] > chosen[2]:
            chosen = made
        if arguments.target_db and made[2] >= arguments.target_db:
            break
    if chosen is None:
        raise UntoneError(f"no {name} fits into {arguments.size:g} KB")
    if arguments.target_db and chosen[2] < arguments.target_db:
        raise UntoneError(f"no {name} reaches {arguments.target_db:g} dB, only {chosen[2]:.2f}")
    save(Path(arguments.output), [chosen[0]])
    return Made(name, chosen[1], round(chosen[2], 4))


def _ordinary(arguments: argparse.Namespace, pair: Pair, divisor: int, quality: int) -> Written:
    """A gain map of ISO 21496-1 in the container of the codec."""
    sdr = dataclasses.replace(pair.sdr, gain_network=None)
    if sdr.encoded is not None and sdr.encoded.startswith(b"\xff\xd8"):
        sdr = dataclasses.replace(sdr, encoded=network_segment.with_network(sdr.encoded, None))
    options = {"format": arguments.kind, "quality": arguments.quality}
    plain = len(pipeline.write(None, sdr, None, **options) or b"")
    gain_map = network_encoding.measured(sdr, pair.light, pair.primaries, divisor)
    data = pipeline.write(None, sdr, gain_map, **options, map_quality=quality) or b""
    made = pipeline.rendition_of(*pipeline.read(data))
    assert made is not None
    return data, len(data) - plain, network_encoding.fidelity(made, pair.light, pair.primaries)


def _coded(arguments: argparse.Namespace, pair: Pair, divisor: int, quality: int) -> Written:
    """A residual outside ISO 21496-1, coded by the codec, in APP11 segments of a JPEG."""
    base = _base(pair.sdr, arguments.quality)
    photo, _ = pipeline.read(base)
    kind = arguments.residual or "gain"
    domain = arguments.domain or ("pq" if kind == "gamma" else "linear")
    shape = (arguments.kind, divisor, quality)
    found = network_encoding.mapped(photo, pair.light, pair.primaries, kind, domain, *shape)
    payload = residual_segment.to_payload(found)
    reached = network_encoding.fidelity(network_encoding.rendition(photo, found), pair.light, pair.primaries)
    data = _with(arguments, base, photo, payload, pair)
    return data, len(network_segment.parts(payload)), reached
