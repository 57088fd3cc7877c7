"""`untone inspect`: what a file carries, whether it keeps the rules, and what viewers make of it."""
