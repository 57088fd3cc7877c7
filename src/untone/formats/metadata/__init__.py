"""Metadata that containers carry: gain map parameters (ISO 21496-1, hdrgm XMP) and EXIF."""
