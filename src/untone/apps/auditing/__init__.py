"""`untone audit`: gain maps that were lost, damaged or no longer fit their photo, against the originals."""
