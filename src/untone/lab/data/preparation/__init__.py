"""`untone data`: crop, extract, render, pq, restraint, pack."""
