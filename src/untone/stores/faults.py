"""Faults of object stores as our own errors: one line that names the object and what would do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import DamagedError, UntoneError
from ..formats.common.limits import quoted
from .contract import ForbiddenError, MissingError, StoreError

CREDENTIALS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is given; AWS_PROFILE needs boto3",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or run where an account is given",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or a token, or run where an identity is given",
}

_KEY_CODES = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationFailed")

_OBJECT_CODES = {
    "InvalidObjectState": "it is archived; restore it first",
    "InvalidRequest": "the store refuses to read it (InvalidRequest), as one that is encrypted by a key of its owner",
    "KMS.DisabledException": "the key by which it is encrypted is disabled",
    "KMS.NotFoundException": "the key by which it is encrypted is gone",
}
"""Of objects that cannot be read, where others can."""


@contextmanager
def told(scheme: str, name: str, *, writing: bool = False) -> Iterator[None]:
    """Within, what obstore raises becomes one of ours, except that something exists or changed.

    Raises:
        StoreError: every other object would meet it too; refused writing is such.
        ForbiddenError, MissingError: of this object.
        UntoneError: no object can have that key.
    """
    from obstore import exceptions

    try:
        yield
    except (UntoneError, exceptions.AlreadyExistsError, exceptions.PreconditionError):
        raise
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise _ours(scheme, name, error, writing) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust, below BaseException alone
            raise
        raise StoreError(f"{name}: obstore broke off: {error}") from error


def status_of(error: BaseException) -> int | None:
    """The HTTP status in an error of obstore; None where no answer came."""
    found = re.search(r"status code: (\d{3})", str(error))
    return int(found[1]) if found else None


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: no answer came, or the store asked to wait."""
    status = status_of(error)
    unanswered = type(error).__name__ == "GenericError" and status is None and "builder error" not in str(error)
    return unanswered or status in (408, 429, 500, 502, 503, 504)


def is_refused_key(error: BaseException) -> bool:
    """Whether a key has parts that obstore has no word for."""
    return type(error).__name__ == "InvalidPathError" or (type(error) is ValueError and "parse path" in str(error))


def _ours(scheme: str, name: str, error: Exception, writing: bool) -> UntoneError:
    text = str(error)
    code = _code(text)
    kind = type(error).__name__
    bucket = name.split("/")[2] if "://" in name else name
    if is_refused_key(error):
        return UntoneError(f"{quoted(name)}: there, a key has an empty part, . or .., or a control character")
    if code == "NoSuchBucket" or "ContainerNotFound" in text:
        return StoreError(f"{name}: there is no bucket {bucket}")
    if code in _KEY_CODES or kind == "UnauthenticatedError":
        return StoreError(f"{name}: the credentials are refused ({code or 'unauthenticated'}); {CREDENTIALS[scheme]}")
    if code == "RequestTimeTooSkewed":
        return StoreError(f"{name}: the store refuses requests: the clock of this machine is wrong ({code})")
    if code in _OBJECT_CODES and not writing:
        return ForbiddenError(f"{name}: {_OBJECT_CODES[code]}")
    if isinstance(error, FileNotFoundError):
        return MissingError(f"{name}: no such object")
    if isinstance(error, PermissionError) or kind == "PermissionDeniedError" or status_of(error) == 403:
        if writing:
            return StoreError(f"{name}: forbidden: these credentials may not write there")
        return ForbiddenError(f"{name}: forbidden: these credentials may not read it")
    return StoreError(f"{name}: {_reason(scheme, text, code, status_of(error))}")


def _code(text: str) -> str | None:
    found = re.search(r"<Code>([\w.]+)</Code>", text)
    return found[1] if found else None


def _reason(scheme: str, text: str, code: str | None, status: int | None) -> str:
    if any(word in text for word in ("169.254.169.254", "metadata.google.internal", "security-credentials")):
        return f"no credentials; {CREDENTIALS[scheme]}"
    if "Missing SecretAccessKey" in text or "Account must be specified" in text:
        return f"credentials are not whole; {CREDENTIALS[scheme]}"
    if "builder error" in text and "http://" in text:
        return "its endpoint is http://, which AWS_ALLOW_HTTP=true allows"
    if status in (301, 307) or "redirect" in text:
        return "the bucket is of another region; set AWS_REGION"
    if status is not None:
        waited = "; it asked to wait longer than is waited" if status in (429, 503) else ""
        return f"the store answers {status}{f' {code}' if code else ''}{waited}"
    at = re.search(r"https?://[^/\s]+", text)
    first = text.splitlines()[0]
    return f"the store does not answer{f' at {at[0]}' if at else ''}" if "HTTP error" in first else first[:200]


def changed(name: str) -> DamagedError:
    """Of an object that was replaced while it was read."""
    return DamagedError(f"{name}: it changed while it was read")
