"""Burnt-in subtitles and logos, which stay at white: strokes -> text -> tracking -> keys of pixels."""
