"""Clips, made here: tiny, with everything that a film may have."""

from fractions import Fraction

import numpy as np
import pytest

av = pytest.importorskip("av", reason="films need PyAV: pip install 'untone[video]'")

WIDTH, HEIGHT, RATE = 160, 90, 24


def scene(index, *, bright=0.35, width=WIDTH, height=HEIGHT, noise=0.0, seed=0):
    """[H, W, 3] float in 0..1: a gradient, and a soft sun that moves."""
    y, x = np.mgrid[:height, :width]
    picture = np.stack([x / width, y / height, 1 - x / width], -1) * bright + 0.1
    sun = np.exp(-((x - 40 - 2 * index) ** 2 + (y - 45) ** 2) / 300)[..., None]
    picture = picture * (1 - sun) + sun
    if noise:
        picture = picture + np.random.default_rng(seed + index).normal(0, noise, picture.shape[:2])[..., None]
    return np.clip(picture, 0, 1)


def write_clip(path, pictures, *, codec="libx264", pix_fmt="yuv420p", rate=RATE, pts=None, base=None, tags=(1, 1, 1, 1),
               options=None, dress=None, after=None, muxing=None):  # fmt: skip
    """A film of pictures in 0..1; `tags` are matrix, primaries, transfer, range. Returns the path."""
    base = base or Fraction(1, rate)
    with av.open(str(path), "w", options=muxing or {}) as container:
        first = pictures[0]
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = first.shape[1], first.shape[0], pix_fmt
        stream.options = {"crf": "6", "preset": "veryfast"} if options is None else options
        context = stream.codec_context
        context.time_base = base
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = tags
        if dress is not None:
            dress(container, stream)
        matrix = {1: 1, 5: 5, 6: 5, 9: 9}.get(tags[0], 1)
        packets = []
        for index, picture in enumerate(pictures):
            rgb = av.VideoFrame.from_ndarray((picture * 255 + 0.5).astype(np.uint8), format="rgb24")
            frame = rgb.reformat(format=pix_fmt, dst_colorspace=matrix, dst_color_range=tags[3])
            frame.pts, frame.time_base = (index if pts is None else pts[index]), base
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet in packets:
            container.mux(packet)
        if after is not None:
            after(container)
    return path


def add_tone(container, seconds=1.0, language="deu"):
    """A track of AAC; returns what fills it."""
    stream = container.add_stream("aac", rate=48000)
    stream.metadata["language"] = language

    def fill():
        wave = (np.sin(np.arange(1024) * 0.05) * 0.1).astype(np.float32)[None].repeat(2, 0)
        for k in range(int(seconds * 48000 / 1024)):
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 1024 * k, Fraction(1, 48000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    return fill


def add_words(container, codec, words):
    """A track of subtitles: (milliseconds, text)."""
    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "spa"

    def fill():
        for at, text in words:
            data = text.encode()
            packet = av.Packet(len(data).to_bytes(2, "big") + data if codec == "mov_text" else data)
            packet.pts = packet.dts = at
            packet.duration, packet.time_base, packet.stream = 300, Fraction(1, 1000), stream
            container.mux(packet)

    return fill


def decoded(path):
    """Frames of a film as (pts in seconds, [H, W] Y', Cb, Cr)."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            kind = np.uint8 if "10" not in frame.format.name else np.uint16
            planes = []
            for plane in frame.planes:
                lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                planes.append(lines.view(kind)[:, : plane.width].copy())
            found.append((frame.pts * frame.time_base, *planes))
    return found


def packets_of(path):
    """Index of a track -> its (pts in seconds, bytes)."""
    found = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.dts is not None and packet.size:
                found.setdefault(packet.stream.index, []).append((packet.pts * packet.stream.time_base, bytes(packet)))
    return found
