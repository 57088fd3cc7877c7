"""What is in the box: the models of this package, what each sees and gives, its size, cost, scores and training.

The file of weights says what it is (its card); what was measured afterwards stands in `weights/figures.json` under the
SHA-256 of the weights it was measured with, so that figures never outlive their weights.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from . import DEFAULT, MODELS, WEIGHTS, graphs

FIGURES = WEIGHTS / "figures.json"

SEES_AND_GIVES = {
    "fastgamer": ("a thumbnail", "a gain map, made at full size by the kernels"),
    "gmnet": ("photo and thumbnail", "a gain map of one channel"),
    "irnet": ("photo", "the HDR picture"),
    "itmlut": ("photo", "the HDR picture"),
}
"""Architecture -> what it sees, what it gives."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One model of this package.

    Attributes:
        name, architecture, sees, gives: what it is.
        default: whether `untone photo.jpg` takes it.
        parameters, bytes, sha256: of the weights.
        recipe: title, steps, pictures a step, and the weights it began from, as its card has them.
        figures: measured with these very weights: scores, seconds a megapixel, training, licence; {} where none were.
    """

    name: str
    architecture: str
    sees: str
    gives: str
    default: bool
    parameters: int
    bytes: int
    sha256: str
    recipe: dict[str, Any]
    figures: dict[str, Any]


def entries() -> list[Entry]:
    """Every model of this package, in the order of MODELS."""
    figures = json.loads(FIGURES.read_text("utf-8"))
    return [_entry(name, path, figures.get(name, {})) for name, path in MODELS.items()]


def _entry(name: str, path: Path, figures: dict[str, Any]) -> Entry:
    data = path.read_bytes()
    digest, card = hashlib.sha256(data).hexdigest(), graphs.card_of(data)
    sees, gives = SEES_AND_GIVES[card["architecture"]]
    factor = card["shape"].get("upscale", 1)
    gives += f", {factor} times the size" if factor > 1 else ""
    recipe = card.get("recipe", {})
    return Entry(
        name, card["architecture"], sees, gives, name == DEFAULT,
        int(card["parameters"]), len(data), digest,
        {key: recipe.get(key) for key in ("title", "steps", "pictures", "start")},
        {key: value for key, value in figures.items() if key != "sha256"} if figures.get("sha256") == digest else {},
    )  # fmt: skip
