"""untone inspect film: what it says of itself, by its headers and first frame, who shows it, and what is wrong."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from ...console.lines import one_line
from ...errors import UnsupportedError
from . import metadata, need_av, signals
from .metadata import Light, Said
from .signals import FULL, HLG, LIMITED, PQ, Tags

PRIMARIES = {
    1: "BT.709",
    5: "BT.601 (625 lines)",
    6: "BT.601 (525 lines)",
    9: "BT.2020",
    11: "DCI-P3",
    12: "Display P3",
}
TRANSFERS = {1: "BT.709", 6: "BT.601", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", PQ: "PQ", HLG: "HLG"}
MATRICES = {0: "RGB", 1: "BT.709", 5: "BT.601", 6: "BT.601", 9: "BT.2020 non-constant", 10: "BT.2020 constant"}
RANGES = {LIMITED: "limited range", FULL: "full range"}

PLAYERS = {
    ("hevc", "mp4"): {"TVs, Apple devices, Android, Windows, VLC, mpv, Kodi": "HDR"},
    ("av1", "mp4"): {
        "Chrome, Edge, Firefox, YouTube, Android, VLC, mpv": "HDR where the screen is",
        "TVs since 2020": "HDR",
        "iPhone 15 Pro, Macs with M3, and later": "HDR",
        "older Apple devices": "no picture: they have no AV1 decoder",
    },
    ("hevc", "matroska"): {"TVs, Kodi, Plex, VLC, mpv": "HDR", "Apple players, browsers": "do not read Matroska"},
    ("av1", "matroska"): {"TVs since 2020, Kodi, Plex, VLC, mpv": "HDR", "Apple players": "do not read Matroska"},
    ("prores", "mp4"): {"Final Cut, DaVinci Resolve, Premiere": "HDR, for finishing"},
    ("prores", "matroska"): {"DaVinci Resolve, mpv": "HDR, for finishing"},
    ("ffv1", "matroska"): {"ffmpeg, mpv": "HDR, for archives"},
}
"""By codec and container, of films that are HDR."""

BROKEN, WARNING = "broken", "warning"


@dataclasses.dataclass(frozen=True)
class FilmSignals:
    """Everything `inspect` prints about a film."""

    container: str
    codec: str
    profile: str
    tag: str
    width: int
    height: int
    rate: float
    seconds: float | None
    bits: int
    format: str
    tags: Tags
    said: Said
    light: Light
    dynamic: str | None
    rotation: int
    tracks: tuple[str, ...]

    @property
    def is_hdr(self) -> bool:
        """PQ or HLG, or with dynamic metadata."""
        return self.tags.is_hdr or self.dynamic is not None


def read_signals(path: Path) -> FilmSignals:
    """Of a film.

    Raises:
        UntoneError: it cannot be read, or has no moving picture.
    """
    need_av()
    from .reading import DOLBY_VISION_TAGS, Source

    with Source(path) as source:
        stream, facts = source.video, source.facts
        context = stream.codec_context
        frame = next(event.frame for event in source.events() if hasattr(event, "planes"))
        said = signals.side_data_names(frame)
        dolby = context.codec_tag in DOLBY_VISION_TAGS or any(name.startswith("DOVI") for name in said)
        own, given = signals.tags_of(frame), signals.tags_of(context)
        pairs = zip(dataclasses.astuple(own), dataclasses.astuple(given), (2, 2, 2, 0), strict=True)
        return FilmSignals(
            source.container.format.name.split(",")[0].replace("mov", "mp4"),
            context.codec.canonical_name,
            str(context.profile or ""),
            context.codec_tag.replace("\0", ""),
            facts.width,
            facts.height,
            float(facts.rate),
            facts.seconds,
            frame.format.components[0].bits,
            frame.format.name,
            Tags(*(a if a != unknown else b for a, b, unknown in pairs)),
            metadata.of_container(path),
            metadata.of_frame(frame),
            "Dolby Vision" if dolby else "HDR10+" if "DYNAMIC_HDR_PLUS" in said else None,
            frame.rotation,
            tuple(_track(track) for track in source.tracks()),
        )


def _track(stream: Any) -> str:
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    parts = (stream.type, codec, stream.language or "", stream.metadata.get("title", ""))
    return ", ".join(part for part in parts if part)


def lines(name: str, found: FilmSignals) -> list[str]:
    """The report for people."""
    lasts = f", {found.seconds:.1f} s" if found.seconds else ""
    size = f"{found.width} x {found.height}, {found.rate:.5g} frames/s{lasts}"
    turned = f", turned by {found.rotation} degrees" if found.rotation else ""
    what = f"{found.codec} {found.profile}".strip() + (f" ({found.tag})" if found.tag else "")
    rows = [
        ("file", f"{name}: {found.container}, {size}{turned}"),
        ("video", f"{what}, {found.bits} bit, {colours(found.tags)}"),
        *([("dynamic", found.dynamic)] if found.dynamic else []),
        *(
            [("container", light_words(found.said.light)), ("bitstream", light_words(found.light))]
            if found.is_hdr
            else []
        ),
        *((f"track {k + 1}", text) for k, text in enumerate(found.tracks)),
        *(("verdict" if k == 0 else "", text) for k, text in enumerate(verdict(found))),
    ]
    return [f"{key:<9} {value}" for key, value in rows]


def _light_rows(found: FilmSignals) -> list[tuple[str, str]]:
    return [("container", light_words(found.said.light)), ("bitstream", light_words(found.light))]


def colours(tags: Tags) -> str:
    """H.273 numbers in words."""
    tables = [(PRIMARIES, tags.primaries, "primaries"), (TRANSFERS, tags.transfer, "transfer")]
    tables += [(MATRICES, tags.matrix, "matrix"), (RANGES, tags.range, "range")]
    return ", ".join(table.get(n, f"{what} {n if n not in (0, 2) else 'unspecified'}") for table, n, what in tables)


_REDS = {"P3-D65": 0.680, "BT.2020": 0.708, "BT.709": 0.640}
"""Mastering displays by x of their red."""


def light_words(light: Light) -> str:
    """Mastering display and light levels in words."""
    levels = "no light levels" if light.max_cll is None else f"MaxCLL {light.max_cll}, MaxFALL {light.max_fall}"
    if light.peak_nits is None or light.black_nits is None:
        return f"no mastering display, {levels}"
    space = next((name for name, red in _REDS.items() if light.corners and abs(light.corners[0] - red) < 5e-4), "other")
    return f"mastered on {space}, {round(light.black_nits, 4):g} to {light.peak_nits:g} nits; {levels}"


def verdict(found: FilmSignals) -> list[str]:
    """Who shows it in HDR, one line a player."""
    if not found.is_hdr:
        return ["SDR: untone makes it HDR"]
    if any(finding.severity == BROKEN for finding in findings(found)):
        return ["HDR in pixels, but signalled wrongly: --strict names what is wrong"]
    players = dict(PLAYERS.get((found.codec, found.container), {"mpv, VLC": "HDR"}))
    if found.codec == "hevc" and found.tag == "hev1":
        players["Apple devices"] = "no picture: they want the tag hvc1"
    kind = "HLG" if found.tags.transfer == HLG else "HDR10" if found.light.max_cll is not None else "PQ"
    return [f"{found.dynamic or kind}", *(f"  {player}: {what}" for player, what in players.items())]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One deviation: BROKEN where players show wrong light, WARNING where some do."""

    severity: str
    rule: str
    text: str


