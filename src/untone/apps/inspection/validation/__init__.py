"""Every deviation of a file from the rules of its gain map (`untone inspect --strict`)."""
