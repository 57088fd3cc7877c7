"""`untone inspect`: HDR signalling of a file, from its headers, and which viewers show it in HDR."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from ... import stores
from ...console.lines import complain, named, one_line
from ...console.options import add_answer
from ...errors import UntoneError, UsageError
from ...formats import naming, probe, probe_opened
from ...formats.common.files import load_bytes, no_wider_than, save
from ...formats.signalling import GainMapSignal, NetworkSignal, Signalling
from ..choices import UNTOUCHED
from ..conversion.planning import PIPE, read_stdin
from ..video import is_film
from ..video.inspection import inspect_film, read_signals
from .validation.files import findings
from .validation.parameters import Finding
from .viewers import shown

PER_CHANNEL = ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone inspect`."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="photo or film, s3://, gs:// or az://, or - for stdin")
    parser.add_argument("--html", metavar="OUT", help="write a page: before, after, map, nits, histogram, deviations")
    parser.add_argument("--strict", action="store_true", help="name every deviation, and what viewers do about it")
    parser.add_argument("--require-hdr", action="store_true", help="exit code 1 where a photo is SDR")
    add_answer(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Print what the headers say; with --strict the deviations, and 1 where one of them breaks a file.

    One file that cannot be read does not stop several.

    Raises:
        UsageError: --html and several files.
        UntoneError: the only file cannot be read, or (without --strict) is damaged.
    """
    names = list(dict.fromkeys(arguments.files))
    if len(names) == 1:
        return _inspect(argparse.Namespace(**vars(arguments), file=names[0]))
    if arguments.html:
        raise UsageError("--html writes the page of one photo; untone view makes one of a folder")
    return max(_one_of_several(argparse.Namespace(**vars(arguments), file=name)) for name in names)


def _one_of_several(arguments: argparse.Namespace) -> int:
    """As _inspect; a fault is a line, JSON is one that names its file."""
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            code = _inspect(arguments)
    except UntoneError as error:
        complain(str(error))
        return 1
    if arguments.json:
        print(json.dumps({"file": arguments.file} | json.loads(told.getvalue())))
    else:
        print(told.getvalue(), end="")
    return code


def _inspect(arguments: argparse.Namespace) -> int:
    try:
        if arguments.file != PIPE and not stores.is_url(arguments.file) and is_film(Path(arguments.file)):
            code = inspect_film(arguments)
            return max(code, _missing_hdr_film(arguments)) if arguments.require_hdr else code
        source = read_stdin() if arguments.file == PIPE else arguments.file
        if arguments.strict:
            source = _loaded(source)
            named_ones = findings(source)
            code = _strict(arguments.file, named_ones, arguments.json, arguments.quiet)
            return max(code, _missing_hdr(arguments, probe(source), named_ones) if not code else 0)
        found = _probed(source)
        deviations = _deviations_of(source, found)
        if arguments.html:
            _write_page(arguments.html, arguments.file, _loaded(source), found)
            return _missing_hdr(arguments, found, deviations)
    except UntoneError as error:
        raise named(arguments.file, error) from error
    if arguments.json:
        print(json.dumps(found.as_dict() | _facts(found, deviations), indent=2))
    elif not arguments.quiet:
        print("\n".join(one_line(line) for line in lines(arguments.file, found, deviations)))
    return _missing_hdr(arguments, found, deviations)


def _loaded(source: str | bytes) -> bytes:
    return stores.load(str(source)) if stores.is_url(source) else load_bytes(source)


def _probed(source: str | bytes) -> Signalling:
    if not stores.is_url(source):
        return probe(source)
    if is_film(Path(str(source))):
        raise UntoneError("films are not read from a store; copy it here")
    with naming(str(source)), stores.opened(str(source)) as data:
        return probe_opened(data)


def _deviations_of(source: str | bytes, found: Signalling) -> list[Finding] | None:
    """What the verdict on a gain map depends on; None of a file in a store, all of which would have to be fetched."""
    if found.gain_map is None:
        return []
    return None if stores.is_url(source) else findings(load_bytes(source))


def _facts(found: Signalling, deviations: Sequence[Finding] | None) -> dict[str, Any]:
    """The verdict for programs: of a gain map, who shows it, and who would but for a deviation."""
    facts: dict[str, Any] = {"verdict": verdict(found, deviations)}
    if found.gain_map is not None:
        facts["shown_in"], facts["not_in"] = shown(found.format, found.gain_map.encodings, deviations or ())
    return facts


def _missing_hdr(arguments: argparse.Namespace, found: Signalling, deviations: Sequence[Finding] | None) -> int:
    """1, and a line, where HDR is required and no viewer shows any."""
    said = verdict(found, deviations)
    if not (arguments.require_hdr and said.startswith("SDR")):
        return 0
    complain(f"{arguments.file}: {said}; --require-hdr asks for HDR")
    return 1


def _missing_hdr_film(arguments: argparse.Namespace) -> int:
    if read_signals(Path(arguments.file)).is_hdr:
        return 0
    complain(f"{arguments.file}: SDR; --require-hdr asks for HDR")
    return 1


