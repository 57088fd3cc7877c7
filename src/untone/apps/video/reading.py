"""A film's packets and frames as they come: tracks that are copied, and pictures with their exact timestamps."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedError, UnsupportedError, UntoneError
from ...formats.common.limits import MAX_PIXELS
from ...kernels.video import YCbCr
from ...system import reachable, write_fault
from . import refuse_still, signals, truncation
from .signals import SourceSignal, Tags

PROBED_FRAMES = 8
"""Looked at before anything is said of a film: interlacing, and metadata that only frames have."""

DOLBY_VISION_TAGS = ("dvh1", "dvhe", "dav1", "dva1", "dvav")
CENTER_SITED = ("mjpeg", "mpeg1video")

TRUNCATION_SECONDS = 1.0
"""How much earlier than its header says a film may end."""

MATRIX_NUMBERS = {"bt709": 1, "fcc": 4, "bt601": 5, "smpte240m": 7, "bt2020": 9}
"""As swscale counts them."""

INTERLEAVED_SECONDS = 2.0
"""How far behind the pictures of a moment its sound may lie in a file."""

Matrix = tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """One frame of the film; `planes` views its memory."""

    frame: Any
    pts: int
    planes: YCbCr


@dataclasses.dataclass(frozen=True, eq=False)
class Facts:
    """What is known of the film before it is converted.

    Attributes:
        width, height: of a frame, as stored.
        time_base: of every pts.
        rate: frames a second, nominal.
        seconds: that it lasts by its header; None: unknown.
        aspect: sample aspect ratio.
        matrix: display matrix, 9 integers; None: shown as stored.
        orientation: the same as EXIF says it.
        signal: how planes are read.
        interlaced: whether frames are deinterlaced.
        left_alone: why nothing is to be done; None: it is SDR.
    """

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    seconds: float | None
    aspect: Fraction
    matrix: Matrix | None
    orientation: int
    signal: SourceSignal
    interlaced: bool
    left_alone: str | None


class Source:
    """An opened film.

    Attributes:
        container, video: as PyAV has them.
        facts: what is known of it.
        notes: lines about what did not go as one may think.
        start: timestamp, in the time base of the video, that becomes the first; None: as they are.

    Raises:
        UntoneError: it cannot be read, or has no moving picture.
    """

    def __init__(self, path: Path, start: float | None = None, end: float | None = None) -> None:
        import av

        self.path, self._start, self._end = path, start, end
        path = reachable(path)
        self.notes: list[str] = []
        self.decoded = 0
        refuse_still(path)
        try:
            self.container = av.open(str(path))
        except (av.FFmpegError, OSError) as error:
            raise UntoneError(f"cannot read it as a film: {reason(error)}") from None
        try:
            if end is None:
                _check_bytes(path)
            self.video = _moving_picture(self.container)
            self.video.thread_type = "AUTO"
            self._events: deque[Any] = deque()
            self._source = self._demuxed()
            self._graph: Any = None
            self.facts = self._probe()
        except BaseException:
            self.container.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()
        self.container.close()

    def tracks(self) -> list[Any]:
        """Every stream but the one that is converted."""
        return [stream for stream in self.container.streams if stream.index != self.video.index]

    def events(self) -> Iterator[Any]:
        """Packets of other tracks, and Pictures, in the order of the file; decoding ahead by no more than it must.

        Raises:
            DamagedError: the film is broken, or ends before it should.
        """
        last: int | None = None
        for event in self._all_events():
            if not isinstance(event, tuple):
                yield event
                continue
            frame, pts = event
            if last is not None and pts <= last:
                self._note("frames whose timestamps do not rise were moved by a tick")
                pts = last + 1
            last = pts
            yield Picture(frame, pts, self._planes(frame))

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)

    def _all_events(self) -> Iterator[Any]:
        while self._events:
            yield self._events.popleft()
        yield from self._source

    def _probe(self) -> Facts:
        frames: list[Any] = []
        for event in self._source:
            self._events.append(event)
            if isinstance(event, tuple):
                frames.append(event[0])
            if len(frames) == PROBED_FRAMES:
                break
        if not frames and self._start:
            raise UntoneError(f"there is no frame after {self._start:g} seconds")
        if not frames:
            raise DamagedError("no frame of it can be decoded")
        facts = self._facts(frames)
        if facts.interlaced and facts.left_alone is None:
            self.notes.append("its interlaced frames are deinterlaced (bwdif)")
            self._graph = self._deinterlacer(frames[0])
            self._events = deque(out for event in self._events for out in self._filtered(event))
        return facts

    def _facts(self, frames: list[Any]) -> Facts:
        frame, context = frames[0], self.video.codec_context
        if frame.width * frame.height > MAX_PIXELS:
            raise UnsupportedError(f"frames of {frame.width} x {frame.height} are beyond the limit")
        own, said = signals.tags_of(frame), signals.tags_of(context)
        pairs = zip(dataclasses.astuple(own), dataclasses.astuple(said), (2, 2, 2, 0), strict=True)
        tags = Tags(*(a if a != unknown else b for a, b, unknown in pairs))
        location = 2 if context.name in CENTER_SITED else 0
        left_alone = _reason_to_leave(frames, tags, context.codec_tag)
        matrix = _display_matrix(frame)
        told = (
            None if left_alone else signals.source_signal(tags, frame.format.name, frame.height, frame.width, location)
        )
        duration = self.video.duration * self.video.time_base if self.video.duration else None
        whole = self.container.duration / 1_000_000 if self.container.duration else None
        return Facts(
            frame.width,
            frame.height,
            self.video.time_base,
            self.video.average_rate or self.video.guessed_rate or Fraction(25),
            float(duration) if duration else whole,
            self.video.sample_aspect_ratio or Fraction(1),
            matrix,
            orientation(matrix),
            told or SourceSignal("bt709", "left", "bt1886", False, np.eye(3), 8, None),
            any(f.interlaced_frame for f in frames),
            left_alone,
        )

    def _deinterlacer(self, frame: Any) -> Any:
        from av.filter import Graph

        graph = Graph()
        entry = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format.name, time_base=self.video.time_base
        )
        middle, exit_ = graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink")
        entry.link_to(middle)
        middle.link_to(exit_)
        graph.configure()
        return graph

    def _filtered(self, event: Any) -> Iterator[Any]:
        """An event with its frame deinterlaced; None flushes."""
        import av

        if self._graph is None or not (event is None or isinstance(event, tuple)):
            if event is not None:
                yield event
            return
        self._graph.push(None if event is None else event[0])
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield frame, int(frame.pts * frame.time_base / self.video.time_base)

    def _demuxed(self) -> Generator[Any, None, None]:
        """(frame, pts), and packets of other tracks, within the stretch asked for."""
        import av

        base = self.video.time_base
        low = None if self._start is None else self._origin() + self._start
        high = None if self._end is None else self._origin() + self._end
        if low is not None and self._start:
            self.container.seek(int(low * 1_000_000), backward=True)
        expected: int | None = None
        latest, ended = 0.0, False
        try:
            for packet in self.container.demux():
                if packet.stream.index != self.video.index:
                    if packet.dts is None:
                        continue
                    at = float((packet.pts if packet.pts is not None else packet.dts) * packet.stream.time_base)
                    latest = max(latest, at)
                    if (low is None or at >= low) and (high is None or at < high):
                        yield packet
                    continue
                if ended and high is not None:
                    if packet.dts is None or float(packet.dts * base) >= high + INTERLEAVED_SECONDS:
                        return
                    continue
                for frame in packet.decode():
                    pts = self._pts(frame, expected)
                    expected = pts + (frame.duration or max(1, round(1 / (self._rate() * base))))
                    latest = max(latest, float(expected * base))
                    self.decoded += 1
                    if frame.is_corrupt:
                        self._note("its damaged frames are shown as the decoder conceals them")
                    at = float(pts * base)
                    if high is not None and at >= high:
                        yield from self._filtered(None)
                        ended = True
                        break
                    if low is None or at >= low:
                        yield from self._filtered((frame, pts))
        except av.FFmpegError as error:
            raise DamagedError(f"damaged after {latest:.1f} seconds: {reason(error)}") from None
        if ended:
            return
        yield from self._filtered(None)
        self._check_end(latest, low is not None)

    def _origin(self) -> float:
        return float(self.video.start_time * self.video.time_base) if self.video.start_time else 0.0

    def _rate(self) -> Fraction:
        return self.video.average_rate or Fraction(25)

    def _pts(self, frame: Any, expected: int | None) -> int:
        pts = frame.dts if self.container.format.name == "avi" else frame.pts  # AVI has none, only an order
        if pts is not None:
            return int(pts)
        return expected if expected is not None else 0

    def _check_end(self, latest: float, sought: bool) -> None:
        """Every frame that the index knows was there; else, the file did not end before its header says."""
        if self.video.frames and not sought:
            if self.decoded < self.video.frames - self._discarded():
                raise DamagedError(f"truncated: {self.decoded} of its {self.video.frames} frames are there")
            return
        whole, begin = self._stated_seconds(), (self.container.start_time or 0) / 1_000_000
        if whole and latest + TRUNCATION_SECONDS < begin + whole:
            raise DamagedError(f"truncated: it ends after {latest - begin:.1f} of {whole:.1f} seconds")

    def _stated_seconds(self) -> float | None:
        """How long the pictures last; the container's word counts sound and subtitles, which may outlast them."""
        if self.video.duration:
            return float(self.video.duration * self.video.time_base)
        tag = str(self.video.metadata.get("DURATION", ""))  # what mkvmerge and FFmpeg write for each track
        parts = tag.split(":")
        if len(parts) == 3 and all(part.replace(".", "", 1).isdigit() for part in parts):
            return float(sum(float(part) * 60**k for k, part in enumerate(reversed(parts))))
        alone = len(self.container.streams) == 1 and self.container.duration
        return float(self.container.duration) / 1_000_000 if alone else None

    def _discarded(self) -> int:
        """Frames that an edit list hides, and open groups of pictures that cannot be decoded: a few at either end."""
        return 4 if self.video.frames > 16 else 0

    def _planes(self, frame: Any) -> YCbCr:
        signal, facts = self.facts.signal, self.facts
        if (frame.width, frame.height) != (facts.width, facts.height):
            raise UnsupportedError(
                f"its size changes from {facts.width} x {facts.height} to {frame.width} x {frame.height}"
            )
        return planes_of(frame, signal)


