"""Sources of HDR light, synthesis of pairs, data sets on disk."""
