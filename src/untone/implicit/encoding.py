"""Encoding of a photo's HDR rendition as a gain network or residual map, and decoding it.

Here both renditions are given (prediction.py estimates one), and a network of a few kilobytes is trained to reproduce
this one picture (Gain-MLP).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from .. import colour, gain_network, gainmap, residuals
from ..colour import light_of, matrix
from ..errors import UntoneError, UsageError
from ..formats.common.pixels import brightest
from ..formats.jpeg import network_segment, residual_segment
from ..formats.jpeg.residual_segment import ResidualMap
from ..gain_network import GainNetwork
from ..image import DIFFUSE_WHITE_NITS, GainMap, Image, turned_back, turned_upright
from ..kernels import network as kernel
from ..kernels.network import Samples, Schedule
from . import initialization, quantization, residual_map
from . import sampling as pixel_sampling
from .sampling import Sampling, TrainingSamples

Light = NDArray[np.float32]

SAMPLES = 1 << 18
"""Pixels learned from, at most, for one round of the shortest schedules; more steps look at more."""

MOST_SAMPLES = 1 << 20
WIDER = (8, 16, 32, 64)
"""Widths that `width_for` tries, one after the other."""

WORTH = 2.0
"""Decibels that a doubling of bytes must bring."""

TRIAL_STEPS, TRIAL_BATCH = 500, 1024
LEAST_ERROR = 1e-7
"""Mean square of PQ codes, 70 dB: what is better is as good."""

SHORT_STEPS, SHORT_SECONDS = 500, 0.2

BAND_PIXELS = 1 << 17
FIDELITY_PIXELS = 1 << 20
GAMUT_TOLERANCE = pixel_sampling.GAMUT_TOLERANCE


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a gain network is trained and stored.

    Attributes:
        kind, domain: of the residual; see residuals.py.
        neurons: width of the hidden layers.
        bits: 8 or 16, of a stored weight.
        steps, batch, rate, last_rate: of training; see kernels.network.Schedule. Networks narrower than 16 neurons get
            their share of the rate: one that dies is much of them.
        seconds: stop then instead; 0 for steps.
        seed: of the first weights and of the pixels learned from.
        keep2: of training; see kernels.network.Schedule.
        whitened: training walks along the picture's principal inputs; see gain_network.whitening.
        learned_start: begin with the weights that many pairs have in common, where there are such; else with `fresh`.
            None: where training is shorter than SHORT_STEPS or SHORT_SECONDS; longer, a fresh network comes further.
        weighted: errors count as the eye sees them; see sampling.Sampling.

    Raises:
        UsageError: none of these, or out of range.
    """

    kind: str = "gamma"
    domain: str = "pq"
    neurons: int = 16
    bits: int = 8
    steps: int = 4000
    batch: int = 2048
    rate: float = 2e-2
    last_rate: float = 0.0
    seconds: float = 0.0
    seed: int = 0
    keep2: float = 0.95
    whitened: bool = True
    learned_start: bool | None = None
    weighted: bool = True

    def __post_init__(self) -> None:
        if self.kind not in residuals.KINDS or self.domain not in residuals.DOMAINS:
            raise UsageError(f"there is no residual of {self.kind}, {self.domain}")
        if self.neurons not in gain_network.WIDTHS:
            raise UsageError(f"neurons must be {gain_network.WIDTHS[0]} to {gain_network.WIDTHS[-1]}, a multiple of 8")
        numbers = self.steps >= 1 and self.batch >= 1 and math.isfinite(self.seconds)
        if self.bits not in (8, 16) or not numbers:
            raise UsageError(
                f"weights have 8 or 16 bits, and at least one step is made, not {self.bits} bits, {self.steps} steps "
                f"of {self.batch} samples, {self.seconds:g} seconds"
            )


PAPER = Recipe(
    bits=16, steps=1000, batch=65_536, rate=1e-2, last_rate=1e-2, keep2=0.999, whitened=False, weighted=False,
    learned_start=True,
)  # fmt: skip
"""Gain-MLP's own schedule: Adam at a constant 0.01, errors alike, from meta-learned weights (ours)."""

RECIPES = {"ours": Recipe(), "paper": PAPER}
"""Name -> what `untone encode --recipe` takes; options of the command line change fields of it."""


def aligned(sdr: Image, hdr: Image) -> NDArray[np.float32]:
    """Light of the HDR rendition as the SDR rendition's pixels lie, 1.0 = its white.

    Raises:
        UntoneError: the first is HDR, the second is not, or their sizes differ.
    """
    if sdr.is_hdr or not hdr.is_hdr:
        raise UntoneError(f"an SDR and an HDR rendition are needed, not {sdr.transfer} and {hdr.transfer}")
    light = turned_back(turned_upright(light_of(hdr), hdr.orientation), sdr.orientation)
    with np.errstate(over="ignore"):
        light = light * np.float32(hdr.white_nits / sdr.white_nits)
    light = np.clip(light, -residuals.MOST_LIGHT, residuals.MOST_LIGHT)
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
        colour.nits_to_pq(
            np.maximum(pixel_sampling.turned(part[::step, ::step], name, "bt2020"), 0) * DIFFUSE_WHITE_NITS
        )
        for part, name in ((made.pixels, made.primaries), (light, primaries))
    ]
    error = float(np.square(codes[0] - codes[1], dtype=np.float64).mean())
    return -10 * math.log10(max(error, 1e-12))


