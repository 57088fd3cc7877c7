"""Colour descriptions of files: ICC profiles, chromaticities, code points of ITU-T H.273."""
