"""untone export: what a film is turned into, for those who finish it elsewhere."""
