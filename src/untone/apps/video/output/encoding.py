"""Encoders of HDR films: their options, and frames whose planes are filled in place."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....errors import UntoneError
from ....system import ordinary_threads
from ..options import CODECS, FilmOptions
from ..reading import Facts
from ..signals import BT2020, BT2020_NCL, HLG, LIMITED, PQ

Planes = tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]

PIXEL_FORMAT = "yuv420p10le"
WRITTEN_FORMATS = {"prores": "yuv422p10le"}
"""Of codecs that do not take PIXEL_FORMAT."""

PLACEHOLDER_CLL, PLACEHOLDER_FALL = 0xA5C3, 0x5AC3
"""Stand where light levels go until the last frame is known."""

P3_D65 = (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450)
"""Green, blue, red, white of the mastering display, in units of 0.00002 (ST 2086); every colour of SDR lies within."""

DARKEST_NITS = 0.0001

DEFAULT_CRF = {"av1": 26, "hevc": 18}
DEFAULT_PRESET = {"av1": "8", "hevc": "fast", "prores": "hq"}
LOOK_AHEAD_FRAMES = {"av1": 16}
"""SVT-AV1's own default holds 60 and more pictures, gigabytes at 4K."""


AV1_SIDES = 4, 16384
"""Pixels of a side that SVT-AV1 takes; ProRes takes any."""


@dataclasses.dataclass(frozen=True)
class Mastering:
    """What the film was made on, as HDR10 says it: P3-D65, this peak, DARKEST_NITS."""

    peak_nits: float


def encoder_options(options: FilmOptions, mastering: Mastering | None) -> dict[str, str]:
    """Of the encoder of a codec; `mastering` None for HLG, which has no metadata."""
    preset = options.preset or DEFAULT_PRESET.get(options.codec, "")
    crf = str(DEFAULT_CRF.get(options.codec, 0) if options.crf is None else options.crf)
    if options.codec == "av1":
        return {"preset": preset, "crf": crf, "svtav1-params": _svt_parameters(mastering)}
    if options.codec == "hevc":
        return {"preset": preset, "crf": crf, "x265-params": _x265_parameters(options.transfer, mastering)}
    if options.codec == "prores":
        return {"profile": preset, "vendor": "apl0"}
    return {"level": "3", "slicecrc": "1"}


def _svt_parameters(mastering: Mastering | None) -> str:
    parts = ["chroma-sample-position=colocated", f"lookahead={LOOK_AHEAD_FRAMES['av1']}"]
    if mastering is not None:
        g, b, r, w = (P3_D65[k : k + 2] for k in (0, 2, 4, 6))
        corners = "".join(f"{n}({x / 50000:g},{y / 50000:g})" for n, (x, y) in zip("GBR", (g, b, r), strict=True))
        white = f"WP({w[0] / 50000:g},{w[1] / 50000:g})"
        parts += ["enable-hdr=1", f"content-light={PLACEHOLDER_CLL},{PLACEHOLDER_FALL}"]
        parts += [f"mastering-display={corners}{white}L({mastering.peak_nits:g},{DARKEST_NITS:g})"]
    return ":".join(parts)


def _x265_parameters(transfer: str, mastering: Mastering | None) -> str:
    trc = PQ if transfer == "pq" else HLG
    parts = ["log-level=none", f"colorprim={BT2020}", f"transfer={trc}", f"colormatrix={BT2020_NCL}", "range=limited"]
    parts += ["chromaloc=2", "repeat-headers=1"]
    if mastering is not None:
        g, b, r, w = (P3_D65[k : k + 2] for k in (0, 2, 4, 6))
        corners = "".join(f"{n}({x},{y})" for n, (x, y) in zip(("G", "B", "R", "WP"), (g, b, r, w), strict=True))
        light = f"L({round(mastering.peak_nits * 10000)},{round(DARKEST_NITS * 10000)})"
        parts += ["hdr10=1", f"master-display={corners}{light}", f"max-cll={PLACEHOLDER_CLL},{PLACEHOLDER_FALL}"]
    return ":".join(parts)


class Encoder:
    """One film's encoder, outside of any container.

    Raises:
        UntoneError: it does not take such a film.
    """

    def __init__(self, options: FilmOptions, facts: Facts, mastering: Mastering | None) -> None:
        import av

        os.environ.setdefault("SVT_LOG", "0")  # it writes to stderr by itself, also when a film is given up
        self.context: Any = av.CodecContext.create(CODECS[options.codec][0], "w")
        context = self.context
        context.width, context.height = facts.width, facts.height
        context.pix_fmt = WRITTEN_FORMATS.get(options.codec, PIXEL_FORMAT)
        context.color_primaries, context.color_trc = BT2020, PQ if options.transfer == "pq" else HLG
        context.colorspace, context.color_range = BT2020_NCL, LIMITED
        self._format, self._transfer = context.pix_fmt, context.color_trc
        context.time_base, context.framerate = facts.time_base, facts.rate
        context.sample_aspect_ratio = facts.aspect
        context.options = encoder_options(options, mastering)
        context.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER
        try:
            with ordinary_threads():
                context.open()
        except (av.FFmpegError, ValueError) as error:
            size = f"{facts.width} x {facts.height}"
            hint = _hint(options.codec, facts.width, facts.height)
            raise UntoneError(f"the encoder {context.name} takes no film of {size}{hint} ({_words(error)})") from None

    def frame(self) -> tuple[Any, Planes]:
        """A new frame, and its planes to fill."""
        import av

        frame = av.VideoFrame(self.context.width, self.context.height, PIXEL_FORMAT)
        return frame, planes_of(frame)

    def encode(self, frame: Any, pts: int, time_base: Fraction) -> Sequence[Any]:
        """Packets that are ready."""
        if self._format != PIXEL_FORMAT:
            frame.colorspace, frame.color_range = BT2020_NCL, LIMITED
            frame = frame.reformat(
                format=self._format, dst_colorspace=BT2020_NCL, dst_color_range=LIMITED, interpolation="BILINEAR"
            )
        frame.pts, frame.time_base = pts, time_base
        frame.color_primaries, frame.color_trc = BT2020, self._transfer
        frame.colorspace, frame.color_range = BT2020_NCL, LIMITED
        packets: Sequence[Any] = self.context.encode(frame)
        return packets

    def flush(self) -> Sequence[Any]:
        """The rest of the packets."""
        packets: Sequence[Any] = self.context.encode(None)
        return packets

    def close(self) -> None:
        """Let go of its memory, which at 4K is more than a gigabyte."""
        self.context = None


def _hint(codec: str, width: int, height: int) -> str:
    """The codec that takes a film of this size, where it is another."""
    by_av1 = all(AV1_SIDES[0] <= side <= AV1_SIDES[1] for side in (width, height))
    other = "av1" if by_av1 else "prores"
    return f"; --codec {other} does" if other != codec else ""


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).split(":")[0]


def planes_of(frame: Any) -> Planes:
    """Views of a PIXEL_FORMAT frame."""
    found = []
    for plane in frame.planes:
        lines = np.frombuffer(plane, np.uint8)[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)
        found.append(lines.view(np.uint16)[:, : plane.width])
    y, cb, cr = found
    return y, cb, cr
