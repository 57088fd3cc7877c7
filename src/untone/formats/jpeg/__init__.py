"""JPEG, plain or with a gain map (Ultra HDR, ISO 21496-1, Apple), a gain network or a residual picture."""
