"""Checks of the kernels' arguments; each raises one UntoneError that names the offending argument."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import PRIMARIES
from ..errors import UntoneError
from ..image import Pixels

Floats = NDArray[Any]

TABLE_TRANSFERS = ("srgb", "bt1886", "gamma22")
"""Transfers of an SDR base: light per channel, from a table of every code."""


def checked(pixels: Pixels) -> Pixels:
    """The pixels, in memory as the native code reads them: packed RGB within a row.

    Raises:
        UntoneError: not [H, W, 3] uint8 or uint16.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype not in (np.uint8, np.uint16):
        raise UntoneError(
            f"pixels must be a uint8 or uint16 array, not {getattr(pixels, 'dtype', type(pixels).__name__)}"
        )
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise UntoneError(f"pixels must be [height, width, 3] and not empty, not {list(pixels.shape)}")
    size = pixels.itemsize
    packed = pixels.strides[1:] == (3 * size, size) and pixels.flags.aligned
    return pixels if packed else np.array(pixels, order="C")  # one pixel counts as contiguous whatever its strides


def checked_light(light: Floats) -> NDArray[np.float32]:
    """The light as float32, in memory as the native code reads it: packed RGB within a row.

    Raises:
        UntoneError: not [H, W, 3] float16 or float32.
    """
    if not isinstance(light, np.ndarray) or light.dtype not in (np.float16, np.float32):
        raise UntoneError(f"light must be float16 or float32, not {getattr(light, 'dtype', type(light).__name__)}")
    if light.ndim != 3 or light.shape[2] != 3 or 0 in light.shape:
        raise UntoneError(f"light must be [height, width, 3] and not empty, not {list(light.shape)}")
    packed = light.dtype == np.float32 and light.strides[1:] == (12, 4) and light.flags.aligned
    return light if packed else np.array(light, np.float32, order="C")


def check_output(transfer: str, dtype: Any) -> None:
    """Of light: the transfer of the base, and the type of the result."""
    if transfer not in TABLE_TRANSFERS:
        raise UntoneError(f"transfer of an SDR base must be one of {', '.join(TABLE_TRANSFERS)}, not {transfer!r}")
    if np.dtype(dtype) not in (np.float16, np.float32):
        raise UntoneError(f"dtype must be float16 or float32, not {dtype}")


def check_white(primaries: str, white_nits: float) -> None:
    """Of what becomes PQ: known primaries, and white within it."""
    if primaries not in PRIMARIES:
        raise UntoneError(f"primaries must be one of {', '.join(PRIMARIES)}, not {primaries!r}")
    if not 0 < white_nits <= 10_000:
        raise UntoneError(f"white_nits must be above 0 and at most 10000, not {white_nits}")


def check_out(out: Any, shape: tuple[int, ...], dtype: Any, *inputs: Floats) -> None:
    """Of a buffer for the result: None, or one that native code may fill while it reads the inputs."""
    if out is None:
        return
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != np.dtype(dtype):
        got = f"{list(out.shape)} {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise UntoneError(f"out must be {list(shape)} {np.dtype(dtype)}, not {got}")
    if not (out.flags.c_contiguous and out.flags.writeable and out.flags.aligned):
        raise UntoneError("out must be contiguous and writable")
    if any(np.may_share_memory(out, given) for given in inputs):
        raise UntoneError("out must not share memory with the input")


def check_counted(codes: NDArray[Any], counts: NDArray[Any]) -> None:
    """Of count_largest.

    Raises:
        UntoneError: other shapes or types, or memory that lies otherwise.
    """
    if not isinstance(codes, np.ndarray) or codes.dtype != np.uint16 or codes.ndim != 3 or codes.shape[2] != 3:
        raise UntoneError("codes must be a uint16 array [height, width, 3]")
    if not isinstance(counts, np.ndarray) or counts.dtype != np.int64 or counts.shape != (65536,):
        raise UntoneError("counts must be an int64 array [65536]")
    if not (codes.flags.c_contiguous and counts.flags.c_contiguous and counts.flags.writeable):
        raise UntoneError("codes and counts must be contiguous, and counts writable")
