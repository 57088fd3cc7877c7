"""A set of pictures that must not shine and pictures that must, to judge models by; see evaluation/restraint."""
