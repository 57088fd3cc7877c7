"""Wheels as a release has them, built once for all tests of this folder."""

import subprocess

import building  # noqa: F401  # lets scripts be imported
import pytest


@pytest.fixture(scope="session")
def arm(tmp_path_factory):
    """An ARM Python with the wheel that was built for it here."""
    import cross

    fault = cross.lacking()
    if fault:
        pytest.skip(f"{fault}: .ci/run installs what lets ARM run on this processor")
    root = tmp_path_factory.mktemp("arm64")
    try:
        cross.make_root(root)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no ARM {cross.PYTHON} of Debian can be had here: {(error.stderr or '').strip()[-200:]}")
    wheel = cross.make_wheel(root, tmp_path_factory.mktemp("dist"))
    cross.install(root, wheel)
    return root, wheel
