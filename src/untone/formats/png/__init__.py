"""PNG of 8 and 16 bits, SDR, PQ and HLG."""
