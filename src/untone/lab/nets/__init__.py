"""Network definitions in torch, and nothing but definitions."""
