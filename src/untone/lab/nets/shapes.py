"""Hyper-parameters of every network, saved with the weights. Without torch, for recipes are made of them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class FastGaMerShape:
    """Of FastGaMer.

    Attributes:
        channels: outputs of the stride-2 convolutions; five of them leave an 8 x 8 map.
        feature: length of the global feature.
        local: channels of the spatial head's hidden layer.
        rank: hidden length of the LUT head.
        lut_nodes: nodes of the LUT along each axis.
        bins: nodes of the soft histograms of the brightest channel.
        saturations: nodes of saturation, in the histogram of both.
        mixed: channels that the histograms of the cells are mixed down to, for the grids.
        headroom: what white leaves of each axis of the LUT, so that grids can also raise it.
        dropout: of the global feature, in training.
        use_grid, use_lut, use_modulator: parts of the operators (False: left out, for ablations). Without grids the
            LUT sees the pixel itself; without LUT the grids alone say the gain.
        one_channel: one gain for all channels.
        interpolation: of the LUT, "tetrahedral" as the kernels have it, or "trilinear".
        output: "gain", or "light": PQ codes of the HDR picture, without any gain map.
        base: what the gain is applied to in training: "srgb" light, or "code 2.2", code**2.2, as published.
        steepness: of the exported file: a gain g leaves as STEEP_PIVOT (g / STEEP_PIVOT) ** steepness; 1 as trained.
        published: the paper's own heads (nets/fastgamer_published.py); `feature`, `local`, `bins`, `saturations`,
            `mixed` and `dropout` then say nothing.
    """

    channels: tuple[int, ...] = (8, 24, 48, 96, 128)
    feature: int = 96
    local: int = 64
    rank: int = 24
    lut_nodes: int = 17
    bins: int = 32
    saturations: int = 6
    mixed: int = 32
    headroom: float = 0.125
    dropout: float = 0.1
    use_grid: bool = True
    use_lut: bool = True
    use_modulator: bool = True
    one_channel: bool = False
    interpolation: str = "tetrahedral"
    output: str = "gain"
    base: str = "srgb"
    steepness: float = 1.0
    published: bool = False

    @property
    def white(self) -> float:
        """Where white lies on each axis of the LUT."""
        return 1 - self.headroom if self.use_lut else 1.0


STEEP_PIVOT = 0.7
"""Stops that steepness leaves as they are; below it gains become less, above it more."""

PUBLISHED = FastGaMerShape(
    channels=(16, 32, 64, 96, 128), rank=27, headroom=0.0, dropout=0.0, interpolation="trilinear", base="code 2.2",
    published=True,
)  # fmt: skip
"""FastGaMer as its paper has it: 0.64 M parameters."""


@dataclasses.dataclass(frozen=True)
class GMNetShape:
    """Of GMNet, and what its outputs mean.

    Attributes:
        features: channels of both branches.
        blocks: residual blocks in each of the four groups.
        scale: the photo is fed at 1 / scale of its size; 1 (synthetic) or 2 (real photos).
        peak_stops: stops of an output qmax * map of 1; 3 (peak 8, synthetic) or log2 5 (real photos).
        convention: what the gain is applied to. "untone": light = (sRGB light + 1/64) 2**gain - 1/64.
            "gmnet": light = code**2.2 * 2**gain, no offsets, as published.
        trunk_start: share of Kaiming's spread that weights outside the residual blocks begin with. Published: 0.1,
            as inside the blocks; through eleven layers in a row that leaves nothing of the signal, and the first
            thousands of steps go into bringing it back.
        qmax_start: first bias of qmax; 0 as published, where its product with the map has a saddle.
    """

    features: int = 64
    blocks: int = 5
    scale: int = 1
    peak_stops: float = 3.0
    convention: str = "untone"
    trunk_start: float = 0.1
    qmax_start: float = 0.0


UPSCALE = 4
"""Of joint super-resolution."""


@dataclasses.dataclass(frozen=True)
class IRNetShape:
    """Of IRNet.

    Attributes:
        blocks: improved residual blocks: 1, 2 or, with super-resolution, 5.
        features: channels: 48 or 64.
        upscale: 1, or 4 for joint super-resolution.
        block: what a block is, one of IRNET_BLOCKS: the paper's table 4.
        attention: "every" block has one, or "not first": table 10.
        start: weights begin "xavier"-normal, as in the published code, or "kaiming"-normal, as the paper says.
    """

    blocks: int = 2
    features: int = 64
    upscale: int = 1
    block: str = "irb"
    attention: str = "every"
    start: str = "xavier"


IRNET_BLOCKS = ("irb", "rb", "no F1", "F_in as F1", "F2 as F1")
"""The improved residual block; a plain one with a leaky ReLU; without the feature F1; with another one in its place."""


IRNET_1 = IRNetShape(1, 48)
"""49,302 parameters."""
IRNET_2 = IRNetShape(2, 64)
"""134,731 parameters."""
IRNET_5 = IRNetShape(5, 64, UPSCALE)
"""Joint super-resolution, 468,192 parameters."""


@dataclasses.dataclass(frozen=True)
class ITMLUTShape:
    """Of ITMLUT.

    Attributes:
        nodes: vertices of a LUT along each axis.
        luts: basic LUTs of each branch.
        features: length of the encoder's feature.
        dropout: in training, of the encoder and the weights' head.
        batch_mean: in training the vertices follow the mean of the batch, as published; else that of each picture, as
            in use.
    """

    nodes: int = 17
    luts: int = 5
    features: int = 128
    dropout: float = 0.5
    batch_mean: bool = True
