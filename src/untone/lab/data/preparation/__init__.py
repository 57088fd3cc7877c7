"""`untone data`: preparation of data sets: crop, extract, render, pq, pack."""
