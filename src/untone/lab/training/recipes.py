"""Training recipes, one frozen record for every network: the papers' own settings, and ours.

A recipe is saved as JSON beside the weights it made. What a paper leaves open stands in the recipe's `source`.
Milestones are shares of the run, so that a shortened run goes through the whole schedule.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ..nets.shapes import IRNET_1, IRNET_2, IRNET_5, PUBLISHED, FastGaMerShape, GMNetShape, IRNetShape, ITMLUTShape

PRECISIONS = ("fp32", "bf16", "fp16")


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Learning rate as a share of its peak.

    Attributes:
        kind: "cosine" (to the floor at the end), "halved" (at each of `halve_at`) or "restarts" (a cosine to the
            floor in every `period`).
        warm_up: steps of linear rise at the start.
        halve_at: shares of the run.
        period: share of the run.
        floor: share of the peak.
    """

    kind: str = "cosine"
    warm_up: int = 0
    halve_at: tuple[float, ...] = ()
    period: float = 1.0
    floor: float = 0.0

    def share(self, step: int, steps: int) -> float:
        """Of the peak rate, at a step counted from 0."""
        rise = min((step + 1) / self.warm_up, 1.0) if self.warm_up else 1.0
        part = step / steps
        if self.kind == "halved":
            return rise * 0.5 ** sum(part >= at for at in self.halve_at)
        turn = part / self.period % 1.0 if self.kind == "restarts" else part
        return rise * (self.floor + (1 - self.floor) * (1 + math.cos(math.pi * turn)) / 2)


@dataclasses.dataclass(frozen=True)
class Weights:
    """Weights of the terms of a loss; a network knows the terms of its own (tasks/NAME.py), the others stay 0.

    Attributes:
        pq: mean log of each picture's square PQ error (units of 4.3 dB of PQ-PSNR; FastGaMer, GMNet).
        code: mean absolute difference of PQ codes (of YCrCb planes for IRNet).
        relative, absolute: mean absolute difference of the normalised gain, and of the gain.
        rough: LUT's mean square second (FastGaMer) or first difference (ITMLUT).
        falls: LUT's fall towards white, along the grey axis.
        monotone: LUT's falls along its own axes.
        tint: mean difference of a pixel's gains from their mean, stops.
        lights: mean difference of the gain of what is twice SDR white or more.
        glare: by how much more PQ error counts where the prediction is too bright.
    """

    pq: float = 0.0
    code: float = 0.0
    relative: float = 0.0
    absolute: float = 0.0
    rough: float = 0.0
    falls: float = 0.0
    monotone: float = 0.0
    tint: float = 0.0
    glare: float = 0.0
    lights: float = 0.0


