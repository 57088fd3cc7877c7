"""Pairs from HDR light: an HDR rendition, an SDR rendition of it by one of many tone mappers, and the gain between."""
