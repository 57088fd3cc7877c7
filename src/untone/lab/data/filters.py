"""The image filters of scipy.ndimage, imported at first use: whoever only names tone mappers does without scipy."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from scipy import ndimage

    return getattr(ndimage, name)
