"""Where credentials come from: environment variables and roles, as obstore finds them; profiles, by boto3."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .contract import StoreError
from .faults import CREDENTIALS

if TYPE_CHECKING:
    from obstore.store import S3CredentialProvider

IN_ENVIRONMENT = {
    "s3": "AWS_(ACCESS_KEY_ID|WEB_IDENTITY_TOKEN_FILE|CONTAINER_CREDENTIALS_(RELATIVE|FULL)_URI|SKIP_SIGNATURE)",
    "gs": "GOOGLE_(APPLICATION_CREDENTIALS|SERVICE_ACCOUNT.*|.*TOKEN|SKIP_SIGNATURE)",
    "az": "AZURE_.*(KEY|TOKEN|TOKEN_FILE|CLIENT_ID|IDENTITY|AZURE_CLI|EMULATOR|SIGNATURE)|(IDENTITY|MSI)_ENDPOINT",
}
"""Names of variables of which one says how requests are signed, or that they are not."""

METADATA = {
    "s3": "http://169.254.169.254",
    "gs": "http://metadata.google.internal",
    "az": "http://169.254.169.254",
}
"""Where a machine gets its role, account or identity."""

GCLOUD = ".config/gcloud/application_default_credentials.json"
"""What `gcloud auth application-default login` leaves at home."""


def provider(scheme: str, bucket: str) -> S3CredentialProvider | None:
    """Credentials of a profile, where the environment says nothing; None leaves it to obstore.

    Raises:
        StoreError: there are none to be had; without asking, that would show after minutes.
    """
    if _are_set(scheme):
        return None
    if scheme == "s3" and (os.environ.get("AWS_PROFILE") or (Path.home() / ".aws").is_dir()):
        found = _of_profile()
        if found is not None:
            return found
    if not _has_role(scheme):
        raise StoreError(f"{scheme}://{bucket}: no credentials; {CREDENTIALS[scheme]}")
    return None


def _are_set(scheme: str) -> bool:
    """Whether somebody says who asks, right or wrong."""
    named = any(value and re.fullmatch(IN_ENVIRONMENT[scheme], name) for name, value in os.environ.items())
    return named or (scheme == "gs" and (Path.home() / GCLOUD).is_file())


def _of_profile() -> S3CredentialProvider | None:
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider()
    except (ImportError, ValueError):
        return None


def _has_role(scheme: str) -> bool:
    """Whether somebody answers where roles are given."""
    if scheme == "s3" and os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    named = os.environ.get("AWS_METADATA_ENDPOINT") if scheme == "s3" else None
    where = urlsplit(named or METADATA[scheme])
    try:
        socket.create_connection((where.hostname or "", where.port or 80), timeout=2).close()
    except OSError:
        return False
    return True
