"""Checks for packages beyond the base install, before work begins: no training may end without its export."""

from __future__ import annotations

import importlib.util


def require(*names: str) -> None:
    """Nothing where they are all installed.

    Raises:
        ModuleNotFoundError: with the `name` of the first that is not; the command line says what to install.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
