"""Where credentials come from: environment variables and roles, as obstore finds them; profiles, by boto3."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .contract import StoreError
from .faults import CREDENTIALS

if TYPE_CHECKING:
    from obstore.store import S3CredentialProvider

IN_ENVIRONMENT = (
    "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_SKIP_SIGNATURE",
)  # fmt: skip
"""One of them says how requests to S3 are signed, or that they are not."""

METADATA = "http://169.254.169.254"
"""Where a machine of Amazon's gets its role."""


def provider(scheme: str, bucket: str) -> S3CredentialProvider | None:
    """Credentials of a profile, where the environment says nothing; None leaves it to obstore.

    Raises:
        StoreError: there are none to be had; without asking, that would show after minutes.
    """
    if scheme != "s3" or any(os.environ.get(name) for name in IN_ENVIRONMENT):
        return None
    if os.environ.get("AWS_PROFILE") or (Path.home() / ".aws").is_dir():
        found = _of_profile()
        if found is not None:
            return found
    if not _has_role():
        raise StoreError(f"{scheme}://{bucket}: no credentials; {CREDENTIALS[scheme]}")
    return None


def _of_profile() -> S3CredentialProvider | None:
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider()
    except (ImportError, ValueError):
        return None


def _has_role() -> bool:
    """Whether somebody answers where roles are given."""
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    where = urlsplit(os.environ.get("AWS_METADATA_ENDPOINT", METADATA))
    try:
        socket.create_connection((where.hostname or "", where.port or 80), timeout=2).close()
    except OSError:
        return False
    return True
