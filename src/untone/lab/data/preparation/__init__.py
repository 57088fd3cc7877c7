"""`untone data`: crop, extract, render, pq, pack."""
