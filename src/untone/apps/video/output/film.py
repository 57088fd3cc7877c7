"""The film that is written: the video track, the other tracks as they were, whole or not at all."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ....errors import UntoneError
from ....temporaries import beside, held
from .. import measurement
from ..grading import FrameLight
from ..measurement import Levels
from ..options import FilmOptions
from ..reading import Source, reason
from . import containers, matroska, tracks
from .encoding import DEFAULT_PRESET, Encoder, Mastering

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
TAGS = {("hevc", "mp4"): "hvc1", ("hevc", "mov"): "hvc1", ("av1", "mp4"): "av01"}
"""Sample entries; Apple plays HEVC under `hvc1` only."""

NO_TAG = "\0\0\0\0"
PRORES_TAGS = {"proxy": "apco", "lt": "apcs", "standard": "apcn", "hq": "apch"}


class Output:
    """A film beside its target, renamed over it by `finish`; leaving without that leaves nothing.

    Args:
        target: the file to be.
        source: of tracks, metadata and chapters.
        options: of the conversion.
        shift: what is taken off every timestamp, seconds.

    Raises:
        UntoneError: the container cannot hold a track, or the disk refuses.
    """

    def __init__(self, target: Path, source: Source, options: FilmOptions, shift: Fraction = Fraction(0)) -> None:
        import av

        self.target, self._options, self._shift = target, options, shift
        self._source, facts = source, source.facts
        self._mastering = Mastering(options.peak_nits) if options.transfer == "pq" else None
        self.temporary = beside(target, target.suffix.lower())
        self._base = facts.time_base
        self._keys: list[int] = []
        self.encoder = Encoder(options, facts, self._mastering)
        self._template = matroska.template(options.codec, self._mastering)
        name = FORMATS[target.suffix.lower()]
        muxing = {"avoid_negative_ts": "disabled"}  # else every track moves when audio begins before 0
        if name == "matroska":
            muxing["write_crc32"] = "0"  # light levels are put in place afterwards
        else:
            muxing["video_track_timescale"] = muxing["movie_timescale"] = str(_timescale(self._base))
        self._lock = ExitStack()
        try:
            self._lock.enter_context(held(self.temporary))
            self._container = av.open(str(self.temporary), "w", format=name, options=muxing)
        except (av.FFmpegError, OSError) as error:
            self._lock.close()
            self.temporary.unlink(missing_ok=True)
            raise UntoneError(f"cannot write {target}: {reason(error)}") from None
        try:
            self._video = self._add_video(name)
            self._copiers = tracks.add_tracks(self._container, source, name, shift)
            self._container.metadata.update(tracks.kept_metadata(source.container.metadata))
            tracks.add_chapters(self._container, source, shift)
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.temporary.exists():
            self._discard()

    def _add_video(self, name: str) -> Any:
        facts, origin = self._source.facts, self._source.video
        stream = self._container.add_stream_from_template(self._template.streams.video[0], opaque=True)
        context, given = stream.codec_context, self.encoder.context
        context.width, context.height, context.pix_fmt = facts.width, facts.height, given.pix_fmt
        context.extradata = given.extradata
        context.color_primaries, context.color_trc = given.color_primaries, given.color_trc
        context.colorspace, context.color_range = given.colorspace, given.color_range
        context.sample_aspect_ratio, context.framerate = facts.aspect, facts.rate
        context.codec_tag = self._tag(name)
        stream.time_base = self._base
        stream.metadata.update(tracks.kept_metadata(origin.metadata))
        stream.disposition = origin.disposition
        if facts.matrix is not None:
            stream.set_display_matrix(facts.matrix)
        return stream

    def _tag(self, name: str) -> str:
        if self._options.codec == "prores":
            return PRORES_TAGS[self._options.preset or DEFAULT_PRESET["prores"]]
        return TAGS.get((self._options.codec, name), NO_TAG)

    def write_frame(self, frame: Any, pts: int) -> None:
        """Encode one frame."""
        at = pts - int(self._shift / self._base)
        self._mux(self.encoder.encode(frame, at, self._base))

    def write_packet(self, packet: Any) -> None:
        """Copy one packet of another track."""
        import av

        copier = self._copiers.get(packet.stream.index)
        if copier is not None:
            try:
                copier(packet)
            except (av.FFmpegError, OSError) as error:
                raise UntoneError(f"cannot write {self.target}: {reason(error)}") from None

    def finish(self, frames: Sequence[FrameLight]) -> Levels:
        """Write what is left, measure the light, put its levels in their places, and let the film appear.

        Args:
            frames: light of every frame, as it went into the encoder.

        Raises:
            UntoneError: the disk refuses; nothing is left.
        """
        import av

        try:
            self._mux(self.encoder.flush())
            self.encoder.close()
            for copier in self._copiers.values():
                copier(None)
            self._container.close()
            levels = self._measured(frames)
            if self._mastering is not None:
                containers.write_light_levels(self.temporary, self._options.codec, levels)
            if self.target.suffix.lower() == ".mkv":
                facts = self._source.facts
                matroska.write_display_size(self.temporary, facts.width, facts.height, facts.aspect)
            with self.temporary.open("r+b") as file:  # Windows flushes only what may be written
                os.fsync(file.fileno())
            self._lock.close()
            self.temporary.replace(self.target)
            return levels
        except (av.FFmpegError, OSError) as error:
            raise UntoneError(f"cannot write {self.target}: {reason(error)}") from None

    def _measured(self, frames: Sequence[FrameLight]) -> Levels:
        if self._mastering is None:
            return measurement.before_encoding(frames)
        off = int(self._shift / self._base)
        written = [dataclasses.replace(frame, pts=frame.pts - off) for frame in frames]
        pixels = self._source.facts.width * self._source.facts.height
        return measurement.of_written(self.temporary, written, sorted(self._keys), self._base, pixels)

    def _mux(self, packets: Sequence[Any]) -> None:
        import av

        try:
            for packet in packets:
                if packet.is_keyframe:
                    self._keys.append(int(packet.pts * packet.time_base / self._base))
                packet.stream = self._video
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise UntoneError(f"cannot write {self.target}: {reason(error)}") from None

    def _discard(self) -> None:
        import contextlib

        import av

        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._container.close()
        self._lock.close()
        self.temporary.unlink(missing_ok=True)


def _timescale(base: Fraction) -> int:
    """Ticks a second in which every timestamp of the film is whole."""
    scale = base.denominator
    return scale if scale >= 1000 else scale * -(-1000 // scale)
