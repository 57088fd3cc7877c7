"""JPEG XL (ISO/IEC 18181): stills with gain maps (the `jhgm` box); reader and writer."""