def _check_bytes(path: Path) -> None:
    said, there = truncation.said_bytes(path), path.stat().st_size
    if said is not None and said > there:
        raise DamagedError(f"truncated: {there} of its {said} bytes are there; --to SECONDS takes what comes before")


def planes_of(frame: Any, signal: SourceSignal) -> YCbCr:
    """The planes of a decoded frame, in its memory where the kernels read its format."""
    if signal.format is not None:
        own = MATRIX_NUMBERS[signal.matrix]
        given = 2 if signal.full_range else 1
        frame = frame.reformat(format=signal.format, dst_colorspace=own, dst_color_range=given)
    dtype = np.uint8 if signal.bits == 8 else np.uint16
    planes = []
    for plane in frame.planes:
        lines = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
        planes.append(lines.view(dtype)[:, : plane.width])
    y, cb, cr = planes[:3]
    return YCbCr(y, cb, cr, signal.bits, signal.matrix, signal.full_range, signal.siting)


def rgb_codes(frame: Any, signal: SourceSignal) -> NDArray[np.uint16]:
    """[H, W, 3] uint16 encoded RGB over the full range, by FFmpeg's own conversion."""
    own = MATRIX_NUMBERS[signal.matrix]
    given = 2 if signal.full_range else 1
    if not frame.format.is_rgb:
        frame = frame.reformat(format="rgb48le", src_colorspace=own, dst_colorspace=own, src_color_range=given,
                               dst_color_range=2, interpolation="BILINEAR")  # fmt: skip
    else:
        frame = frame.reformat(format="rgb48le")
    codes: NDArray[np.uint16] = frame.to_ndarray()
    return codes