def findings(found: FilmSignals) -> list[Finding]:
    """Every deviation from H.273, ST 2086, CTA-861.3 and what players need; none of an SDR film."""
    if not found.is_hdr:
        return []
    return [Finding(*row) for row in (*_pixel_findings(found), *_light_findings(found))]


def _pixel_findings(found: FilmSignals) -> list[tuple[str, str, str]]:
    tags, said, rows = found.tags, found.said, []
    if found.bits < 10:
        rows.append((BROKEN, "bits", f"{found.bits}-bit PQ or HLG: it needs 10, else skies band"))
    if tags.matrix == 2:
        rows.append((BROKEN, "matrix-unspecified", "the matrix is unspecified: players take BT.709, which shifts hues"))
    elif tags.matrix not in (9, 10, 14):
        rows.append((BROKEN, "matrix", f"the matrix is {MATRICES.get(tags.matrix, tags.matrix)}, not BT.2020"))
    if tags.primaries not in (9, 11, 12):
        rows.append(
            (BROKEN, "primaries", f"the primaries are {PRIMARIES.get(tags.primaries, 'unspecified')}, not BT.2020")
        )
    if tags.range == 0:
        rows.append((WARNING, "range-unspecified", "the range is unspecified: players take it for limited"))
    elif tags.range == FULL:
        rows.append((WARNING, "range-full", "full range: many TVs show blacks and whites clipped"))
    for name in ("primaries", "transfer", "matrix"):
        outer, inner = getattr(said, name), getattr(tags, name)
        if outer is not None and outer not in (2, inner):
            rows.append((BROKEN, f"container-{name}", f"the container says {name} {outer}, the bitstream {inner}"))
    if found.container == "mp4" and found.tag == "hev1":
        rows.append((WARNING, "tag", "the tag is hev1: Apple devices play hvc1 only"))
    return rows


