"""`untone audit`: gain maps lost, damaged or left out of step, against the originals."""
