"""A self-test that cannot fail is none: each stage is broken once."""

import numpy as np
import pytest

from untone import kernels, pipeline
from untone.apps import diagnosis


def names_and_faults(model="fastgamer"):
    return [(name, fault) for name, fault, _ in diagnosis.self_test(model)]


def test_everything_works_here():
    assert names_and_faults() == [(n, None) for n in ("load", "predict", "apply", "write", "read", "kernels")]


def test_a_failing_stage_ends_the_test_and_is_named(monkeypatch):
    def broken(*arguments):
        raise ValueError("no light")

    monkeypatch.setattr(pipeline, "apply", broken)
    assert names_and_faults() == [("load", None), ("predict", None), ("apply", "ValueError: no light")]


def test_a_map_that_gets_lost_is_found_out(monkeypatch):
    read = pipeline.read
    monkeypatch.setattr(pipeline, "read", lambda source: (read(source)[0], None))
    assert "not in the file" in names_and_faults()[-1][1]


def test_a_variant_that_computes_something_else_is_found_out(monkeypatch):
    apply = kernels.apply

    def skewed(*arguments, variant=None, **options):
        light = apply(*arguments, variant=variant, **options)
        return light if variant == "reference" else light * np.float32(1.1)

    variants = ["portable", "reference"]
    monkeypatch.setattr(kernels, "apply", skewed)
    monkeypatch.setattr(kernels, "info", lambda: {"available": variants})
    assert "variant portable differs" in names_and_faults()[-1][1]


@pytest.mark.parametrize("key", ["untone", "kernels", "threads", "formats", "numpy", "torch"])
def test_facts_name_what_matters(key):
    assert dict(diagnosis.facts())[key]
