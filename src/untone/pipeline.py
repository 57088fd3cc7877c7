"""THE LINE: read, predict, apply, measure, write. The only module that sees every stage; no stage knows another.

    file --formats--> Image --models--> Operators --kernels--> GainMap --formats--> file

A model predicts operators from a thumbnail; kernels apply them to every pixel. Networks that see every pixel
themselves (GMNet, IRNet, ITMLUT) run instead of the kernels: they give the gain, or the light that it is measured from.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from . import formats, prediction, stores
from .errors import UntoneError, UsageError, check_path
from .formats.jpeg import network_segment
from .formats.signalling import hdr_already
from .formats.table import INKED as INKED
from .formats.table import noted as noted
from .image import DIFFUSE_WHITE_NITS, GainMap, Image, check_noun, check_white, turned_upright
from .image import with_white as with_white
from .implicit import encoding as network_encoding
from .implicit.encoding import StoredResidual, aligned, network_of
from .prediction import MAP_DIVISORS as MAP_DIVISORS
from .prediction import LightModel, Model, check_map
from .prediction import check_options as check_options
from .rendition import applied, light_figures, upright
from .rendition import statistics as statistics

_log = logging.getLogger("untone")
_log.addHandler(logging.NullHandler())  # who wants to hear it says so: commands print what matters themselves

DEFAULT_MODEL = "fastgamer"
GAIN_MAP_SUFFIXES = (".jpg", ".jpeg")
RENDITION_SUFFIXES = (".exr", ".png", ".hdr")
"""Targets that hold the HDR pixels themselves instead of a base with a gain map."""

UPRIGHT_SUFFIXES = (".exr", ".hdr")
"""Formats without a word for orientation: there, and only there, pixels are turned upright."""

TARGET_SUFFIXES = GAIN_MAP_SUFFIXES + RENDITION_SUFFIXES

STRONGER = 0.3
"""A step of strength that shows."""


@dataclasses.dataclass(frozen=True)
class Conversion:
    """What became of one photo.

    Attributes:
        width, height: of the photo, as stored.
        left_alone: why nothing was done (it is HDR already); None where it was converted.
        data: the file, when no target was named; else None.
        headroom_stops: of the HDR rendition; 0 where left alone.
        peak_nits: light of the brightest pixel looked at (every pixel, or a regular sample of large photos).
        share_above_white: share of pixels with a channel brighter than SDR white.
        white_nits: of SDR white, by which the peak is given.
        stronger: strength of a rendition that would have more light; None where nothing glows, or an option forbids it.
        note: what did not go as the user may think; one line.
    """

    width: int
    height: int
    left_alone: str | None = None
    data: bytes | None = None
    headroom_stops: float = 0.0
    peak_nits: float = 0.0
    share_above_white: float = 0.0
    white_nits: float = DIFFUSE_WHITE_NITS
    stronger: float | None = None
    note: str | None = None


def read(source: str | Path | bytes, *, by_rows: bool = False) -> tuple[Image, GainMap | None]:
    """The base image of a file (a path, an object's URL, or the bytes), and its gain map where it has one.

    `by_rows` as formats.read takes it.

    Raises:
        UntoneError: unreadable, damaged, unsupported or beyond the limits; the message names the fault.
    """
    _check_source(source)
    if stores.is_url(source):
        with formats.naming(str(source)):
            return formats.read(stores.load(str(source)), by_rows=by_rows)
    image, gain_map = formats.read(source, by_rows=by_rows)
    _log.debug("read %s: %r, %r", _name(source), image, gain_map)
    for note in filter(None, (image.left_out, *image.notes)):
        _log.warning("%s: %s", _name(source), note)
    return image, gain_map


def write(path: str | Path | None, image: Image, gain_map: GainMap | None = None, **options: Any) -> bytes | None:
    """Write an image, and its gain map, in the format of the path's suffix; whole or not at all.

    For UPRIGHT_SUFFIXES the pixels are turned upright.

    Args:
        path: or an object's URL; None returns the bytes instead, as `format`.
        options: `format`, `quality` and `map_quality`, as formats.write takes them.

    Raises:
        UntoneError: the format cannot hold this, or the disk refuses.
    """
    if path is not None:
        check_path("path", path)
    if stores.is_url(path):
        stores.put(str(path), lambda name: write(name, image, gain_map, **options))
        return None
    check_noun(image, Image, "write")
    if gain_map is not None:
        check_noun(gain_map, GainMap, "write")
    if image.orientation != 1 and _is_upright(path, options):
        pixels = np.ascontiguousarray(turned_upright(np.asarray(image.pixels), image.orientation))
        image = dataclasses.replace(image, pixels=pixels, orientation=1)
    _log.debug("write %s: %r, %r", "bytes" if path is None else path, image, gain_map)
    return formats.write(path, image, gain_map, **options)


def _check_source(source: str | Path | bytes) -> None:
    check_path("source", source, bytes, what="a path or the bytes of a file")


def _name(source: str | Path | bytes) -> str:
    return "bytes" if isinstance(source, bytes) else str(source)


def _is_upright(path: str | Path | None, options: dict[str, Any]) -> bool:
    suffixes = formats.suffixes_of(options.get("format") or "") or ((Path(path).suffix.lower(),) if path else ())
    return any(suffix in UPRIGHT_SUFFIXES for suffix in suffixes)


def load(name: str | Path = DEFAULT_MODEL, provider: str = "CPU") -> Model:
    """A model by its name, or by the path of its .onnx file, and what computes it (CPU, CUDA, CoreML ...), loaded once.

    Raises:
        UntoneError: there is none of that name, the file is no model of ours, or the provider does not start.
    """
    from . import models  # deferred: brings in ONNX Runtime, which reading and applying do without

    return models.load(name, provider)


_loading = threading.Lock()


def _model(model: str | Path | Model) -> Model:
    if isinstance(model, Model):
        return model
    with _loading:  # so that photos converted side by side load it once
        return load(model)


def predict(
    image: Image,
    model: str | Path | Model = DEFAULT_MODEL,
    strength: float = 1.0,
    peak_nits: float | None = None,
    *,
    map_size: str = "half",
) -> GainMap:
    """The gain map that a model predicts for an SDR photo, in the photo's stored orientation.

    It has three channels, except from networks that know one (GMNet). Without a GPU, networks that look at every pixel
    take a minute for 8 megapixels where the default takes a fraction of a second.

    Args:
        image: SDR, 8 or 16 bit (float is taken as 16 bit).
        model: a name, a path, or a loaded model.
        strength: 0 to 1.5, scales every gain (in stops); 0 changes nothing, 1 is what the model sees fit.
        peak_nits: gains are scaled down until no pixel can exceed it; None sets no limit.
        map_size: "full", "half" or "quarter" of the photo's rows and columns.

    Raises:
        UsageError: an argument is out of its range, no Image, or the model makes a picture of another size.
        UntoneError: the image is HDR already.
    """
    check_noun(image, Image, "predict")
    check_options(strength, peak_nits, map_size, image.white_nits)
    if image.is_hdr:
        raise UntoneError(f"the image is HDR already ({image.transfer}); a gain map is predicted for SDR photos")
    return _predicted(image, model, strength, peak_nits, map_size)


def _predicted(
    image: Image, model: str | Path | Model, strength: float, peak_nits: float | None, map_size: str
) -> GainMap:
    divisor = MAP_DIVISORS[map_size]
    if strength == 0:
        return prediction.unchanged(image, divisor)
    return prediction.predicted(image, _model(model), strength, peak_nits, divisor)


def apply(image: Image, gain_map: GainMap, headroom_stops: float | None = None) -> Image:
    """The rendition of an image for a display, as light.

    Args:
        image: the base, encoded.
        gain_map: its gain map.
        headroom_stops: log2 of how much brighter than SDR white the display gets; None asks for the HDR rendition.

    Returns:
        [H, W, 3] float32, linear, 1.0 = SDR white, in the primaries and the stored orientation of the base.

    Raises:
        UntoneError: the headroom is not a number of at least 0, or the base is linear light.
    """
    check_noun(image, Image, "apply")
    check_noun(gain_map, GainMap, "apply")
    made = applied(image, gain_map, headroom_stops)
    return dataclasses.replace(made, pixels=np.asarray(made.pixels))


def measure(sdr: Image, hdr: Image, *, map_size: str = "half", channels: int = 3) -> GainMap:
    """The gain map that leads from an SDR photo to its HDR rendition, in the photo's stored orientation.

    Gains are taken in the photo's primaries; where the HDR rendition has colours outside of them, in its own.

    Raises:
        UsageError: map_size or channels is none of ours.
        UntoneError: the first is HDR, the second is not, or their sizes differ.
    """
    for rendition in (sdr, hdr):
        check_noun(rendition, Image, "measure")
    check_map(map_size, channels)
    return network_encoding.measured(sdr, aligned(sdr, hdr), hdr.primaries, MAP_DIVISORS[map_size], channels)


def rendition_of(image: Image, gain_map: GainMap | None, headroom_stops: float | None = None) -> Image | None:
    """What a file shows on a display, by its gain network or else its gain map; None where it has neither.

    Raises:
        UntoneError: the network is damaged or of another picture, or the headroom is not a number of at least 0.
    """
    network = network_of(image)
    if network is not None:
        return network_encoding.rendition(image, network, headroom_stops)
    return None if gain_map is None else apply(image, gain_map, headroom_stops)


def write_rendition(
    path: str | Path | None, image: Image, gain_map: GainMap, headroom_stops: float | None = None, **options: Any
) -> bytes | None:
    """Write what apply makes of a base and its gain map, a band of rows at a time where the format allows it.

    Arguments and errors as of write and apply.
    """
    if _is_upright(path, options):
        image, gain_map = upright(image, gain_map)
    return write(path, applied(image, gain_map, headroom_stops), **options)


def convert(
    source: str | Path | bytes,
    target: str | Path | None,
    *,
    model: str | Path | Model = DEFAULT_MODEL,
    strength: float = 1.0,
    peak_nits: float | None = None,
    white_nits: float = DIFFUSE_WHITE_NITS,
    map_size: str = "half",
    quality: int = 95,
    map_quality: int = 90,
) -> Conversion:
    """One SDR photo to one HDR photo: read, predict, write.

    Args:
        source: a path, or a file's bytes.
        target: .jpg keeps the photo as base and adds a gain map; .exr, .hdr and .png hold the HDR pixels (linear, PQ).
            None returns the JPEG in `Conversion.data`. A model for super-resolution makes them 4 times as wide and
            high, and an SDR photo of that size to be the base.
        model, strength, map_size: as predict takes them.
        white_nits: what linear 1.0, SDR white, means in .exr and .png and in the figures returned, 10 to 1000. Gains
            are relative to it: a gain map does not change with it.
        peak_nits: gains are scaled down until no pixel exceeds it, SDR white having white_nits; None sets no limit.
        quality, map_quality: 1 to 100, of a base that has to be encoded anew, and of the gain map.

    Returns:
        What was done; a photo that is HDR already is left alone, and the target is not written.

    Raises:
        UsageError: an argument is out of its range, or the target cannot hold what the model makes.
        UntoneError: the photo cannot be read or the target not written; nothing is left behind.
    """
    _check_source(source)
    check_white(white_nits)
    check_options(strength, peak_nits, map_size, white_nits)
    suffix = _target_suffix(target)
    with ThreadPoolExecutor(1) as aside:  # ONNX Runtime takes as long to import as a photo takes to decode
        loading = aside.submit(_model, model)
        image, carried = read(source, by_rows=True)
        reason = hdr_already(carried is not None, image.left_out, image.gain_network is not None, image.transfer)
        if reason:
            return Conversion(image.width, image.height, left_alone=reason)
        loaded = loading.result()
    rendition = suffix in RENDITION_SUFFIXES
    limit = None if peak_nits is None else peak_nits * image.white_nits / white_nits
    enlarging = loaded if isinstance(loaded, LightModel) and loaded.upscale != 1 else None
    if rendition and enlarging:
        large = with_white(prediction.super_resolved(image, enlarging, strength, limit), white_nits)
        write(target, large)
        return Conversion(image.width, image.height, None, None, *light_figures(large), white_nits)
    if enlarging:
        image, gain_map = prediction.enlarged(image, enlarging, strength, limit, MAP_DIVISORS[map_size])
    else:
        gain_map = _predicted(image, loaded, strength, limit, "full" if rendition else map_size)
    image = with_white(image, white_nits)
    options = {"quality": quality, "map_quality": map_quality}
    if rendition:
        data = write_rendition(target, image, gain_map)
    else:
        data = write(target, image, gain_map, format=None if target else "jpeg", **options)
    figures, most = statistics(image, gain_map), prediction.MAX_STRENGTH
    more = min(strength + STRONGER, most) if peak_nits is None and figures[2] > 0 and strength < most else None
    name = formats.format_of(suffix) if rendition else None
    note = noted(image, name, kept=not rendition and image.encoded is not None)
    _log.info("%s -> %s: %.2f stops", _name(source), target or "bytes", figures[0])
    return Conversion(image.width, image.height, None, data, *figures, white_nits, more, note)


def transcode(
    source: str | Path | bytes,
    target: str | Path | None,
    format: str,  # noqa: A002  # the word that callers know
    *,
    headroom_stops: float | None = None,
    white_nits: float | None = None,
    quality: int | None = None,
    map_quality: int | None = None,
) -> Conversion:
    """One file to another container: gain map parameters and metadata as they are, pixels as the codecs allow.

    What has the codec of the target already keeps its bytes (a JPEG base and its map, into a JPEG).

    Args:
        source: a path, or a file's bytes.
        target: the file to write; None returns it in `Conversion.data`.
        format: a name of formats.FORMATS. One of RENDITION_SUFFIXES gets the HDR rendition.
        headroom_stops: of the display that a rendition is for; None asks for the HDR rendition.
        white_nits: what linear 1.0, SDR white, means in a rendition; None leaves what the file says, or 203.
        quality, map_quality: as formats.write takes them, for what has to be encoded anew.

    Raises:
        UsageError: a quality out of range.
        UntoneError: unreadable, or nothing that the format can hold; nothing is left behind.
    """
    image, gain_map = read(source, by_rows=True)
    image = with_white(image, white_nits)
    network = network_of(image)
    if network is not None:
        return _transcode_network(image, network, target, format, headroom_stops, quality, map_quality)
    figures = statistics(image, gain_map)
    options: dict[str, Any] = {"format": format, "quality": quality, "map_quality": map_quality}
    if gain_map is not None and not set(formats.suffixes_of(format)).isdisjoint(RENDITION_SUFFIXES):
        data = write_rendition(target, image, gain_map, headroom_stops, **options)
    else:
        data = write(target, image, gain_map, **options)
    return Conversion(image.width, image.height, None, data, *figures, image.white_nits, note=noted(image, format))


def _transcode_network(
    image: Image,
    network: StoredResidual,
    target: str | Path | None,
    name: str,
    headroom_stops: float | None,
    quality: int | None,
    map_quality: int | None,
) -> Conversion:
    """A photo with a gain network or residual map in a format that knows none: its light, or an ordinary gain map."""
    gain_map = network_encoding.ordinary(image, network)
    figures = statistics(image, gain_map)
    options: dict[str, Any] = {"format": name, "quality": quality, "map_quality": map_quality}
    if not set(formats.suffixes_of(name)).isdisjoint(RENDITION_SUFFIXES):
        data = write(target, network_encoding.rendition(image, network, headroom_stops), **options)
    else:
        kept = None if image.encoded is None else network_segment.with_network(image.encoded, None)
        data = write(target, dataclasses.replace(image, encoded=kept, gain_network=None), gain_map, **options)
    return Conversion(image.width, image.height, None, data, *figures, image.white_nits)


def _target_suffix(target: str | Path | None) -> str:
    if target is not None:
        check_path("target", target)
    suffix = GAIN_MAP_SUFFIXES[0] if target is None else Path(target).suffix.lower()
    if suffix not in TARGET_SUFFIXES:
        kinds = ", ".join(TARGET_SUFFIXES)
        raise UsageError(f"the output must end in one of {kinds}, not {suffix or 'nothing'!r}")
    return suffix
