"""The film that is written: encoder, tracks, and what containers and bitstreams say of its light."""
