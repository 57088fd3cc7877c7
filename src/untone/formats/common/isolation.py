"""Codecs that damaged files crash or keep busy for ever, run in a process of their own."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np

from ...errors import DamagedError, LimitError
from ...image import Pixels

PROGRAM = """
import os, sys
out = os.dup(1)
os.dup2(2, 1)  # what the codec prints is no array
import imagecodecs, numpy
try:
    array = getattr(imagecodecs, sys.argv[1])(sys.stdin.buffer.read())
except Exception as error:
    sys.stderr.write("\\n" + " ".join(str(error).split())[:160])
    sys.exit(1)
with os.fdopen(out, "wb") as stream:
    numpy.save(type("Pipe", (), {"write": staticmethod(stream.write)})(), array)  # in pieces: a pipe has no positions
"""

START_SECONDS, SECONDS_PER_MEGAPIXEL = 20.0, 2.0
"""What a process may take: far more than any codec needs on a busy machine."""


def decoded(codec: str, data: bytes, pixels: int) -> Pixels:
    """As pixels.decoded, by a function of imagecodecs, in another process: a crash there is a damaged file here.

    Args:
        codec: its name.
        data: what it decodes.
        pixels: how many the header states, by which it is given time.

    Raises:
        DamagedError: the codec refuses the data, or crashes.
        LimitError: it takes far longer than so many pixels need.
    """
    seconds = START_SECONDS + SECONDS_PER_MEGAPIXEL * pixels / 1e6
    try:
        done = subprocess.run([sys.executable, "-c", PROGRAM, codec], input=data, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise LimitError(f"decoding took more than {seconds:.0f} seconds, far more than its pixels need") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        said = words[-1] if words and done.returncode == 1 else "they crash the decoder"
        raise DamagedError(f"the image data cannot be decoded: {said}")
    array: Pixels = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return array
