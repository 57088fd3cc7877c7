"""AVIF and HEIC, stills of HEIF (ISO/IEC 23008-12) with gain maps: readers and writers."""
