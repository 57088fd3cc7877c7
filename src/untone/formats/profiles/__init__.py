"""Colour as files say it: ICC profiles, chromaticities, code points of ITU-T H.273."""
