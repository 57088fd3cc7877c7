"""Pillow plugin: gain maps in `Image.info`, in `Image.save`, in step with crops and sizes. Its door: untone.pillow."""
