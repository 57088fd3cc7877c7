"""`untone experiment`: networks and ablations trained on the same pairs, paired statistics."""
