"""Of all tests: property tests have no deadline, as a busy machine makes any of them slow; one thread for matrices."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# before numpy is loaded: threads that wait for each other beside another worker's take half of all time
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Of the one S3 server of a process; each test makes buckets of its own."""
    import object_store

    with object_store.s3_server() as url:
        yield url
