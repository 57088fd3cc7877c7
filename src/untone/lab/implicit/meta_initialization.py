"""`untone meta-init`: meta-learned initial weights of gain networks (implicit.initialization loads them).

Reptile (Nichol, Achiam and Schulman 2018): from the present initial weights, a network learns one picture for some
steps; they then move part of the way to its result, less and less. What the pictures have in common remains. Its inner
steps run in the compiled kernels, so that this takes seconds.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import colour, gain_network
from ...console.options import add_output, add_quiet
from ...console.progress import Progress
from ...errors import UsageError
from ...formats.common.files import save
from ...image import Image
from ...implicit import initialization
from ...implicit import sampling as pixel_sampling
from ...implicit.sampling import Sampling, TrainingSamples
from ...kernels import network as kernel
from ...residuals import DOMAINS, KINDS
from ..data.examples import OFFSET, Example
from ..data.layouts import open_dataset
from . import noise as pair_noise

Vector = NDArray[np.float32]

SIDE = 256
NOISE_IMAGES = 50
"""As many as the paper's."""


@dataclasses.dataclass(frozen=True)
class Rounds:
    """Configuration of Reptile.

    Attributes:
        count: of pictures, one after the other, each perhaps several times.
        steps, batch, rate: of a network on one picture.
        first_share, last_share: of the way to its result that the weights move, at the beginning and the end.
        pixels: of a picture that are learned from.
        seed: of the first weights and the order of the pictures.
    """

    count: int = 250
    steps: int = 64
    batch: int = 1024
    rate: float = 5e-3
    first_share: float = 0.3
    last_share: float = 0.02
    pixels: int = 1 << 14
    seed: int = 0


Pair = Callable[[int], tuple[Image, NDArray[np.float32], str]]
"""Number -> SDR image, light of its HDR rendition, primaries of the light."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add = parser.add_argument
    add_output(add, "file of weights (.npz); others in it stay", type=Path, required=True)
    add_quiet(add, "no progress")
    add("--pairs", metavar="DIR", type=Path, help="a data set to learn from; default: noise like photographs")
    add("--residual", choices=KINDS, default="gamma", help="default gamma")
    add("--domain", choices=DOMAINS, help="default: gain linear, gamma pq")
    add("--neurons", type=int, nargs="+", choices=gain_network.WIDTHS, metavar="N", default=[16], help="default 16")
    add("--rounds", type=int, default=Rounds.count, help=f"pictures; default {Rounds.count}")
    add("--steps", type=int, default=Rounds.steps, help=f"on each; default {Rounds.steps}")
    add("--seed", type=int, default=0, help="the same seed gives the same weights")


def run(arguments: argparse.Namespace) -> int:
    """`untone meta-init`: learn initial weights for each width, save each as soon as they are there.

    Raises:
        UsageError: numbers below 1. UntoneError: no pairs.
    """
    if arguments.rounds < 1 or arguments.steps < 1:
        raise UsageError("--rounds and --steps must be at least 1")
    rounds = Rounds(arguments.rounds, arguments.steps, seed=arguments.seed)
    domain = arguments.domain or ("linear" if arguments.residual == "gain" else "pq")
    pair, count = pairs(arguments.pairs) if arguments.pairs else noise(arguments.seed)
    for neurons in arguments.neurons:
        with Progress(rounds.count, f"pictures, {neurons} neurons") as progress:
            found = learned(pair, count, arguments.residual, domain, neurons, rounds, progress.step)
        add_to(arguments.output, initialization.name_of(arguments.residual, domain, neurons), found)
    return 0


def pairs(folder: Path) -> tuple[Pair, int]:
    """The pairs of a data set, and how many."""
    data = open_dataset(folder)
    return lambda number: as_pair(data[number]), len(data)


def as_pair(example: Example) -> tuple[Image, NDArray[np.float32], str]:
    """An example as an image and light."""
    base = colour.code_table("srgb")[example.sdr]
    light = (base + np.float32(OFFSET)) * np.exp2(example.gain_stops.astype(np.float32)) - np.float32(OFFSET)
    return Image(example.sdr), np.maximum(light, 0), "bt709"


def noise(seed: int) -> tuple[Pair, int]:
    """Pairs of noise pictures, and how many."""
    made: dict[int, tuple[Image, NDArray[np.float32], str]] = {}

    def pair(number: int) -> tuple[Image, NDArray[np.float32], str]:
        if number not in made:
            made[number] = (*pair_noise.picture(SIDE, np.random.default_rng((seed, number))), "bt2020")
        return made[number]

    return pair, NOISE_IMAGES


def learned(
    pair: Pair, count: int, kind: str, domain: str, neurons: int, rounds: Rounds, step: Callable[[], object]
) -> Vector:
    """Initial weights by Reptile, float32 vector; `step` is called after each picture."""
    random = np.random.default_rng(rounds.seed)
    start = gain_network.fresh(neurons, rounds.seed)
    order = np.concatenate([random.permutation(count) for _ in range(-(-rounds.count // count))])[: rounds.count]
    for k, number in enumerate(order):
        sampling = Sampling(rounds.pixels, rounds.batch, seed=k)
        given = pixel_sampling.training_samples(*pair(int(number)), kind, domain, sampling)
        share = rounds.first_share + (rounds.last_share - rounds.first_share) * k / rounds.count
        start += np.float32(share) * (_after(start, neurons, given, rounds) - start)
        step()
    return start


def _after(start: Vector, neurons: int, given: TrainingSamples, rounds: Rounds) -> Vector:
    """The network after training on one picture."""
    batch = min(rounds.batch, len(given.samples.index))
    schedule = kernel.Schedule(rounds.steps, batch, rounds.rate, rounds.rate)
    found, _, _ = kernel.train(start, neurons, given.samples, schedule, threads=1)
    return found


def add_to(path: Path, name: str, start: Vector) -> None:
    """Add initial weights to a file, replacing those of the same name."""
    found = {}
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            found = {key: file[key] for key in file.files}
    found[name] = start.astype(np.float16)
    stream = io.BytesIO()
    np.savez_compressed(stream, **dict(sorted(found.items())))
    save(path, [stream.getvalue()])
