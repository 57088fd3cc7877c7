"""`untone apply`: the HDR rendition of a photo with a gain map or network, as an EXR or a PQ PNG."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import formats, pipeline
from ..console.lines import answer, complain, named
from ..console.options import add_answer, add_force, add_output, white
from ..console.progress import Parts
from ..errors import UntoneError, UsageError
from ..formats.common.files import no_wider_than
from ..formats.common.workers import heard_by
from ..image import Image
from ..system import is_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone apply`."""
    parser.add_argument("file", metavar="FILE", help="photo with a gain map")
    add_output(parser.add_argument, "linear .exr, or 16-bit PQ .png", required=True)
    parser.add_argument(
        "--headroom", type=float, metavar="STOPS", help="of the display it is for; default: all that the map has"
    )
    parser.add_argument(
        "--white", type=white, metavar="NITS", help="what linear 1.0, SDR white, means in OUT; default 203"
    )
    add_force(parser.add_argument)
    add_answer(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Read, apply, write.

    Raises:
        UsageError: OUT is no such format, exists, or is FILE.
        UntoneError: the file has no gain map, or cannot be read or written.
    """
    check_output(arguments.output, (arguments.file,), pipeline.RENDITION_SUFFIXES, arguments.force)
    with no_wider_than(arguments.file), Parts(not arguments.json) as parts, heard_by(parts):
        image = _write(arguments)
    note = pipeline.noted(image, formats.format_of(Path(arguments.output).suffix.lower()))
    facts = {"input": arguments.file, "output": arguments.output, "width": image.width, "height": image.height}
    facts |= {"white_nits": image.white_nits, "note": note}
    if note and not (arguments.json or arguments.quiet):
        complain(f"{arguments.file}: {note}")
    answer(facts, None, as_json=arguments.json, quiet=arguments.quiet)
    return 0


def _write(arguments: argparse.Namespace) -> Image:
    try:
        image, gain_map = pipeline.read(arguments.file, by_rows=True)
        image = pipeline.with_white(image, arguments.white)
        if image.gain_network is None and gain_map is not None:
            pipeline.write_rendition(arguments.output, image, gain_map, arguments.headroom)
        else:
            light = pipeline.rendition_of(image, gain_map, arguments.headroom)
            if light is None:
                hint = "untone to exr writes its HDR pixels" if image.is_hdr else "untone FILE makes one"
                raise UntoneError(image.left_out or f"it carries no gain map; {hint}")
            pipeline.write(arguments.output, light)
    except UntoneError as error:
        raise named(arguments.file, error) from error
    return image


def check_output(output: str, sources: tuple[str, ...], suffixes: tuple[str, ...], force: bool) -> None:
    """Before any work, and before anything is overwritten.

    Raises:
        UsageError: another suffix, a missing folder, one of the sources, a folder, an impossible name, or a file that
            exists (without `force`).
    """
    path = Path(output)
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"-o {output}: the output must end in one of {', '.join(suffixes)}")
    if not is_folder(path.absolute().parent):
        raise UsageError(f"-o {output}: there is no folder {path.parent}")
    try:
        exists = path.exists()
        taken = exists and any(Path(source).exists() and path.samefile(source) for source in sources)
    except OSError as error:  # a name that is too long
        raise UsageError(f"-o {output}: {error.strerror}") from error
    if taken:
        raise UsageError(f"-o {output}: the output would overwrite an input")
    if is_folder(path):
        raise UsageError(f"-o {output}: it is a folder")
    if exists and not force:
        raise UsageError(f"-o {output}: it exists; --force replaces it")