StoredResidual = GainNetwork | ResidualMap
"""A residual that a file carries: as a network, or as a coded picture."""


def network_of(image: Image) -> StoredResidual | None:
    """The gain network or residual map that the image's file carries, checked; None where there is none.

    Raises:
        DamagedError: it is damaged; the message says how. The image itself is whole.
        UntoneError: of a later version, or made for another picture.
    """
    if image.gain_network is None:
        return None
    stored = residual_segment.is_map(image.gain_network)
    found = residual_segment.to_map(image.gain_network) if stored else network_segment.to_network(image.gain_network)
    gain_network.check_fits(found, pixel_sampling.codes(image.pixels))
    return found


Trainer = Callable[[NDArray[np.float32], int, Samples, Schedule, NDArray[np.float32] | None], NDArray[np.float32]]
"""Weights to begin with, neurons, samples, schedule and mix, as of kernels.network.train, to the weights after."""


def learned(
    image: Image, light: Light, primaries: str, recipe: Recipe, threads: int | None = None, by: Trainer | None = None
) -> GainNetwork:
    """The network that leads from an SDR image to `light`.

    Args:
        image: SDR, uint8, or uint16 where a reader converted 8 bits by their profile; per-channel transfer.
        light: [H, W, 3] float32 of the HDR rendition, as the image's pixels lie, 1.0 = SDR white.
        primaries: of the light.
        by: another trainer than the kernels; lab.implicit.torch_trainer has one.

    Raises:
        UntoneError: another size, other pixels, or light that is no number.
    """
    _check_pair(image, light)
    given = samples_of(image, light, primaries, recipe)
    vector = trained(given, recipe, threads, by)
    return network(image, light, given, vector, recipe)


def network(
    image: Image, light: Light, given: TrainingSamples, vector: NDArray[np.float32], recipe: Recipe
) -> GainNetwork:
    """The gain network of a trained vector, with headroom and fingerprint of the pair."""
    headroom = _headroom(light)
    ends = (_triple(given.low), _triple(given.high))
    marks = gain_network.fingerprint(pixel_sampling.codes(image.pixels))
    size = image.height, image.width
    return GainNetwork(vector, recipe.neurons, given.residual, *ends, *size, marks, headroom, recipe.bits)


def _headroom(light: Light) -> float:
    """Stops of nearly all of the light over SDR white."""
    stops = math.log2(max(float(np.quantile(brightest(light), 1 - gainmap.OUTLIER_SHARE)), 1.0))
    return min(max(stops, gainmap.SMALLEST_HEADROOM_GAP_STOPS), gain_network.MOST_RESIDUAL)