def _light_findings(found: FilmSignals) -> list[tuple[str, str, str]]:
    if found.tags.transfer != PQ:
        return []
    inner, outer, rows = found.light, found.said.light, []
    if inner.max_cll is None and outer.max_cll is None:
        rows.append((WARNING, "light-levels-missing", "no MaxCLL and MaxFALL: screens guess how to tone map"))
    if inner.peak_nits is None and outer.peak_nits is None:
        rows.append((WARNING, "mastering-missing", "no mastering display: some TVs do not switch to HDR"))
    if 0 in (inner.max_cll, outer.max_cll):
        rows.append((WARNING, "max-cll-zero", "MaxCLL is 0, which some players take for no HDR (Kodi)"))
    if found.container in ("mp4", "matroska") and (outer.max_cll is None) != (inner.max_cll is None):
        where = "container" if outer.max_cll is None else "bitstream"
        rows.append((WARNING, f"{where}-light-missing", f"light levels are missing in the {where}"))
    if None not in (outer.max_cll, inner.max_cll) and (outer.max_cll, outer.max_fall) != (
        inner.max_cll,
        inner.max_fall,
    ):
        rows.append(
            (BROKEN, "light-levels-differ", f"MaxCLL {outer.max_cll} in the container, {inner.max_cll} in the frames")
        )
    cll, fall = inner.max_cll or outer.max_cll or 0, inner.max_fall or outer.max_fall or 0
    if cll and fall > cll:
        rows.append((BROKEN, "max-fall", f"MaxFALL {fall} is above MaxCLL {cll}"))
    return rows


def as_json(name: str, found: FilmSignals) -> str:
    """The report for scripts."""
    return json.dumps({"file": name} | dataclasses.asdict(found) | {"verdict": verdict(found)}, indent=2)


def inspect_film(arguments: argparse.Namespace) -> int:
    """`untone inspect` of a film; with --strict 1 where it is broken.

    Raises:
        UntoneError: it cannot be read.
    """
    if arguments.html:
        raise UnsupportedError("--html is for photos")
    name, found = arguments.file, read_signals(Path(arguments.file))
    if arguments.strict:
        return _strict(name, findings(found), arguments.json, arguments.quiet)
    if arguments.json:
        print(as_json(name, found))
    elif not arguments.quiet:
        print("\n".join(map(one_line, lines(name, found))))
    return 0


def _strict(name: str, rows: list[Finding], as_json: bool, quiet: bool) -> int:
    broken = any(finding.severity == BROKEN for finding in rows)
    if as_json:
        found = {"file": name, "broken": broken, "findings": [dataclasses.asdict(row) for row in rows]}
        print(json.dumps(found, indent=2))
        return int(broken)
    if quiet:
        return int(broken)
    for finding in rows:
        print(one_line(f"{finding.severity:<9} {finding.rule}: {finding.text}"))
    print(one_line(f"{name}: {'broken' if broken else 'whole'}, {len(rows)} deviation{'s' * (len(rows) != 1)}"))
    return int(broken)
