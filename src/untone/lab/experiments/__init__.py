"""`untone experiment`: several networks on the same pairs, ablations, paired statistics."""
