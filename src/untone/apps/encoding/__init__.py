"""`untone encode`: a pair of renditions to one photo with a gain network or a gain map."""
