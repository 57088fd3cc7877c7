#!/usr/bin/env python3
"""Averages sets of FastGaMer's weights, trained on from one another, into one model.

    scripts/blend_weights.py OUT.onnx WEIGHTS=SHARE [WEIGHTS=SHARE ...] [--steepness 1.12] [--formula-share 0.3]
        [--note "data and licences"]

Shares add up to 1. Files of weights are whatever `untone train --from` takes. Weights on the straight line between a
run and its start lose little on either's data (Wortsman et al., CVPR 2022, "WiSE-FT"). Stored as half floats.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from pathlib import Path
from typing import Any

from untone.errors import UntoneError, UsageError
from untone.lab.training import export, initial_weights
from untone.lab.training.recipes import RECIPES
from untone.lab.training.tasks import TASKS


def main(words: list[str]) -> int:
    """Writes the blend; 0, or an exit code after one line that says what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, metavar="OUT.onnx")
    parser.add_argument("parts", nargs="+", metavar="WEIGHTS=SHARE")
    parser.add_argument("--steepness", type=float, default=1.0, help="of the exported gains (nets/shapes.py)")
    parser.add_argument("--formula-share", type=float, default=0.0, help="of a formula's gains (models/averaging.py)")
    parser.add_argument("--note", default="", help="data and licences")
    arguments = parser.parse_args(words)
    try:
        parts = [_part(text) for text in arguments.parts]
        stated = {"formula_share": arguments.formula_share, "data": arguments.note}
        print(blend(parts, arguments.output, arguments.steepness, stated))
    except UntoneError as fault:
        print(f"blend_weights: {fault}", file=sys.stderr)
        return 2 if isinstance(fault, UsageError) else 1
    return 0


def _part(text: str) -> tuple[Path, float]:
    name, _, share = text.rpartition("=")
    try:
        return Path(name), float(share)
    except ValueError:
        raise UsageError(f"{text}: weights and their share are written WEIGHTS=SHARE") from None


def blend(parts: list[tuple[Path, float]], target: Path, steepness: float, stated: dict[str, Any]) -> str:
    """Exports the sum of share * weights; says what was written.

    Args:
        stated: in the card, beside the recipe: the formula's share, data and licences.

    Raises:
        UsageError: shares that do not add up to 1, a steepness of nothing, or a formula's share that is none.
    """
    if not math.isclose(sum(share for _, share in parts), 1, abs_tol=1e-6):
        raise UsageError("the shares must add up to 1")
    if not 0.5 <= steepness <= 2:
        raise UsageError(f"the steepness must be from 0.5 to 2, not {steepness:g}")
    if not 0 <= stated["formula_share"] <= 1:
        raise UsageError(f"the formula's share must be from 0 to 1, not {stated['formula_share']:g}")
    files = [initial_weights.find(path) for path, _ in parts]
    states = [initial_weights.read(file) for file in files]
    recipe = RECIPES["fastgamer"]["ours"]
    net = TASKS["fastgamer"].network(
        dataclasses.replace(recipe, shape=dataclasses.replace(recipe.shape, steepness=steepness))
    )
    for state, file in zip(states, files, strict=True):
        initial_weights.put(state, net, file)  # says what does not fit
    shares = [share for _, share in parts]
    mixed = {
        name: sum(share * state[name] for share, state in zip(shares, states, strict=True)) for name in net.state_dict()
    }
    net.load_state_dict(mixed)
    blended = [
        dataclasses.asdict(initial_weights.fingerprint(file)) | {"share": share}
        for file, share in zip(files, shares, strict=True)
    ]
    digest = export.export(net, target, {"recipe": {"blend": blended}, **stated}, stored="fp16")
    return f"{target}  sha256 {digest}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
