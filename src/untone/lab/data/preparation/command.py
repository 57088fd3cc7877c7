"""`untone data`: preparation of data sets before training; one verb a line in VERBS."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ....console import progress
from ....console.lines import complain
from ....console.options import Add, add_folder, add_force, add_quiet
from ....errors import UntoneError, UsageError
from ....formats.common.files import save
from ....image import DIFFUSE_WHITE_NITS
from .. import packs
from ..layouts.pairing import ID_LENGTH
from ..sources import Source, sources

PACK_BYTES = 50 << 20
"""What a packed set should stay under, to travel easily."""


@dataclasses.dataclass(frozen=True)
class Verb:
    """One line of the table: the help, the arguments, and what is done with them."""

    summary: str
    arguments: Callable[[Add], object]
    run: Callable[[argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone data`."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=type(parser))
    for name, verb in VERBS.items():
        one = verbs.add_parser(name, help=verb.summary, description=f"{verb.summary[0].upper()}{verb.summary[1:]}.")
        add_folder(one.add_argument, "folder; of pack, a .zip")
        add_force(one.add_argument)
        add_quiet(one.add_argument, "no progress")
        verb.arguments(one.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """`untone data VERB`: 0 when all went well, 1 where a file failed."""
    with progress.interruptible():
        return VERBS[arguments.verb].run(arguments)


# -- crop -------------------------------------------------------------------------------------------------------------


def _crop_arguments(add: Add) -> None:
    add("folder", type=Path, metavar="DIR", help="pairs of the GMNet or the HDRTV1K layout, or a folder of pictures")
    add("--size", type=int, default=480, help="side of a patch; default 480")
    add("--stride", type=int, help="pixels from one patch to the next; default: its size")
    add("--edges", action="store_true", help="also cut a last patch that ends at the border")


def _crop(arguments: argparse.Namespace) -> int:
    from . import crops

    stride = arguments.size if arguments.stride is None else arguments.stride
    cut = crops.Cut(arguments.size, stride, arguments.edges, arguments.force)
    return crops.crop(arguments.folder, arguments.output, cut)


# -- extract ----------------------------------------------------------------------------------------------------------


def _extract_arguments(add: Add) -> None:
    add("photos", type=Path, nargs="+", metavar="PHOTO", help="photos with a gain map, or folders of them")
    add("--rgb", action="store_true", help="keep three channels, instead of the gain of luminance")


def _extract(arguments: argparse.Namespace) -> int:
    from .extraction import extract

    paths = listed(arguments.photos, (".jpg", ".jpeg", ".avif", ".png"))
    alike = len(paths) - len({path.stem[:ID_LENGTH] for path in paths})
    if alike:
        complain(
            f"{alike} names share their first {ID_LENGTH} characters with another; GMNet's own code confuses those"
        )
    work = functools.partial(extract, folder=arguments.output, rgb=arguments.rgb, force=arguments.force)
    return progress.each(paths, "photos", work, str)


def listed(places: Sequence[Path], suffixes: tuple[str, ...]) -> list[Path]:
    """Files, and the files with such suffixes in folders, in order, each once.

    Raises:
        UntoneError: a folder holds none.
        UsageError: two would get one name.
    """
    found = list(dict.fromkeys(path for place in places for path in _files(place, suffixes)))
    names: dict[str, Path] = {}
    for path in found:
        if path.stem in names:
            raise UsageError(f"{names[path.stem]} and {path} would both become {path.stem}; rename one of them")
        names[path.stem] = path
    return found


def _files(place: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    inside = [p for p in sorted(place.iterdir()) if p.suffix.lower() in suffixes and not p.name.startswith(".")]
    if not inside:
        raise UntoneError(f"{place}: no files of {', '.join(suffixes)}")
    yield from inside


# -- render and pq ----------------------------------------------------------------------------------------------------


def _render_arguments(add: Add) -> None:
    add("folder", type=Path, metavar="DIR", help="pairs of any layout")
    add("--protocol", choices=("ours", "gmnet"), default="ours", help="gmnet: plain 2.2 and no offsets; default ours")
    add("--format", choices=("exr", "tiff"), default="exr", help="float32 EXR or TIFF; default exr")


def _render(arguments: argparse.Namespace) -> int:
    from .linear import render

    options = {"protocol": arguments.protocol, "kind": arguments.format, "force": arguments.force}
    return render(arguments.folder, arguments.output, **options)


def _pq_arguments(add: Add) -> None:
    add("light", type=Path, nargs="+", metavar="HDR", help="linear EXR, float TIFF or Radiance HDR, or folders of them")
    add("--white", type=float, default=DIFFUSE_WHITE_NITS, metavar="NITS", help="of light 1.0; default 203")
    add("--scale", type=float, default=1.0, help="multiply light first: the peak, where files were divided by it")
    add("--keep-primaries", action="store_true", help="do not convert to BT.2020 (GMNet's own view does not)")


def _pq(arguments: argparse.Namespace) -> int:
    from .linear import view

    for name, value in (("--white", arguments.white), ("--scale", arguments.scale)):
        if not (math.isfinite(value) and 0 < value <= 10_000):
            raise UsageError(f"{name} must be above 0 and at most 10000, not {value:g}")
    paths = listed(arguments.light, (".exr", ".hdr", ".pic", ".tif", ".tiff"))
    arguments.output.mkdir(parents=True, exist_ok=True)
    options = {"white_nits": arguments.white, "scale": arguments.scale, "keep_primaries": arguments.keep_primaries}

    def work(path: Path) -> None:
        target = arguments.output / f"{path.stem}.png"
        if arguments.force or not target.exists():
            view(path, target, **options)

    return progress.each(paths, "pictures", work, str)


# -- pack -------------------------------------------------------------------------------------------------------------


def _pack_arguments(add: Add) -> None:
    add("hdr", type=Path, nargs="+", metavar="HDR", help="HDR images, or folders of them")
    add("--width", type=int, default=1024, help="wider ones are reduced to it; default 1024")
    add("--steps", type=int, default=packs.STEPS, help=f"codes a stop, up to {packs.MAX_STEPS}; default {packs.STEPS}")
    add("--panorama", choices=("auto", "yes", "no"), default="auto", help="auto takes 2:1 pictures as panoramas")


def _pack(arguments: argparse.Namespace) -> int:
    """Pictures are kept beside the pack until it is whole, so that an interrupted run goes on where it was."""
    out: Path = arguments.output
    if out.suffix.lower() not in packs.SUFFIXES or not 8 <= arguments.width <= 8192:
        raise UsageError(f"-o must be a .zip and --width 8 to 8192, not {out.name} and {arguments.width}")
    if not 1 <= arguments.steps <= packs.MAX_STEPS:
        raise UsageError(f"--steps must be 1 to {packs.MAX_STEPS}, not {arguments.steps}")
    if out.exists() and not arguments.force:
        raise UntoneError(f"{out} exists; --force replaces it")
    parts = out.with_name(f".{out.name}.parts")
    parts.mkdir(parents=True, exist_ok=True)
    members, pictures = [], {}
    found = sources(arguments.hdr, panorama=arguments.panorama)
    with progress.Progress(len(found), "sources") as going:
        for name, source in named(found).items():
            pictures[name], loss = _packed(source, parts, arguments.width, arguments.steps)
            members.append(packs.Member(name, source.scene, source.is_panorama, source.has_ground, loss))
            going.step()
    packs.write(out, members, pictures, arguments.steps)
    for path in parts.iterdir():
        path.unlink()
    parts.rmdir()
    _tell(out, members)
    return 0


def named(found: list[Source]) -> dict[str, Source]:
    """Sources by a name of their own: the file's, with a number where it is taken."""
    names: dict[str, Source] = {}
    for source in found:
        name, number = source.member or source.path.stem, 1
        while name in names:
            number += 1
            name = f"{source.path.stem}_{number}"
        names[name] = source
    return names


