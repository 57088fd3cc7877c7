"""Audio, subtitles, attachments, chapters: copied by packets, converted only where the container cannot hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ....errors import UntoneError
from ..reading import Source

Copier = Callable[[Any], None]
"""Takes a packet of one track; None says that there are no more."""

TEXT_IN = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip"}
SUBTITLES = {
    "mp4": ("mov_text", "dvd_subtitle", "dvdsub"),
    "mov": ("mov_text",),
    "matroska": ("subrip", "srt", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "pgssub", "dvd_subtitle", "dvdsub",
                 "dvb_subtitle", "dvbsub"),
}  # fmt: skip
"""That a container holds; asked, muxers only say so when they write their header."""

TEXT_CODECS = ("subrip", "srt", "mov_text", "text", "ass", "ssa", "webvtt")
NO_TEXT = b"\0\0"
"""Packets of mov_text that end the one before; the muxer makes its own."""

DROPPED_KEYS = ("encoder", "major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "duration")
"""Metadata that the container writes by itself."""


def kept_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """What of a film's or track's metadata is copied."""
    kept = {key: value for key, value in metadata.items() if key.lower() not in DROPPED_KEYS}
    if "name" in kept and "title" not in kept:  # as MP4 calls the title of a track
        kept["title"] = kept.pop("name")
    return kept


def add_chapters(container: Any, source: Source, shift: Fraction) -> None:
    """The source's chapters, where it has any."""
    chapters = source.container.chapters()
    if not chapters:
        return
    moved = []
    for chapter in chapters:
        off = round(shift / (chapter["time_base"] or 1))
        if chapter["end"] - off > 0:
            moved.append({**chapter, "start": max(chapter["start"] - off, 0), "end": chapter["end"] - off})
    container.set_chapters(moved)


def add_tracks(container: Any, source: Source, name: str, shift: Fraction) -> dict[int, Copier]:
    """A track for each other track of the source; index of the source's -> what copies its packets.

    Raises:
        UntoneError: the container holds neither a track nor anything it could be converted to.
    """
    copiers: dict[int, Copier] = {}
    chaptered = bool(source.container.chapters())
    for stream in source.tracks():
        if stream.type == "attachment":
            _attach(container, stream, source, name)
        elif stream.type == "data" and chaptered and stream.codec_context is None and _is_mp4(source):
            continue  # an MP4 keeps its chapters as a track of text, which the muxer writes anew
        elif stream.type == "data" and name == "matroska":
            _leave_out(stream, source)
        else:
            copier = _add_track(container, stream, source, name, shift)
            if copier is not None:
                copiers[stream.index] = copier
    return copiers


def _add_track(container: Any, stream: Any, source: Source, name: str, shift: Fraction) -> Copier | None:
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    if stream.type == "subtitle" and codec not in SUBTITLES[name]:
        return _add_converted(container, stream, source, name, shift)
    try:
        added = container.add_stream_from_template(stream, opaque=True)
    except (ValueError, NotImplementedError):
        return _add_converted(container, stream, source, name, shift)
    _dress(added, stream)
    added.time_base = stream.time_base
    off = round(shift / stream.time_base)

    def copy(packet: Any) -> None:
        if packet is not None and not (codec == "mov_text" and bytes(packet) == NO_TEXT):
            _shift(packet, off)
            packet.stream = added
            container.mux(packet)

    return copy


def _add_converted(container: Any, stream: Any, source: Source, name: str, shift: Fraction) -> Copier | None:
    codec = stream.codec_context.name if stream.codec_context is not None else ""
    what = f"track {stream.index} ({stream.type}{codec and ', ' + codec})"
    if stream.type == "audio":
        source.notes.append(f"{what} becomes AAC: the container cannot hold it")
        return _audio_converter(container, stream, shift)
    if stream.type == "subtitle" and codec in TEXT_CODECS:
        source.notes.append(f"{what} becomes plain text: the container cannot hold it")
        return _text_converter(container, stream, name, shift)
    if stream.type == "data":
        _leave_out(stream, source)
        return None
    raise UntoneError(f"{what} does not go into this container; name an .mkv output")


def _leave_out(stream: Any, source: Source) -> None:
    source.notes.append(f"track {stream.index} ({stream.type}) is left out: the container cannot hold it")


def _is_mp4(source: Source) -> bool:
    return "mp4" in source.container.format.name


def _audio_converter(container: Any, stream: Any, shift: Fraction) -> Copier:
    from av.audio.resampler import AudioResampler

    rate = stream.codec_context.sample_rate
    added = container.add_stream("aac", rate=rate, layout=stream.codec_context.layout.name)
    _dress(added, stream)
    resampler = AudioResampler(format="fltp", layout=stream.codec_context.layout.name, rate=rate)
    off = shift

    def convert(packet: Any) -> None:
        frames = stream.codec_context.decode(packet)
        made = [out for frame in frames for out in resampler.resample(frame)]
        if packet is None:
            made += resampler.resample(None)
        for frame in made:
            frame.pts = None if frame.pts is None else frame.pts - round(off / (frame.time_base or 1))
            container.mux(added.encode(frame))
        if packet is None:
            container.mux(added.encode(None))

    return convert


def _text_converter(container: Any, stream: Any, name: str, shift: Fraction) -> Copier:
    added = container.add_mux_stream(TEXT_IN[name])
    _dress(added, stream)
    added.time_base = stream.time_base
    off = round(shift / stream.time_base)
    source_codec = stream.codec_context.name

    def convert(packet: Any) -> None:
        from av.packet import Packet

        if packet is None:
            return
        text = plain_text(bytes(packet), source_codec)
        data = text.encode()
        made = Packet(len(data).to_bytes(2, "big") + data if TEXT_IN[name] == "mov_text" else data)
        made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.pts, packet.duration, packet.time_base
        _shift(made, off)
        made.stream = added
        if text:
            container.mux(made)

    return convert


def plain_text(data: bytes, codec: str) -> str:
    """The words of one packet of subtitles, without their styles."""
    import re

    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    if codec in ("ass", "ssa"):
        text = text.split(",", 8)[-1].replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
        text = re.sub(r"\{[^}]*\}", "", text)
    return text.strip("\n\0")


def _attach(container: Any, stream: Any, source: Source, name: str) -> None:
    title = stream.metadata.get("filename") or stream.name or f"attachment-{stream.index}"
    if name != "matroska":
        source.notes.append(f"attachment {title} is left out: an .mkv output would hold it")
        return
    container.add_attachment(title, stream.mimetype or "application/octet-stream", stream.data)


def _dress(added: Any, stream: Any) -> None:
    added.metadata.update(kept_metadata(stream.metadata))
    added.disposition = stream.disposition


def _shift(packet: Any, off: int) -> None:
    if off:
        packet.pts = None if packet.pts is None else packet.pts - off
        packet.dts = None if packet.dts is None else packet.dts - off
