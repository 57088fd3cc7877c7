"""untone export: a 3D LUT or a shader of each scene, dynamic metadata, or frames of light, of an SDR film."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ....console.lines import answer, complain, fault_line, named
from ....console.options import add_answer, percent, white
from ....console.progress import Progress, interruptible
from ....errors import UntoneError, UsageError
from ....system import is_folder
from .. import need_av
from ..options import DEFAULT_PEAK_NITS, FilmOptions, seconds

if TYPE_CHECKING:
    from ..smoothing import Steady


class Collector(Protocol):
    """Takes a film's pictures in order, and writes what it makes of them at the end."""

    def add(self, steady: Steady) -> None:
        """One picture."""

    def finish(self) -> list[Path]:
        """Write what is left; what was written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone export`."""
    add = parser.add_argument
    add("film", metavar="FILM", help="an SDR film")
    add("-o", "--output", metavar="PATTERN.exr", help="frames of light, linear BT.2020: frames/%%06d.exr, from 1")
    add("--cube", metavar="FOLDER", help="a 3D LUT of each scene, BT.709 to BT.2020 PQ: scene-0001.cube")
    add("--shader", metavar="FOLDER", help="an mpv user shader of each scene, with its grids: scene-0001.glsl")
    add("--points", type=int, choices=(33, 65), default=33, help="of a LUT on each side; default 33")
    add("--hdr10plus-json", metavar="FILE", help="HDR10+ metadata of every frame, for hdr10plus_tool and x265")
    add("--dovi-json", metavar="FILE", help="Dolby Vision levels 1 and 6 of every scene, for dovi_tool generate")
    add("--strength", type=percent, default=100.0, metavar="0-150", help="percent of the gain; default 100")
    add("--peak", type=float, default=DEFAULT_PEAK_NITS, metavar="NITS", help="no pixel becomes brighter; default 1000")
    add("--white", type=white, default=203.0, metavar="NITS", help="of SDR white; default 203")
    add("--from", dest="start", type=seconds, metavar="SECONDS", help="begin there")
    add("--to", dest="end", type=seconds, metavar="SECONDS", help="end there")
    add("--model", default="fastgamer", metavar="NAME|PATH", help="a model by name, or an .onnx file")
    add("--provider", default="CPU", metavar="NAME", help="what computes the model; default CPU")
    add("--force", action="store_true", help="replace outputs that exist")
    add_answer(add)


def run(arguments: argparse.Namespace) -> int:
    """Write what was asked for.

    Raises:
        UsageError: nothing was asked for, or outputs exist.
        UntoneError: the film cannot be read, or a file not written.
    """
    options = FilmOptions(strength=arguments.strength / 100, white_nits=arguments.white, peak_nits=arguments.peak,
                          start=arguments.start, end=arguments.end, model=arguments.model,
                          provider=arguments.provider)  # fmt: skip
    targets = [arguments.output, arguments.cube, arguments.shader, arguments.hdr10plus_json, arguments.dovi_json]
    if not any(targets):
        raise UsageError("name what to export: -o frames/%06d.exr, --cube, --shader, --hdr10plus-json or --dovi-json")
    _check_targets(arguments)
    need_av()
    try:
        with interruptible():
            written = _export(arguments, options)
    except UntoneError as error:
        raise named(arguments.film, error) from error
    names = [str(path) for path in written]
    facts = {"film": arguments.film, "outputs": names}
    answer(facts, "\n".join(names), as_json=arguments.json, quiet=arguments.quiet)
    return 0


def _check_targets(arguments: argparse.Namespace) -> None:
    from .frames import check_pattern

    files = [Path(name) for name in (arguments.hdr10plus_json, arguments.dovi_json) if name]
    if arguments.output:
        check_pattern(arguments.output)
        files.append(Path(arguments.output % 1))
    for folder, suffix in ((arguments.cube, ".cube"), (arguments.shader, ".glsl")):
        if folder:
            files.append(Path(folder, f"scene-0001{suffix}"))
    for number, file in enumerate(files):
        folder = file.absolute().parent
        if not is_folder(folder) and (os.path.lexists(folder) or not is_folder(folder.parent)):
            wrong = f"{file.parent} is no folder" if os.path.lexists(folder) else f"there is no folder {folder.parent}"
            raise UsageError(f"{file}: {wrong}")
        if os.path.lexists(file) and not arguments.force:
            raise UsageError(f"{file} exists; --force replaces it")
        if file.absolute() in [other.absolute() for other in files[:number]]:
            raise UsageError(f"{file} would be written twice; name two files")


def _export(arguments: argparse.Namespace, options: FilmOptions) -> list[Path]:
    from ..conversion import expected_frames, operator_model, pictures, timeline
    from ..reading import Source
    from . import lut, shader
    from .dynamic import DynamicMetadata
    from .frames import LightFrames
    from .scene_files import SceneFiles

    model = operator_model(options.model, options.provider)
    with ExitStack() as stack:
        film = stack.enter_context(Source(Path(arguments.film), options.start, options.end))
        if film.facts.left_alone is not None:
            raise UntoneError(film.facts.left_alone)
        collectors: list[Collector] = []
        if arguments.output:
            collectors.append(LightFrames(arguments.output, film.facts, options))
        if arguments.cube:
            luts = partial(lut.content, points=arguments.points)
            collectors.append(SceneFiles(Path(arguments.cube), ".cube", luts, film.facts, options))
        if arguments.shader:
            collectors.append(SceneFiles(Path(arguments.shader), ".glsl", shader.content, film.facts, options))
        if arguments.hdr10plus_json or arguments.dovi_json:
            collectors.append(DynamicMetadata(arguments.hdr10plus_json, arguments.dovi_json, film.facts, options))
        expected = expected_frames(film.facts, options) or 1
        progress = None if arguments.quiet else stack.enter_context(Progress(expected, "frames"))
        for steady in pictures(film, timeline(film.facts, model)):
            for collector in collectors:
                collector.add(steady)
            if progress is not None:
                progress.step()
        for note in film.notes:
            complain(fault_line(arguments.film, note))
        return [path for collector in collectors for path in collector.finish()]