def reason(error: Exception) -> str:
    """A fault of PyAV in a few words."""
    text = write_fault(error) if isinstance(error, OSError) else getattr(error, "strerror", None) or str(error)
    return text.splitlines()[0]


def orientation(matrix: Matrix | None) -> int:
    """EXIF orientation that a display matrix amounts to: x' = a x + c y, y' = b x + d y (ISO/IEC 14496-12, 8.3.2)."""
    if matrix is None:
        return 1
    a, b, c, d = (np.sign(matrix[k]).item() for k in (0, 1, 3, 4))
    turns = {(1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4, (0, 1, 1, 0): 5, (0, 1, -1, 0): 6,
             (0, -1, -1, 0): 7, (0, -1, 1, 0): 8}  # fmt: skip
    return turns.get((a, b, c, d), 1)


def _display_matrix(frame: Any) -> Matrix | None:
    found = signals.side_data(frame, "DISPLAYMATRIX")
    return None if found is None else tuple(np.frombuffer(found, np.int32).tolist())


def _moving_picture(container: Any) -> Any:
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.still_image
    for stream in container.streams.video:
        if stream.codec_context is not None and not (stream.disposition & still):
            return stream
    raise UnsupportedError("it has no moving picture")


def _reason_to_leave(frames: list[Any], tags: Tags, codec_tag: str) -> str | None:
    said = set().union(*map(signals.side_data_names, frames))
    if codec_tag in DOLBY_VISION_TAGS or any(name.startswith("DOVI") for name in said):
        return "it is HDR already (Dolby Vision)"
    if "DYNAMIC_HDR_PLUS" in said:
        return "it is HDR already (HDR10+)"
    if tags.is_hdr:
        return f"it is HDR already ({'PQ' if tags.transfer == signals.PQ else 'HLG'})"
    return None
