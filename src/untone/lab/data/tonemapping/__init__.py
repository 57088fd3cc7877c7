"""Tone mapping operators, from HDR light to display light. KINDS is their registry: a kind is one line of it."""

from .kinds import FAMILIES, KINDS, Kind

__all__ = ["FAMILIES", "KINDS", "Kind"]
