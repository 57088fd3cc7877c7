"""Recipes, batches, losses, runs, and the loop that trains every network."""
