"""Listing of keys that obstore has no word for: with `..`, empty parts, control characters. They are never read.

obstore refuses a whole page for one of them; the photos beside it would be lost. boto3 lists on from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from .contract import Entry, StoreError


def listed(scheme: str, bucket: str, prefix: str, after: str | None, fault: Exception) -> Iterator[Entry]:
    """The entries after a key, from a bucket where obstore met `fault`.

    Raises:
        StoreError: boto3 is not there, it is no S3, or it fails.
    """
    if scheme != "s3":
        raise StoreError(f"the listing stops: {fault}") from fault
    try:
        from botocore.exceptions import BotoCoreError, ClientError

        pages = _client().get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, **({} if after is None else {"StartAfter": after})
        )  # fmt: skip
        for page in pages:
            for found in page.get("Contents", ()):
                yield Entry(found["Key"], found["Size"], found["ETag"], found["LastModified"].timestamp())
    except ImportError:
        raise StoreError(f"the listing stops: {fault}; pip install boto3 lists beyond such keys") from fault
    except (BotoCoreError, ClientError) as error:
        raise StoreError(f"{scheme}://{bucket}/{prefix}: {error}") from error


def _client() -> Any:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    unsigned = os.environ.get("AWS_SKIP_SIGNATURE", "").lower() == "true"
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None
    config = Config(
        s3={"addressing_style": "path" if endpoint else "auto"},
        retries={"mode": "standard", "total_max_attempts": 10},
        **({"signature_version": UNSIGNED} if unsigned else {}),
    )
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return boto3.client("s3", endpoint_url=endpoint, region_name=region, config=config)