@dataclasses.dataclass(frozen=True)
class Start:
    """Initial weights of a run: the file's name and its SHA-256."""

    file: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run; saved beside its result.

    Attributes:
        network, title, source: what is trained, the name of the recipe, and where its settings come from.
        steps: length of the run.
        pictures: in a batch, over all processes.
        crop: rows and columns of a random crop; 0 takes the whole picture.
        reduce: crops or whole pictures are averaged over so many pixels each way before they are fed.
        thumbnail_reduce: thumbnails likewise (GMNet).
        pixels: random pixels of each crop, for networks whose full-size stage is pointwise; 0 takes all.
        crop_zoom: every second picture is cut to between this share and all of its sides, thumbnail included.
        affine_start: the network begins as the affine map that is nearest to the training pairs (IRNet).
        lut_start: its LUTs begin as the single 3D LUT that is nearest to them (ITMLUT).
        strength_free: share of each picture's own strength that the loss forgives (losses.own_strength; FastGaMer).
        turns: "none", "mirror" (left-right), or "all" (eight flips and quarter turns).
        jitter: white balance and saturation of the SDR picture vary a little.
        retone: spread of tone curves that every second SDR picture is given; its HDR light stays (FastGaMer).
        optimiser, rate, betas, decay: "adam" or "adamw", its peak rate, moments and weight decay.
        schedule: of the rate.
        clip: most that the gradient's norm may be; 0 for no limit.
        average: decay of the weights' moving average, which is what is scored and exported; 0 for none.
        loss: weights of its terms.
        watched: held-out pictures scored at every checkpoint.
        seed: of initialisation, batches and dropout.
        checkpoint_every: steps between checkpoints.
        precision: fp32, or bf16 or fp16 inside the network (the loss is always fp32).
        stored: fp32, or fp16 for weights as half floats in the .onnx file.
        start: weights that the run began from.
        extended: lengths of the run before it was made longer, after it had ended.
        shape: hyper-parameters of the network.
    """

    network: str = "fastgamer"
    title: str = "ours"
    source: str = ""
    steps: int = 12_000
    pictures: int = 16
    crop: int = 0
    reduce: int = 1
    thumbnail_reduce: int = 1
    pixels: int = 0
    crop_zoom: float = 1.0
    affine_start: bool = False
    lut_start: bool = False
    strength_free: float = 0.0
    turns: str = "none"
    jitter: bool = False
    retone: float = 0.0
    optimiser: str = "adam"
    rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.99)
    decay: float = 0.0
    schedule: Schedule = dataclasses.field(default_factory=Schedule)
    clip: float = 0.0
    average: float = 0.0
    loss: Weights = dataclasses.field(default_factory=Weights)
    watched: int = 256
    seed: int = 1
    checkpoint_every: int = 250
    precision: str = "fp32"
    stored: str = "fp32"
    start: Start | None = None
    extended: tuple[int, ...] = ()
    shape: Any = None

    def rate_at(self, step: int) -> float:
        """Learning rate of a step counted from 0."""
        return self.rate * self.schedule.share(step, self.steps)


HALVED = Schedule("halved", halve_at=(0.2, 0.4, 0.6, 0.8))

FASTGAMER = {
    "ours": Recipe(
        source="ours: random pixels of the whole view, loss in PQ beside the paper's gain terms, annealed to the end",
        pixels=1024, crop_zoom=0.7, strength_free=0.25, turns="mirror", jitter=True, retone=0.08,
        optimiser="adamw", rate=1.5e-3, decay=2e-2, schedule=Schedule(warm_up=200), clip=1.0, average=0.998,
        loss=Weights(pq=1.0, relative=0.1, absolute=0.3, rough=0.5, falls=2.0, tint=0.02, lights=0.1),
        shape=FastGaMerShape(),
    ),
    "paper": Recipe(
        source="CVPR 2026: MLP heads on one global feature, trilinear LUT, no LUT to start from, light of code**2.2. "
        "Assumed: widths; 1M steps; rough = second differences, both LUT terms of the LUT before tanh",
        title="paper", steps=1_000_000, crop=256, turns="all", schedule=HALVED,
        loss=Weights(relative=1.0, absolute=3.0, rough=0.1, monotone=0.1),
        checkpoint_every=5000, shape=PUBLISHED,
    ),
}  # fmt: skip

GMNET_SYNTHETIC = GMNetShape(convention="gmnet")
"""Of train_syn.yml: the photo itself, peak 8."""
GMNET_REAL = GMNetShape(scale=2, peak_stops=math.log2(5), convention="gmnet")
"""Of train_real.yml: the photo at half size (bicubic), peak 5."""

GMNET = {
    "ours": Recipe(
        network="gmnet",
        source="ours, two processor cores: whole views at a quarter of their size, log of the PQ error, one cosine",
        steps=900, pictures=4, reduce=4, turns="mirror",
        rate=5e-4, schedule=Schedule(warm_up=50), clip=1.0, average=0.99,
        loss=Weights(pq=1.0), watched=8, checkpoint_every=100, stored="fp16",
        shape=GMNetShape(peak_stops=4.0, trunk_start=1.0, qmax_start=0.5),
    ),
    "paper": Recipe(
        network="gmnet", title="paper",
        source="ICLR 2025 and its train_syn.yml: 3e-5, no flips, seed 10; light is code**2.2 * 2**gain, peak 8 "
        "(synthetic data). For real photos: recipe paper-real",
        steps=1_000_000, pictures=32, crop=160, rate=3e-5, schedule=HALVED,
        loss=Weights(relative=1.0, absolute=3.0), seed=10, watched=24, checkpoint_every=5000, shape=GMNET_SYNTHETIC,
    ),
}  # fmt: skip

GMNET["paper-real"] = dataclasses.replace(
    GMNET["paper"], title="paper-real", shape=GMNET_REAL,
    source="ICLR 2025 and its train_real.yml: as train_syn.yml, but the photo is halved (bicubic) and the peak is 5",
)  # fmt: skip

IRNET_OURS = Recipe(
    network="irnet",
    source="ours, two processor cores: whole views at 1/4 size, log of the PQ error, from the nearest affine map",
    steps=6000, pictures=4, reduce=4, affine_start=True, turns="all", rate=1e-3, betas=(0.9, 0.99),
    schedule=Schedule(warm_up=50), clip=1.0, average=0.99, loss=Weights(pq=1.0), watched=16,
    stored="fp16", shape=IRNET_2,
)  # fmt: skip

IRNET_PAPER = Recipe(
    network="irnet", title="paper",
    source="arXiv 2307.03998, section 3.4: 200 epochs of 1,235 pictures with 30 patches each (463,200 steps), cosine "
    "from 5e-4 to 1e-11 with warm restarts every 60 epochs. Initialisation as in its code (Xavier; the paper: Kaiming)",
    steps=463_200, pictures=16, crop=256, turns="all", rate=5e-4, betas=(0.9, 0.999),
    schedule=Schedule("restarts", period=0.3, floor=2e-8), loss=Weights(code=1.0), watched=24, checkpoint_every=2316,
    shape=IRNET_2,
)  # fmt: skip
IRNET_KAIMING = dataclasses.replace(
    IRNET_PAPER, title="paper-kaiming", shape=dataclasses.replace(IRNET_2, start="kaiming"),
    source="arXiv 2307.03998, section 3.4, as recipe paper; weights begin Kaiming-normal, as its text says",
)  # fmt: skip

ITMLUT = {
    "ours": Recipe(
        network="itmlut",
        source="ours, two processor cores: from the best single LUT, whole views at half size, log of the PQ error and "
        "Ada-3DLUT's terms, each picture's own mean",
        steps=2000, pictures=6, reduce=2, lut_start=True, turns="mirror", jitter=True, rate=1e-3,
        schedule=Schedule(warm_up=50), clip=1.0, average=0.99,
        loss=Weights(pq=1.0, rough=1e-4, monotone=10.0), watched=32, stored="fp16",
        shape=ITMLUTShape(dropout=0.1, batch_mean=False),
    ),
    "paper": Recipe(
        network="itmlut", title="paper",
        source="CVMP 2023 gives the network; its training is not published. Assumed: L1 of PQ codes, Ada-3DLUT's "
        "weights 1e-4 (smooth) and 10 (monotone), Adam 2e-4 halved as in FastGaMer's comparison, batch 16, crop 256",
        steps=1_000_000, pictures=16, crop=256, turns="all", schedule=HALVED,
        loss=Weights(code=1.0, rough=1e-4, monotone=10.0), watched=64, checkpoint_every=5000, shape=ITMLUTShape(),
    ),
}  # fmt: skip


def _short(recipe: Recipe, **change: Any) -> Recipe:
    schedule = dataclasses.replace(recipe.schedule, warm_up=50)
    source = "ours cut down for experiments on two processor cores"
    return dataclasses.replace(recipe, title="short", source=source, schedule=schedule, average=0.99, **change)


# Each about four minutes of one processor core: equal time, not equal steps. GMNet, which says nothing by then, ten, of
# whole pictures at a quarter of their size: on small crops it was no better than no gain after as many steps.
FASTGAMER["short"] = _short(FASTGAMER["ours"], steps=1200, pictures=8, watched=64)
GMNET["short"] = _short(
    GMNET["ours"], steps=500, pictures=3, crop=0, reduce=4, rate=5e-4, watched=8, checkpoint_every=50,
    loss=Weights(pq=1.0),
)  # fmt: skip
IRNET_SHORT = _short(
    IRNET_OURS, steps=600, pictures=4, crop=64, reduce=1, affine_start=False, betas=(0.9, 0.999), watched=8,
    checkpoint_every=100, loss=Weights(code=1.0),
)  # fmt: skip
ITMLUT["short"] = _short(
    ITMLUT["ours"], steps=400, pictures=2, reduce=1, lut_start=False, jitter=False, rate=1e-3, watched=16,
    checkpoint_every=100, loss=Weights(code=1.0, rough=1e-4, monotone=10.0), shape=ITMLUTShape(),
)  # fmt: skip


def _irnets(network: str, shape: IRNetShape) -> dict[str, Recipe]:
    every = (IRNET_OURS, IRNET_PAPER, IRNET_KAIMING, IRNET_SHORT)
    shapes = [dataclasses.replace(shape, start=recipe.shape.start) for recipe in every]
    return {r.title: dataclasses.replace(r, network=network, shape=s) for r, s in zip(every, shapes, strict=True)}


RECIPES: dict[str, dict[str, Recipe]] = {
    "fastgamer": FASTGAMER,
    "gmnet": GMNET,
    "irnet": _irnets("irnet", IRNET_2),
    "irnet-1": _irnets("irnet-1", IRNET_1),
    "irnet-sr": _irnets("irnet-sr", IRNET_5),
    "itmlut": ITMLUT,
}
"""What `untone train NETWORK --recipe TITLE` runs. A new recipe is one entry here."""
