"""`untone inspect`: HDR signalling of a file, its conformance, and which viewers show it in HDR."""
