"""What leads from an SDR rendition to its HDR one, kept as a small network: made from a pair, and applied again.

Beside the line's middle: where `prediction` asks a network what light an SDR photo may have had, here both renditions
are there, and a network of a few kilobytes is trained to know this one picture (Gain-MLP).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from . import codedmap, colour, gainmap, mlp, residuals
from .errors import UntoneError, UsageError
from .formats import map_segment, mlp_segment
from .formats.map_segment import StoredMap
from .image import DIFFUSE_WHITE_NITS, GainMap, Image, Pixels, turned_back, turned_upright
from .kernels import mlp as kernel
from .mlp import MlpMap
from .prediction import light_of, matrix
from .residuals import Residual

Light = NDArray[np.float32]

SAMPLES = 1 << 18
"""Pixels learned from, at most, for one round of the shortest schedules; more steps look at more."""

MOST_SAMPLES = 1 << 20
TAIL = 0.0005
"""Share of residuals at either end that the network may not reach: one hot pixel would spend its precision."""

LEAST_SPAN = 1e-4
"""Of a residual that is the same everywhere."""

TARGET_LIMIT = 1.5
MOST_WEIGHT = 25.0
"""Of one sample over the mean; the slope of PQ near black knows no bound."""

BAND_PIXELS = 1 << 17
FIDELITY_PIXELS = 1 << 20
GAMUT_TOLERANCE = 1e-3
"""Linear light this far below 0 is rounding; further below, a colour lies outside its primaries."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a relation is stored and learned.

    Attributes:
        kind, domain: of the residual; see residuals.py.
        neurons: width of the hidden layers.
        bits: 8 or 16, of a stored weight.
        steps, batch, rate, last_rate: of training; see kernels.mlp.Schedule.
        quantised: share of the way after which training knows of the 8 bits.
        seconds: stop then instead; 0 for steps.
        seed: of the first weights and of the pixels learned from.

    Raises:
        UsageError: none of these, or out of range.
    """

    kind: str = "gamma"
    domain: str = "pq"
    neurons: int = 16
    bits: int = 8
    steps: int = 4000
    batch: int = 2048
    rate: float = 1e-2
    last_rate: float = 0.0
    quantised: float = 0.5
    seconds: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.kind not in residuals.KINDS or self.domain not in residuals.DOMAINS:
            raise UsageError(f"there is no residual of {self.kind}, {self.domain}")
        if self.neurons not in mlp.WIDTHS:
            raise UsageError(f"neurons must be {mlp.WIDTHS[0]} to {mlp.WIDTHS[-1]}, a multiple of 8")
        if self.bits not in (8, 16) or self.steps < 1 or self.batch < 1 or not math.isfinite(self.seconds):
            raise UsageError(f"weights have 8 or 16 bits, and at least one step is made, not {self}")


def aligned(sdr: Image, hdr: Image) -> NDArray[np.float32]:
    """Light of the HDR rendition as the SDR rendition's pixels lie, 1.0 = its white.

    Raises:
        UntoneError: the first is HDR, the second is not, or their sizes differ.
    """
    if sdr.is_hdr or not hdr.is_hdr:
        raise UntoneError(f"an SDR and an HDR rendition are needed, not {sdr.transfer} and {hdr.transfer}")
    light = turned_back(turned_upright(light_of(hdr), hdr.orientation), sdr.orientation)
    light = light * np.float32(hdr.white_nits / sdr.white_nits)
    if light.shape != sdr.pixels.shape:
        shown = f"{sdr.width} x {sdr.height} and {light.shape[1]} x {light.shape[0]}"
        raise UntoneError(f"the renditions differ in size: {shown} pixels")
    return light


def common_primaries(
    sdr: Image, light: NDArray[np.float32], primaries: str
) -> tuple[str, NDArray[np.float32], NDArray[np.float32]]:
    """The first primaries in which no channel of either rendition is negative; light of both, in them."""
    base = light_of(sdr)
    for name in (sdr.primaries, primaries, "bt2020"):
        pair = base @ matrix(sdr.primaries, name).T, light @ matrix(primaries, name).T
        if min(pair[0].min(), pair[1].min()) > -GAMUT_TOLERANCE:
            break
    return name, np.maximum(pair[0], 0), np.maximum(pair[1], 0)


def measured(sdr: Image, light: Light, primaries: str, divisor: int = 2, channels: int = 3) -> GainMap:
    """The gain map that leads from an SDR image to `light` (as `aligned` gives it, in `primaries`)."""
    name, base, alternate = common_primaries(sdr, light, primaries)
    found = gainmap.measure(base, alternate, channels=channels, divisor=divisor, primaries=name)
    own = name == sdr.primaries
    return dataclasses.replace(found, use_base_colour_space=own, alternate_primaries=None if own else name)


def fidelity(made: Image, light: Light, primaries: str) -> float:
    """PSNR in dB of PQ codes in BT.2020 against the true light, peak 1; large photos on a regular sample."""
    step = max(1, math.isqrt(made.height * made.width // FIDELITY_PIXELS))
    codes = [
        colour.nits_to_pq(np.maximum(_in(part[::step, ::step], name, "bt2020"), 0) * DIFFUSE_WHITE_NITS)
        for part, name in ((made.pixels, made.primaries), (light, primaries))
    ]
    error = float(np.square(codes[0] - codes[1], dtype=np.float64).mean())
    return -10 * math.log10(max(error, 1e-12))


Relation = MlpMap | StoredMap
"""What a file may carry beside its photo: a network, or a residual as a picture."""


def network_of(image: Image) -> Relation | None:
    """The gain network or residual map that the image's file carries, checked; None where there is none.

    Raises:
        DamagedError: it is damaged; the message says how. The image itself is whole.
        UntoneError: of a later version, or made for another picture.
    """
    if image.mlp is None:
        return None
    stored = map_segment.is_map(image.mlp)
    found = map_segment.to_map(image.mlp) if stored else mlp_segment.to_network(image.mlp)
    mlp.check_fits(found, _codes(image.pixels))
    return found


def learned(image: Image, light: Light, primaries: str, recipe: Recipe, threads: int | None = None) -> MlpMap:
    """The network that leads from an SDR image to `light`.

    Args:
        image: SDR, uint8, or uint16 where a reader converted 8 bits by their profile; per-channel transfer.
        light: [H, W, 3] float32 of the HDR rendition, as the image's pixels lie, 1.0 = SDR white.
        primaries: of the light.

    Raises:
        UntoneError: another size, other pixels, or light that is no number.
    """
    _check_pair(image, light)
    random = np.random.default_rng(recipe.seed)
    wanted = min(max(SAMPLES, recipe.steps * recipe.batch // 8), MOST_SAMPLES)
    places = _places(image.height * image.width, wanted, random)
    codes, bright = _codes(image.pixels.reshape(-1, 3)[places]), light.reshape(-1, 3)[places]
    sdr = _table(image)[image.pixels.reshape(-1, 3)[places]]
    residual = _residual(recipe, image.primaries, primaries, sdr, bright)
    sdr, hdr = (
        _in(sdr, image.primaries, residual.primaries),
        np.maximum(_in(bright, primaries, residual.primaries), 0),
    )
    found, weights = residuals.residual_of(sdr, hdr, residual), residuals.pq_slope(sdr, hdr, residual)
    low, high = _ends(found)
    middle, half = (high + low) / 2, (high - low) / 2
    weights = (weights * half) ** 2
    weights = np.minimum(weights / max(float(weights.mean()), 1e-30), MOST_WEIGHT).astype(np.float32)
    targets = np.clip((found - middle) / half, -TARGET_LIMIT, TARGET_LIMIT).astype(np.float32)
    samples = _samples(image, places, codes, targets, weights)
    vector = _trained(samples, recipe, threads)
    headroom = _headroom(light)
    ends = (_triple(low), _triple(high))
    print_ = mlp.fingerprint(_codes(image.pixels))
    return MlpMap(vector, recipe.neurons, residual, *ends, image.height, image.width, print_, headroom, recipe.bits)


def _headroom(light: Light) -> float:
    """Stops of nearly all of the light over SDR white."""
    stops = math.log2(max(float(np.quantile(light.max(axis=2), 1 - gainmap.OUTLIER_SHARE)), 1.0))
    return min(max(stops, gainmap.SMALLEST_HEADROOM_GAP_STOPS), mlp.MOST_RESIDUAL)


def mapped(
    image: Image, light: Light, primaries: str, kind: str, domain: str, codec: str, divisor: int, quality: int
) -> StoredMap:
    """The residual that leads from an SDR image to `light`, as a picture; arguments and errors as of `learned`.

    Args:
        codec, quality: as codedmap.picture takes them.
        divisor: the picture has ceil(H / divisor) x ceil(W / divisor) pixels.
    """
    _check_pair(image, light)
    base = _table(image)[image.pixels]
    residual = _residual(Recipe(kind=kind, domain=domain), image.primaries, primaries, base, light)
    sdr = np.maximum(_in(base, image.primaries, residual.primaries), 0)
    hdr = np.maximum(_in(light, primaries, residual.primaries), 0)
    small = codedmap.reduced(residuals.residual_of(sdr, hdr, residual), divisor)
    print_ = mlp.fingerprint(_codes(image.pixels))
    shape = (image.height, image.width, print_, _headroom(light), codec)
    return StoredMap(
        residual, _triple(small.low), _triple(small.high), *shape, codedmap.picture(small.codes, codec, quality)
    )


def _check_pair(image: Image, light: Light) -> None:
    _check_pixels(image)
    if light.shape != image.pixels.shape:
        shown = f"{image.width} x {image.height} and {light.shape[1]} x {light.shape[0]}"
        raise UntoneError(f"the renditions differ in size: {shown} pixels")
    wrong = int(np.count_nonzero(~np.isfinite(light).all(axis=2)))
    if wrong:
        raise UntoneError(f"the HDR rendition has {wrong} pixels that are no numbers (NaN or infinite)")


def _check_pixels(image: Image) -> None:
    if image.pixels.dtype == np.float32 or image.is_hdr:
        raise UntoneError(f"a network knows SDR pixels of 8 bits, not {image.pixels.dtype} {image.transfer}")


def _codes(pixels: Pixels) -> NDArray[np.uint8]:
    """8 bits of each sample: what the network sees."""
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _table(image: Image) -> Light:
    """Light of every code of the image."""
    return colour.code_table(image.transfer, int(np.iinfo(image.pixels.dtype).max))


def _places(pixels: int, wanted: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Flat places to learn from: all of a small picture, or one in each of so many even parts, shuffled."""
    if pixels <= wanted:
        return np.tile(random.permutation(pixels), -(-min(wanted, 4096) // pixels))
    edges = np.linspace(0, pixels, wanted + 1).astype(np.int64)
    places = edges[:-1] + (random.random(wanted) * np.diff(edges)).astype(np.int64)
    random.shuffle(places)
    return places


def _residual(recipe: Recipe, own: str, others: str, sdr: Light, hdr: Light) -> Residual:
    """PQ codes are BT.2020's; linear light is taken in the first primaries that hold both renditions."""
    if recipe.domain == "pq":
        return Residual(recipe.kind, recipe.domain)
    for name in (own, others, "bt2020"):
        if min(_in(sdr, own, name).min(), _in(hdr, others, name).min()) > -GAMUT_TOLERANCE:
            break
    return Residual(recipe.kind, recipe.domain, name)


def _in(light: Light, source: str, target: str) -> Light:
    return light if source == target else light @ colour.rgb_to_rgb(source, target).T.astype(np.float32)


def _ends(found: Light) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest residual of each channel, a few outliers aside, apart even where there is but one."""
    low, high = np.quantile(found, [TAIL, 1 - TAIL], axis=0).astype(np.float32)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, np.float32(LEAST_SPAN))
    limit = np.float32(mlp.MOST_RESIDUAL)
    return np.clip(middle - half, -limit, limit), np.clip(middle + half, -limit, limit)


def _samples(
    image: Image, places: NDArray[np.int64], codes: NDArray[np.uint8], targets: Light, weights: Light
) -> kernel.Samples:
    height, width = image.height, image.width
    index = np.empty((len(places), mlp.SECTIONS), np.int32)
    index[:, 0], index[:, 1] = places % width, places // width + width
    index[:, 2:] = codes + (np.arange(3) * mlp.LEVELS + width + height)
    return kernel.Samples(mlp.basis(height, width), index, targets, weights)


def _trained(samples: kernel.Samples, recipe: Recipe, threads: int | None) -> NDArray[np.float32]:
    steps = recipe.steps if recipe.seconds == 0 else 1 << 29
    batch = min(recipe.batch, len(samples.index))
    late = recipe.quantised if recipe.bits == 8 else 1.0
    schedule = kernel.Schedule(steps, batch, recipe.rate, recipe.last_rate, late, recipe.seconds)
    vector, _, _ = kernel.train(
        mlp.fresh(recipe.neurons, recipe.seed), recipe.neurons, samples, schedule, threads=threads
    )
    stored = mlp.quantised(vector, recipe.neurons) if recipe.bits == 8 else vector.astype(np.float16)
    return stored.astype(np.float32)


def _triple(values: Light) -> tuple[float, float, float]:
    r, g, b = values.tolist()
    return (r, g, b)


def rendition(image: Image, found: Relation, headroom_stops: float | None = None) -> Image:
    """The rendition of an image for a display, as light; what pipeline.apply is for a gain map.

    The network's residual, whatever its kind, is one gain for each pixel and channel; displays of less headroom get
    their share of it, as of a gain map (ISO 21496-1, clause 6).

    Raises:
        UntoneError: the network was made for another picture, or the headroom is not a number of at least 0.
    """
    share = _share(found, headroom_stops)
    light = np.empty(image.pixels.shape, np.float32)

    def fill(rows: slice, sdr: Light, hdr: Light) -> None:
        light[rows] = _in(_weighed(sdr, hdr, share), found.residual.primaries, image.primaries)

    _by_bands(image, found, fill)
    return dataclasses.replace(
        image, pixels=light, transfer="linear", bits=32, icc=None, xmp=None, encoded=None, mlp=None
    )


def _share(found: Relation, headroom_stops: float | None) -> float:
    if headroom_stops is None:
        return 1.0
    if not (math.isfinite(headroom_stops) and headroom_stops >= 0):
        raise UntoneError(f"headroom must be a finite number of stops, 0 or more, not {headroom_stops}")
    return min(headroom_stops / max(found.headroom_stops, gainmap.SMALLEST_HEADROOM_GAP_STOPS), 1.0)


def _weighed(sdr: Light, hdr: Light, share: float) -> Light:
    if share == 1:
        return hdr
    offset = np.float32(gainmap.OFFSET)
    return gainmap.apply(sdr, np.log2((hdr + offset) / (sdr + offset)), share)


def _by_bands(image: Image, found: Relation, fill: Callable[[slice, Light, Light], None]) -> None:
    """fill(rows, SDR light, HDR light), both in the residual's primaries, of some rows at a time, in threads."""
    _check_pixels(image)
    codes = _codes(image.pixels)
    mlp.check_fits(found, codes)
    said = codedmap.values_of(found) if isinstance(found, StoredMap) else kernel.values(codes, found)
    table, own = _table(image), image.primaries
    rows = max(1, BAND_PIXELS // image.width)

    def band(top: int) -> None:
        part = slice(top, top + rows)
        sdr = np.maximum(_in(table[image.pixels[part]], own, found.residual.primaries), 0)
        fill(part, sdr, residuals.light_of(sdr, said[part], found.residual))

    with ThreadPoolExecutor(kernel.default_threads()) as crew:
        list(crew.map(band, range(0, image.height, rows)))


def ordinary(image: Image, found: Relation, divisor: int = 1) -> GainMap:
    """The relation as an ordinary gain map of three channels, for viewers that know no networks.

    Raises:
        UntoneError: the network was made for another picture.
    """
    stops = np.empty(image.pixels.shape, np.float32)
    offset = np.float32(gainmap.OFFSET)

    def fill(rows: slice, sdr: Light, hdr: Light) -> None:
        stops[rows] = np.log2((hdr + offset) / (sdr + offset))

    _by_bands(image, found, fill)
    made = gainmap.coded(gainmap.box_average(stops, divisor).astype(np.float32))
    own = found.residual.primaries == image.primaries
    return dataclasses.replace(
        made,
        alternate_headroom_stops=max(found.headroom_stops, gainmap.SMALLEST_HEADROOM_GAP_STOPS),
        use_base_colour_space=own,
        alternate_primaries=None if own else found.residual.primaries,
    )