def _packed(source: Source, parts: Path, width: int, steps: int) -> tuple[bytes, float]:
    stamp = f"{source.path.resolve()} {source.path.stat().st_mtime_ns} {source.member} {source.stops} {width} {steps}"
    kept = parts / hashlib.sha256(stamp.encode("utf-8", "surrogateescape")).hexdigest()
    if kept.exists():
        data = kept.read_bytes()
        return data[8:], float(data[:8])
    picture, loss = packs.encoded(packs.reduced(source.light(), width), steps)
    save(kept, [f"{loss:8.6f}".encode(), picture])
    return picture, round(loss, 6)


def _tell(out: Path, members: list[packs.Member]) -> None:
    size = out.stat().st_size
    losses = sorted(member.loss_stops for member in members)
    complain(
        f"{out}: {len(members)} sources, {size / 2**20:.1f} MiB, rms loss {sum(losses) / len(losses):.4f} stops "
        f"in the mean, {losses[-1]:.4f} at worst"
    )
    if size > PACK_BYTES:
        complain(f"{out}: passes {PACK_BYTES >> 20} MiB; --steps {packs.STEPS - 4} or --width 768 makes it smaller")


# -- restraint --------------------------------------------------------------------------------------------------------


def _restraint(arguments: argparse.Namespace) -> int:
    from ..restraint import cases

    count = cases.write(arguments.output)
    complain(f"{arguments.output}: {count} pictures; untone eval --restraint {arguments.output} judges a model by them")
    return 0


VERBS = {
    "crop": Verb("cut patches of a data set", _crop_arguments, _crop),
    "extract": Verb("take SDR, gain map and metadata out of photos with a gain map", _extract_arguments, _extract),
    "render": Verb("make linear HDR of SDR pictures and their gain maps", _render_arguments, _render),
    "pq": Verb("make PQ pictures of linear HDR, to look at", _pq_arguments, _pq),
    "restraint": Verb("write the pictures that must not shine and that must", lambda add: None, _restraint),
    "pack": Verb("put many HDR sources into one small file", _pack_arguments, _pack),
}
"""Name: the line in the help, the arguments, what is done."""
