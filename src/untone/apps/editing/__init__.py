"""`untone edit`: crops, turns, sizes; losslessly where the JPEG's blocks allow."""
