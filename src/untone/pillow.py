"""Pillow with gain maps: `import untone.pillow`, `Image.open(...).info["gain_map"]` and `.save(..., gain_map=...)`.

The functions crop, resize and turn a picture as Pillow's methods of those names do, and its gain map with it. They are
imported with Pillow alone; what reads and writes gain maps is loaded when a picture has one.
"""

from __future__ import annotations

from .adapters.pillow.geometry import crop, exif_transpose, resize, rotate, transpose
from .adapters.pillow.plugin import register

__all__ = ["crop", "exif_transpose", "register", "resize", "rotate", "transpose"]

register()
