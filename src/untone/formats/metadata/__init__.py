"""What containers carry beside pixels: gain map parameters (ISO 21496-1, hdrgm XMP) and EXIF."""
