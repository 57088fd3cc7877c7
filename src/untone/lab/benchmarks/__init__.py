"""`untone bench`: speed of kernels, gain networks, transcodes and the command on this machine."""
