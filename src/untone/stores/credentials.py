"""Where credentials come from: environment variables and roles, as obstore finds them; profiles, by boto3."""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..formats.common.limits import quoted
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

SIGNED = {
    "s3": "AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|(DEFAULT_)?REGION)",
    "gs": "GOOGLE_(BEARER_TOKEN|SKIP_SIGNATURE)",
    "az": "AZURE_STORAGE_(ACCOUNT_NAME|ACCOUNT_KEY|ACCESS_KEY|SAS_KEY|SAS_TOKEN|TOKEN)",
}
"""Of variables whose value goes into a request's headers."""

ENDPOINTS = {
    "s3": "AWS_ENDPOINT(_URL(_S3)?)?",
    "gs": "GOOGLE_(BASE_URL|STORAGE_ENDPOINT)",
    "az": "AZURE_(STORAGE_)?ENDPOINT|AZURITE_BLOB_STORAGE_URL",
}
"""Of those that say where requests go."""

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


def check_settings(scheme: str) -> None:
    """See that headers and addresses can be made of what the environment says: obstore breaks off where they cannot.

    Raises:
        StoreError: a variable of which they cannot; its value is not told, as it may be a secret.
    """
    for name, value in os.environ.items():
        if re.fullmatch(SIGNED[scheme], name) and not (value.isascii() and value.isprintable()):
            raise StoreError(f"{name} holds a line break or another character that no header may have")
        if value and re.fullmatch(ENDPOINTS[scheme], name) and not _is_address(value):
            raise StoreError(f"{name}: {quoted(value)} is no address such as https://store.example.com:9000")


def _is_address(value: str) -> bool:
    with suppress(ValueError):  # of a port that is none, and of brackets
        parts = urlsplit(value)
        plain = value.isascii() and value.isprintable() and " " not in value
        return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    return False


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
