"""`untone PHOTO` and `untone to`: planning, conversion and report of batches; SDR bases for HDR stills."""
