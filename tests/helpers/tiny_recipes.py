"""Recipes of every network so small that a step takes milliseconds."""

import dataclasses

from untone.lab.nets import fastgamer, gmnet, irnet, itmlut
from untone.lab.training.recipes import RECIPES, Recipe

SHAPES = {
    "fastgamer": fastgamer.Shape(channels=(4, 4, 4, 4, 8), feature=8, local=4, rank=2, lut_nodes=5, bins=4),
    "gmnet": gmnet.Shape(features=8, blocks=1, trunk_start=1.0, qmax_start=0.5),
    "irnet": irnet.Shape(2, 16),
    "irnet-1": irnet.Shape(1, 16),
    "irnet-sr": irnet.Shape(1, 16, 4),
    "itmlut": itmlut.Shape(nodes=3, luts=2, features=8),
}


def recipe(network: str, **change: object) -> Recipe:
    """Eight steps of two small pictures."""
    crops = {"pixels": 64} if network == "fastgamer" else {"crop": 24}
    short = {"shape": SHAPES[network], "steps": 8, "pictures": 2, "checkpoint_every": 4, "watched": 2, **crops}
    return dataclasses.replace(RECIPES[network]["short"], **(short | change))  # type: ignore[arg-type]


RECIPE = recipe("fastgamer")


def alike(network: str) -> Recipe:
    """Three steps of four pictures without dropout: what a batch gives does not hang on how it is parted."""
    shape = {"dropout": 0.0} if network == "fastgamer" else {}
    return recipe(network, steps=3, pictures=4, shape=dataclasses.replace(SHAPES[network], **shape))
