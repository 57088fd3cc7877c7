"""libavif, the reference implementation of AVIF, through the library that Pillow's wheel carries, by ctypes.

Pillow itself drops gain maps; the library reads and applies them. Fields are those of avif.h of versions 1.2 to 1.4.
"""

from __future__ import annotations

import ctypes
import importlib.util
from ctypes import (
    POINTER,
    Structure,
    byref,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from untone import colour

PQ, ALL_CONTENT = 16, 7
CODES = {"bt709": 1, "p3": 12, "bt2020": 9}


class Bytes(Structure):
    _fields_ = [("data", POINTER(c_uint8)), ("size", c_size_t)]


class Signed(Structure):
    _fields_ = [("n", c_int32), ("d", c_uint32)]


class Unsigned(Structure):
    _fields_ = [("n", c_uint32), ("d", c_uint32)]


class LightLevel(Structure):
    _fields_ = [("max_cll", c_uint16), ("max_pall", c_uint16)]


class Map(Structure):
    pass


class Picture(Structure):
    _fields_ = [
        ("width", c_uint32), ("height", c_uint32), ("depth", c_uint32), ("format", c_int), ("range", c_int),
        ("position", c_int), ("planes", c_void_p * 3), ("row_bytes", c_uint32 * 3), ("owns", c_int),
        ("alpha", c_void_p), ("alpha_row_bytes", c_uint32), ("owns_alpha", c_int), ("premultiplied", c_int),
        ("icc", Bytes), ("primaries", c_uint16), ("transfer", c_uint16), ("matrix", c_uint16), ("clli", LightLevel),
        ("transforms", c_uint32), ("pasp", c_uint32 * 2), ("clap", c_uint32 * 8), ("irot", c_uint8),
        ("imir", c_uint8), ("exif", Bytes), ("xmp", Bytes), ("properties", c_void_p), ("count", c_size_t),
        ("map", POINTER(Map)),
    ]  # fmt: skip


Map._fields_ = [
    ("picture", POINTER(Picture)), ("min_stops", Signed * 3), ("max_stops", Signed * 3), ("gamma", Unsigned * 3),
    ("base_offset", Signed * 3), ("alternate_offset", Signed * 3), ("base_headroom_stops", Unsigned),
    ("alternate_headroom_stops", Unsigned), ("use_base_colour_space", c_int), ("icc", Bytes), ("primaries", c_uint16),
    ("transfer", c_uint16), ("matrix", c_uint16), ("range", c_int), ("depth", c_uint32), ("planes", c_uint32),
    ("clli", LightLevel),
]  # fmt: skip


class Decoder(Structure):
    _fields_ = [
        ("codec", c_int), ("threads", c_int), ("source", c_int), ("progressive", c_int), ("incremental", c_int),
        ("ignore_exif", c_int), ("ignore_xmp", c_int), ("limits", c_uint32 * 3), ("strict", c_uint32),
        ("image", POINTER(Picture)), ("index", c_int), ("count", c_int), ("state", c_int), ("timing", c_uint64 * 5),
        ("timescale", c_uint64), ("duration", c_double), ("durations", c_uint64), ("repetitions", c_int),
        ("alpha", c_int), ("sizes", c_size_t * 2), ("error", c_char * 256), ("io", c_void_p), ("data", c_void_p),
        ("sequence", c_int), ("content", c_uint32),
    ]  # fmt: skip


class Rgb(Structure):
    _fields_ = [
        ("width", c_uint32), ("height", c_uint32), ("depth", c_uint32), ("format", c_int), ("up", c_int),
        ("down", c_int), ("avoid_yuv", c_int), ("ignore_alpha", c_int), ("premultiplied", c_int), ("float", c_int),
        ("threads", c_int), ("pixels", c_void_p), ("row_bytes", c_uint32),
    ]  # fmt: skip


def load() -> Any:
    """The library; None where Pillow's wheel has none, or one of another version."""
    found = importlib.util.find_spec("PIL")
    folder = Path(str(found.origin)).parents[1] if found is not None else Path()
    for path in sorted([*folder.glob("pillow.libs/libavif*"), *folder.glob("PIL/.dylibs/libavif*")]):
        library = ctypes.CDLL(str(path))
        library.avifVersion.restype = c_char_p
        if library.avifVersion().decode().startswith(("1.2.", "1.3.", "1.4.")):
            library.avifDecoderCreate.restype = POINTER(Decoder)
            library.avifImageApplyGainMap.argtypes = [
                POINTER(Picture), POINTER(Map), c_float, c_uint16, c_uint16, POINTER(Rgb), POINTER(LightLevel),
                ctypes.c_char * 256,
            ]  # fmt: skip
            for name, kind in (
                ("avifImageCreate", Picture),
                ("avifGainMapCreate", Map),
                ("avifEncoderCreate", c_uint8),
            ):
                getattr(library, name).restype = POINTER(kind)
            return library
    return None


def encoded(
    library: Any, codes: NDArray[np.uint8], map_codes: NDArray[np.uint8], turns: tuple[int, int] | None
) -> bytes:
    """An AVIF of [H, W, 3] sRGB with a gain map of 0 to 2.5 stops, gamma 1, 1/2 and 1/3, as the library writes it.

    Args:
        turns: quarters against the clock of irot, and the axis of imir; None has neither.
    """
    image, found = _picture(library, codes, (1, 13, 6)), library.avifGainMapCreate()
    numbers = found.contents
    numbers.picture = _picture(library, map_codes, (2, 2, 6))
    for channel in range(3):
        for name, n, d in (("min_stops", 0, 1), ("max_stops", 5, 2), ("gamma", 1, channel + 1)):
            getattr(numbers, name)[channel].n, getattr(numbers, name)[channel].d = n, d
        for name in ("base_offset", "alternate_offset"):
            getattr(numbers, name)[channel].n, getattr(numbers, name)[channel].d = channel, 64
    numbers.base_headroom_stops.d = 1
    numbers.alternate_headroom_stops.n, numbers.alternate_headroom_stops.d = 5, 2
    numbers.use_base_colour_space, numbers.depth, numbers.planes = 1, 10, 3
    numbers.primaries, numbers.transfer, numbers.matrix, numbers.range = 9, PQ, 9, 1
    image.contents.map = found
    if turns is not None:
        image.contents.transforms, image.contents.irot, image.contents.imir = 4 | 8, *turns
    out = Bytes()
    status = library.avifEncoderWrite(library.avifEncoderCreate(), image, byref(out))
    if status:
        raise RuntimeError(f"libavif: {status}")
    return ctypes.string_at(out.data, out.size)


def _picture(library: Any, codes: NDArray[np.uint8], cicp: tuple[int, int, int]) -> Any:
    """[H, W, 3] as 4:4:4 of full range."""
    codes = np.ascontiguousarray(codes)
    image = library.avifImageCreate(codes.shape[1], codes.shape[0], 8, 1)
    found = image.contents
    found.primaries, found.transfer, found.matrix, found.range = *cicp, 1
    rgb = Rgb()
    library.avifRGBImageSetDefaults(byref(rgb), image)
    rgb.format, rgb.pixels, rgb.row_bytes = 0, codes.ctypes.data, codes.strides[0]
    assert library.avifImageRGBToYUV(image, byref(rgb)) == 0
    return image


class Opened:
    """A decoded file; a context manager.

    Raises:
        RuntimeError: the library refuses it.
    """

    def __init__(self, library: Any, data: bytes) -> None:
        self._library, self._data, self._decoder = library, data, library.avifDecoderCreate()
        self._decoder.contents.content = ALL_CONTENT
        for status in (
            library.avifDecoderSetIOMemory(self._decoder, data, c_size_t(len(data))),
            library.avifDecoderParse(self._decoder),
            library.avifDecoderNextImage(self._decoder),
        ):
            if status:
                raise RuntimeError(f"libavif: {status} {self._decoder.contents.error.decode()}")
        self.image: Picture = self._decoder.contents.image.contents

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.avifDecoderDestroy(self._decoder)

    def codes(self, picture: Picture | None = None) -> NDArray[np.uint16]:
        """[H, W, 3] codes of the base, or of another picture, of its own bits."""
        picture = self.image if picture is None else picture
        rgb = Rgb()
        self._library.avifRGBImageSetDefaults(byref(rgb), byref(picture))
        rgb.format = 0
        out = np.zeros((rgb.height, rgb.width, 3), np.uint8 if rgb.depth == 8 else np.uint16)
        rgb.pixels, rgb.row_bytes = out.ctypes.data, out.strides[0]
        assert self._library.avifImageYUVToRGB(byref(picture), byref(rgb)) == 0
        return out.astype(np.uint16)

    @property
    def map(self) -> Map | None:
        """The gain map, where the library takes it for one."""
        return self.image.map.contents if self.image.map else None

    def numbers(self) -> dict[str, Any]:
        """Its parameters by the names of GainMap."""
        found = self.map
        assert found is not None
        triples = ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset")
        numbers: dict[str, Any] = {n: tuple(v.n / v.d for v in getattr(found, n)) for n in triples}
        for name in ("base_headroom_stops", "alternate_headroom_stops"):
            numbers[name] = getattr(found, name).n / getattr(found, name).d
        return {**numbers, "use_base_colour_space": bool(found.use_base_colour_space)}

    def applied(self, headroom_stops: float, primaries: str) -> NDArray[np.float64]:
        """[H, W, 3] light, 1.0 = SDR white, as stored, of a display of this headroom (through 16 bits of PQ)."""
        rgb, level = Rgb(), LightLevel()
        self._library.avifRGBImageSetDefaults(byref(rgb), byref(self.image))
        rgb.format, rgb.depth = 0, 16
        error = ctypes.create_string_buffer(256)
        arguments = (headroom_stops, CODES[primaries], PQ, byref(rgb), byref(level), error)
        status = self._library.avifImageApplyGainMap(byref(self.image), self.image.map, *arguments)
        if status:
            raise RuntimeError(f"libavif: {status} {error.value.decode()}")
        rows = np.ctypeslib.as_array(ctypes.cast(rgb.pixels, POINTER(c_uint16)), (rgb.height, rgb.row_bytes // 2))
        codes = rows[:, : rgb.width * 3].reshape(rgb.height, rgb.width, 3) / 65535
        self._library.avifRGBImageFreePixels(byref(rgb))
        return colour.pq_to_nits(codes) / 203
