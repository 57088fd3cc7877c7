"""What commands say on a terminal: lines, progress, and what an interrupt does."""
