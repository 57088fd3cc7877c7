"""Baselines of every table: expansion without learning, curves and LUTs fitted once, and per-picture upper bounds."""

from __future__ import annotations

from ...training.fitted import curve_gain, fit_curve, fit_lut, fit_strength, lut_gain
from .classical import bt2446a, gamma_expansion, linear_expansion
from .formulas import gentle, square
from .oracles import oracle_curve, oracle_grid, oracle_lut, oracle_lut_and_grid
from .ridge import RIDGE_SHAPE, fit_ridge, ridge_gain

__all__ = [
    "RIDGE_SHAPE",
    "bt2446a", "curve_gain", "fit_curve", "fit_lut", "fit_ridge", "fit_strength", "gamma_expansion", "gentle",
    "linear_expansion", "lut_gain", "oracle_curve", "oracle_grid", "oracle_lut", "oracle_lut_and_grid", "ridge_gain",
    "square",
]  # fmt: skip
