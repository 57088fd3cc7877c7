"""Parts that several containers share: whole files, limits, pixel arrays, ISOBMFF boxes, threads."""
