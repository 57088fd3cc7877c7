"""What several containers share: whole files, limits, pixel arrays, boxes, threads."""
