"""Films: `untone clip.mp4` -> clip.hdr.mp4. Light to import: what a film is, and the door to the rest.

    packets -> reading -> frames -> scenes, smoothing -> grading (kernels) -> encoding -> writing -> file

A film is a sequence of a few thousand numbers a frame: what the network says of thumbnails is smoothed within scenes,
pixels are touched once.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import UnsupportedError, UntoneError
from ...system import is_file, reachable

FILM_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts", ".3gp",
                 ".wmv", ".flv", ".mxf", ".ogv")  # fmt: skip

_EBML, _RIFF, _FLV, _OGG = b"\x1a\x45\xdf\xa3", b"RIFF", b"FLV\x01", b"OggS"
_FILM_BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4",
                b"3gp5", b"dash", b"mmp4")  # fmt: skip

SNIFFED_BYTES = 64
"""Of a file, by which stills are told."""

MISSING_EXTRA = "films need PyAV: pip install 'untone[video]' (its wheels contain GPL encoders)"


def is_film(path: Path) -> bool:
    """By the suffix; a file without one that we know, by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in FILM_SUFFIXES:
        return True
    path = reachable(path)
    if suffix or not is_file(path):
        return False
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    boxed = head[4:8] == b"ftyp" and head[8:12] in _FILM_BRANDS
    return boxed or head.startswith((_EBML, _FLV, _OGG)) or (head[:4] == _RIFF and head[8:12] == b"AVI ")


def need_av() -> None:
    """See that PyAV is there.

    Raises:
        UntoneError: it is not; the line says what to install.
    """
    try:
        import av  # noqa: F401
    except ImportError:
        raise UntoneError(MISSING_EXTRA) from None


def reason_to_leave(path: Path) -> str | None:
    """Why a film is left alone: it is HDR already; None of one that is converted.

    Raises:
        UntoneError: it cannot be read, or PyAV is missing.
    """
    need_av()
    from .reading import Source  # deferred: brings in PyAV

    with Source(path) as film:
        return film.facts.left_alone


def refuse_still(path: Path) -> None:
    """FFmpeg takes a still for a film of one frame.

    Raises:
        UnsupportedError: it is one.
    """
    from ...formats import sniff  # deferred: the help of every command asks for this module

    try:
        with reachable(path).open("rb") as file:
            kind = sniff(file.read(SNIFFED_BYTES)).name
    except (OSError, UntoneError):  # whoever opens it says what is wrong
        return
    raise UnsupportedError(f"it is a photo ({kind.upper()}), not a film")
