"""WING: making data, training and measuring. torch lives here and nowhere else."""
