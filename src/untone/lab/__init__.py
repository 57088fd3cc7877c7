"""WING: data, training, evaluation and benchmarks; only this package imports torch."""
