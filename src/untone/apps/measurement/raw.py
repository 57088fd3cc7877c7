"""Light of a RAW file, by LibRaw (rawpy, extra `raw`): linear, white-balanced as shot, beyond where a channel clips."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedError, UnsupportedError, UntoneError
from ...formats.common.limits import check_size
from ...formats.common.quiet import muted
from ...image import turned_upright

PRIMARIES = "bt2020"
"""Of the light: wide enough that no colour of a sensor's matrix is cut off that a photo could show."""

SATURATED = 0.98
"""Share of the sensor's white from which a sample is taken for clipped."""

ADJUSTED = 0.75
"""Share of the stated white that the largest sample must reach to be taken for the true white, as LibRaw has it."""

ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}
"""LibRaw's flip to EXIF orientation."""

FULL = 65535


@dataclasses.dataclass(frozen=True, eq=False)
class RawLight:
    """What a sensor saw, upright.

    Attributes:
        light: [h, w, 3] float32, linear, in PRIMARIES; 1.0 has no meaning beyond this file.
        clipped: [h, w], where the sensor was saturated: light is a lower bound there.
        pitch: the sensor's pixels to a side of one of these.
    """

    light: NDArray[np.float32]
    clipped: NDArray[np.bool_]
    pitch: int = 1


def read(name: str) -> RawLight:
    """The light of a RAW file; of sensors with a 2 x 2 pattern, a pixel for each pattern.

    Raises:
        UntoneError: rawpy is not installed, or the file cannot be read.
        UnsupportedError: LibRaw does not know this camera or compression.
        DamagedError: the file contradicts its format.
        LimitError: more pixels than formats.common.limits allows.
    """
    try:
        import rawpy
    except ModuleNotFoundError as error:
        raise UntoneError("reading RAW needs rawpy: pip install 'untone[raw]'") from error
    try:
        with open(name, "rb") as file, muted(), rawpy.imread(file) as raw:  # noqa: PTH123  # a name may be no path of ours
            check_size(raw.sizes.raw_width, raw.sizes.raw_height)
            return _decoded(rawpy, raw)
    except OSError as error:
        raise UntoneError(f"{error.strerror or error}") from error
    except rawpy.LibRawFileUnsupportedError as error:
        raise UnsupportedError("this is no RAW file of a kind that LibRaw reads") from error
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        text = error.args[0] if error.args else error
        said = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
        raise DamagedError(f"the RAW cannot be decoded: {said}") from error


def _decoded(rawpy: Any, raw: Any) -> RawLight:
    pattern = raw.raw_pattern
    halved = pattern is not None and pattern.shape == (2, 2)
    clipped = _saturated(raw, 2 if halved else 1)
    codes = raw.postprocess(
        half_size=halved,
        demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR,
        gamma=(1, 1),
        no_auto_bright=True,
        output_bps=16,
        use_camera_wb=True,
        output_color=rawpy.ColorSpace.Rec2020,
        highlight_mode=rawpy.HighlightMode.Blend,
        adjust_maximum_thr=ADJUSTED,
        user_flip=0,
    )
    light = codes.astype(np.float32) / FULL
    if clipped is None or clipped.shape != light.shape[:2]:  # pixels that are not square, sensors turned by 45 degrees
        clipped = light.max(axis=2) >= SATURATED
    orientation = ORIENTATIONS.get(raw.sizes.flip, 1)
    upright = [np.ascontiguousarray(turned_upright(array, orientation)) for array in (light, clipped)]
    return RawLight(upright[0], upright[1], 2 if halved else 1)


def _saturated(raw: Any, divisor: int) -> NDArray[np.bool_] | None:
    """Where any sample of a pattern reached the sensor's white; None where that is not known."""
    samples = raw.raw_image_visible
    stated = float(raw.white_level or 0)
    if samples is None or samples.ndim != 2 or not stated:
        return None
    most = float(samples.max())
    white = most if most > ADJUSTED * stated else stated
    above = np.asarray(samples >= SATURATED * white)
    high, wide = (-(-side // divisor) * divisor for side in above.shape)
    padded = np.zeros((high, wide), np.bool_)
    padded[: above.shape[0], : above.shape[1]] = above
    return np.asarray(padded.reshape(high // divisor, divisor, wide // divisor, divisor).any(axis=(1, 3)))