def _write_page(target: str, name: str, data: bytes, found: Signalling) -> None:
    from ..page.document import document, entry  # deferred: decodes, where the rest of this command reads headers
    from ..page.renditions import as_it_is

    deviations = findings(data)
    text = "\n".join([*map(one_line, lines(name, found, deviations)), "", *_deviations(name, deviations)])
    with no_wider_than(name):
        save(Path(target), [document([entry(name, as_it_is(data), UNTOUCHED, text)]).encode(errors="replace")])


def _strict(name: str, found: list[Finding], as_json: bool, quiet: bool) -> int:
    broken = any(f.broken for f in found)
    if as_json:
        print(json.dumps({"file": name, "broken": broken, "findings": [f.as_dict() for f in found]}, indent=2))
    if as_json or quiet:
        return int(broken)
    print("\n".join(_deviations(name, found)))
    return int(broken)


def _deviations(name: str, found: list[Finding]) -> list[str]:
    """The report of --strict for people."""
    told = []
    for finding in found:
        told.append(one_line(f"{finding.severity:<9} {finding.rule}: {finding.text}"))
        told += [f"{'':<9}   {viewer} {does.text}" for viewer, does in finding.viewers.items()]
    verdict = "broken" if any(f.broken for f in found) else "whole"
    return [*told, one_line(f"{name}: {verdict}, {len(found)} deviation{'s' * (len(found) != 1)}")]


def lines(name: str, found: Signalling, deviations: Sequence[Finding] | None = ()) -> list[str]:
    """The report for people."""
    base = f"{found.base.primaries}, {found.base.transfer}, {found.base.bits} bit"
    rows = [
        ("file", f"{name}: {found.format}, {found.width} x {found.height}, orientation {found.orientation}"),
        ("base", base + (f", ICC profile {found.icc!r}" if found.icc is not None else "")),
        *(_gain_map(found.gain_map) if found.gain_map else [("gain map", "none")]),
        *(_network(found.network) if found.network else []),
        *(("warning", text) for text in found.warnings),
        ("verdict", verdict(found, deviations)),
    ]
    return [f"{key:<9} {value}" for key, value in rows]


def _gain_map(found: GainMapSignal) -> list[tuple[str, str]]:
    headrooms = f"{found.base_headroom_stops:.3f} -> {found.alternate_headroom_stops:.3f} stops"
    space = "the base's colour space" if found.use_base_colour_space else "its own colour space"
    return [
        ("gain map", f"{found.width} x {found.height}, {found.channels} channels, {', '.join(found.encodings)}"),
        ("", f"headroom {headrooms}, applied in {space}"),
        *(("", f"{key.replace('_', ' ')} {_numbers(getattr(found, key))}") for key in PER_CHANNEL),
    ]


def _network(found: NetworkSignal) -> list[tuple[str, str]]:
    kind = f"{found.residual} of {'PQ codes' if found.domain == 'pq' else 'linear light'}, {found.primaries}"
    layers = f"{found.codec or f'{found.neurons} neurons'}, {found.bits} bit, {found.bytes} bytes"
    made = f"headroom {found.headroom_stops:.3f} stops, made for {found.width} x {found.height}"
    return [("residual" if found.codec else "network", f"{kind}, {layers}"), ("", made)]


def _kept(found: NetworkSignal) -> str:
    return "residual map" if found.codec else "gain network"


def _numbers(values: list[float]) -> str:
    return " ".join(f"{value:.5g}" for value in values)


def verdict(found: Signalling, deviations: Sequence[Finding] | None = ()) -> str:
    """One sentence on which viewers show this file in HDR, given all of its deviations; None: they are not known."""
    if found.gain_map is not None:
        better = f"; untone apply reads its {_kept(found.network)}, which knows more" if found.network else ""
        better += "" if deviations is not None else "; its deviations are looked for by --strict"
        return _gain_map_verdict(found.format, found.gain_map, deviations) + better
    if found.network is not None:
        return f"HDR by {_kept(found.network)} in untone (apply, to); elsewhere the SDR base is shown"
    if found.base.transfer in ("pq", "hlg"):
        return f"HDR: {found.base.transfer.upper()} pixels; a viewer without HDR support shows them too dark or grey"
    if found.base.transfer == "linear":
        return "HDR: linear light, for compositors and grading tools"
    return "SDR: no HDR signalling"


def _gain_map_verdict(container: str, found: GainMapSignal, deviations: Sequence[Finding] | None) -> str:
    known, lost = shown(container, found.encodings, deviations or ())
    base = "SDR" if found.alternate_headroom_stops >= found.base_headroom_stops else "HDR"
    but = "".join(
        f"; not in {', '.join(n for n in lost if lost[n] == rule)} ({rule})" for rule in dict.fromkeys(lost.values())
    )
    if not known and lost:
        return (
            f"SDR in effect: no known viewer applies the gain map{but}"
            if base == "SDR"
            else f"HDR: the base alone{but}"
        )
    return f"HDR by gain map in {', '.join(known) or 'no known viewer'}{but}; elsewhere the {base} base is shown"
