"""Batches beyond one machine: photos in object stores, shares of a job for each of several workers, Ray.

    inputs --planning--> jobs, a page at a time --execution--> outcomes, in any order --> conversion's report

No job knows another, so that memory does not grow with their number, and workers may come and go.
"""

from __future__ import annotations

import argparse

from ...stores import is_url


def is_asked(arguments: argparse.Namespace) -> bool:
    """Whether a batch goes beyond this machine: a URL, or workers that share it."""
    places = [*arguments.inputs, arguments.output]
    shared = (arguments.shard, arguments.claim, arguments.ray)
    return any(is_url(each) for each in places) or any(each is not None for each in shared)
