"""Validation of gain map files: deviations from their specifications (`untone inspect --strict`)."""
