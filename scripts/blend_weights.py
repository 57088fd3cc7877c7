#!/usr/bin/env python3
"""Averages two sets of FastGaMer's weights, one trained on from the other, into one model.

    scripts/blend_weights.py FIRST SECOND SHARE OUT.onnx [NOTE]

SHARE (0 to 1) is that of SECOND. Files of weights are whatever `untone train --from` takes. Weights on the straight
line between a run and its start lose little on either's data (Wortsman et al., CVPR 2022, "WiSE-FT").
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from untone.errors import UntoneError, UsageError
from untone.lab.training import export, initial_weights
from untone.lab.training.recipes import RECIPES
from untone.lab.training.tasks import TASKS


def main(words: list[str]) -> int:
    """Writes the blend; 0, or an exit code after one line that says what is wrong."""
    try:
        first, second, share, target, note = (*words, "")[:5]
        blend(Path(first), Path(second), float(share), Path(target), note)
    except ValueError:
        print(__doc__, file=sys.stderr)
        return 2
    except UntoneError as fault:
        print(f"blend_weights: {fault}", file=sys.stderr)
        return 2 if isinstance(fault, UsageError) else 1
    return 0


def blend(first: Path, second: Path, share: float, target: Path, note: str) -> None:
    """Exports (1 - share) * first + share * second."""
    files = [initial_weights.find(first), initial_weights.find(second)]
    states = [initial_weights.read(file) for file in files]
    recipe = RECIPES["fastgamer"]["ours"]
    net = TASKS["fastgamer"].network(recipe)
    for state, file in zip(states, files, strict=True):
        initial_weights.put(state, net, file)  # says what does not fit
    mixed = {name: (1 - share) * states[0][name] + share * states[1][name] for name in net.state_dict()}
    net.load_state_dict(mixed)
    parts = [dataclasses.asdict(initial_weights.fingerprint(file)) for file in files]
    notes = {"recipe": {"blend": parts, "share_of_second": share}, "data": note}
    print(f"{target}  sha256 {export.export(net, target, notes)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