def mapped(
    image: Image, light: Light, primaries: str, kind: str, domain: str, codec: str, divisor: int, quality: int
) -> ResidualMap:
    """The residual that leads from an SDR image to `light`, as a picture; arguments and errors as of `learned`.

    Args:
        codec, quality: as residual_map.picture takes them.
        divisor: the picture has ceil(H / divisor) x ceil(W / divisor) pixels.
    """
    _check_pair(image, light)
    base = pixel_sampling.code_light(image)[image.pixels]
    residual = pixel_sampling.residual_for(kind, domain, image.primaries, primaries, base, light)
    sdr = np.maximum(pixel_sampling.turned(base, image.primaries, residual.primaries), 0)
    hdr = np.maximum(pixel_sampling.turned(light, primaries, residual.primaries), 0)
    small = residual_map.reduced(residuals.residual_of(sdr, hdr, residual), divisor)
    print_ = gain_network.fingerprint(pixel_sampling.codes(image.pixels))
    shape = (image.height, image.width, print_, _headroom(light), codec)
    return ResidualMap(
        residual, _triple(small.low), _triple(small.high), *shape, residual_map.picture(small.codes, codec, quality)
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


def samples_of(image: Image, light: Light, primaries: str, recipe: Recipe) -> TrainingSamples:
    """Training samples of a pair for a recipe: more steps take more pixels."""
    wanted = min(max(SAMPLES, recipe.steps * recipe.batch // 8), MOST_SAMPLES)
    sampling = Sampling(wanted, recipe.batch, recipe.weighted, recipe.seed)
    return pixel_sampling.training_samples(image, light, primaries, recipe.kind, recipe.domain, sampling)


def trained(
    given: TrainingSamples, recipe: Recipe, threads: int | None = None, by: Trainer | None = None
) -> NDArray[np.float32]:
    """The weights after training by a recipe, as the file will hold them."""
    schedule = Schedule(
        recipe.steps if recipe.seconds == 0 else 1 << 29, min(recipe.batch, len(given.samples.index)),
        recipe.rate * min(recipe.neurons / 16, 1), recipe.last_rate, seconds=recipe.seconds, keep2=recipe.keep2,
    )  # fmt: skip
    mix = given.whitening() if recipe.whitened else None
    if by is None:
        found, _, _ = kernel.train(_start(recipe), recipe.neurons, given.samples, schedule, mix=mix, threads=threads)
    else:
        found = by(_start(recipe), recipe.neurons, given.samples, schedule, mix)
    if recipe.bits == 16:
        return found.astype(np.float16).astype(np.float32)
    return quantization.rounded(found, recipe.neurons, *given.inputs(quantization.SAMPLES))


def width_for(image: Image, light: Light, primaries: str, recipe: Recipe, threads: int | None = None) -> int:
    """The width that is worth its bytes: the one before the next would no longer pay.

    Each width is trained shortly; a wider one must be better by WORTH for each doubling of the file's network.

    Args:
        image, light, primaries: as of `learned`.
        recipe: whose residual and bits; its width and steps do not count.
    """
    _check_pair(image, light)
    trial = dataclasses.replace(recipe, steps=TRIAL_STEPS, batch=TRIAL_BATCH, seconds=0.0, bits=16)
    given, scores = samples_of(image, light, primaries, trial), []
    for neurons in WIDER:
        trial = dataclasses.replace(trial, neurons=neurons)
        loss, _ = kernel.loss_and_gradient(trained(given, trial, threads), neurons, given.samples, threads=threads)
        doublings = math.log2(network_segment.file_bytes(neurons, recipe.bits))
        scores.append(-10 * math.log10(max(loss * given.worth, LEAST_ERROR)) - WORTH * doublings)
        if len(scores) > 1 and scores[-1] <= scores[-2]:
            return WIDER[len(scores) - 2]
    return WIDER[-1]


def _start(recipe: Recipe) -> NDArray[np.float32]:
    short = recipe.seconds < SHORT_SECONDS if recipe.seconds else recipe.steps < SHORT_STEPS
    wanted = short if recipe.learned_start is None else recipe.learned_start
    found = initialization.start(recipe.kind, recipe.domain, recipe.neurons) if wanted else None
    return gain_network.fresh(recipe.neurons, recipe.seed) if found is None else found


def _triple(values: Light) -> tuple[float, float, float]:
    r, g, b = values.tolist()
    return (r, g, b)


def rendition(image: Image, found: StoredResidual, headroom_stops: float | None = None) -> Image:
    """The rendition of an image for a display, as light; what pipeline.apply is for a gain map.

    The network's residual, whatever its kind, is one gain for each pixel and channel; displays of less headroom get
    their share of it, as of a gain map (ISO 21496-1, clause 6).

    Raises:
        UntoneError: the network was made for another picture, or the headroom is not a number of at least 0.
    """
    share = _share(found, headroom_stops)
    light = np.empty(image.pixels.shape, np.float32)

    def fill(rows: slice, sdr: Light, hdr: Light) -> None:
        light[rows] = pixel_sampling.turned(_weighed(sdr, hdr, share), found.residual.primaries, image.primaries)

    _by_bands(image, found, fill)
    return dataclasses.replace(
        image, pixels=light, transfer="linear", bits=32, icc=None, xmp=None, encoded=None, gain_network=None
    )


def _share(found: StoredResidual, headroom_stops: float | None) -> float:
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


def _by_bands(image: Image, found: StoredResidual, fill: Callable[[slice, Light, Light], None]) -> None:
    """fill(rows, SDR light, HDR light), both in the residual's primaries, of some rows at a time, in threads."""
    _check_pixels(image)
    codes = pixel_sampling.codes(image.pixels)
    gain_network.check_fits(found, codes)
    said = residual_map.values_of(found) if isinstance(found, ResidualMap) else kernel.values(codes, found)
    table, own = pixel_sampling.code_light(image), image.primaries
    rows = max(1, BAND_PIXELS // image.width)

    def band(top: int) -> None:
        part = slice(top, top + rows)
        sdr = np.maximum(pixel_sampling.turned(table[image.pixels[part]], own, found.residual.primaries), 0)
        fill(part, sdr, residuals.light_of(sdr, said[part], found.residual))

    with ThreadPoolExecutor(kernel.default_threads()) as pool:
        list(pool.map(band, range(0, image.height, rows)))


def ordinary(image: Image, found: StoredResidual, divisor: int = 1) -> GainMap:
    """The residual as an ordinary gain map of three channels, for viewers that know no networks.

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
