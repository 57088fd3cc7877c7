"""Pictures that must not shine, and pictures that must: whether a model keeps to the bounds of each kind."""
