"""untone: predict, apply, measure and write HDR gain maps of photos.

The verbs and nouns below are bound on first use, so that `import untone` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .apps.measurement.raw_gain import measure_raw as measure_raw
    from .errors import DamagedError as DamagedError
    from .errors import LimitError as LimitError
    from .errors import UnsupportedError as UnsupportedError
    from .errors import UntoneError as UntoneError
    from .errors import UsageError as UsageError
    from .image import GainMap as GainMap
    from .image import Image as Image
    from .operators import Operators as Operators
    from .pipeline import apply as apply
    from .pipeline import convert as convert
    from .pipeline import load as load
    from .pipeline import measure as measure
    from .pipeline import predict as predict
    from .pipeline import read as read
    from .pipeline import write as write

__version__ = "0.1.0"

_HOMES = {
    "pipeline": ("apply", "convert", "load", "measure", "predict", "read", "write"),
    "image": ("GainMap", "Image"),
    "operators": ("Operators",),
    "apps.measurement.raw_gain": ("measure_raw",),
    "errors": ("DamagedError", "LimitError", "UnsupportedError", "UntoneError", "UsageError"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'untone' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
