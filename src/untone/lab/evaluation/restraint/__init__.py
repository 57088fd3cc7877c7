"""Restraint test: pictures that a model must not brighten and pictures that it must, with bounds for each kind."""
