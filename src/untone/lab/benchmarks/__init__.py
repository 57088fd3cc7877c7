"""`untone bench`: speed on this machine."""
