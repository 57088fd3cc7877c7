"""OpenEXR: linear light, whole or a band of rows at a time."""
