"""The files of the page, as they lie in the package."""

from __future__ import annotations

from importlib import resources

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

NAMES = (
    "style.css", "main.js", "app.js", "dom.js", "grid.js", "photo.js", "stage.js", "pointers.js", "panel.js",
    "histogram.js", "light.js", "decisions.js", "dropping.js", "exporting.js", "server.js", "icon.svg",
)  # fmt: skip
"""What the server gives beside the page itself."""


def static(name: str) -> bytes:
    """A file of the page."""
    return resources.files(__package__).joinpath("static", name).read_bytes()
