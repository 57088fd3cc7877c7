"""Restraint test: pictures that must not be brightened and pictures that must, with bounds for each kind."""
