"""`untone measure`: a gain map photo from two renditions, or from a camera's JPEG and the RAW that it was made of."""
