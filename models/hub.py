"""The Hugging Face hub: whatever it or the way to it comes up with, said in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from feint.corpus.errors import FeintError

FAILURES: tuple[type[Exception], ...] = (HfHubHTTPError.__mro__[1], OSError, ValueError, RuntimeError)
"""What the client raises: first of all its HTTP library's base error, which library that may be."""


@contextmanager
def told(repository: str, kind: type[FeintError], before: str = "") -> Iterator[None]:
    """Turns failures of the hub into an error of ours, with `before` in front of the reason."""
    try:
        yield
    except FAILURES as error:
        raise kind(before + said(repository, error)) from error


def said(repository: str, error: Exception) -> str:
    """Why the hub refused, and what to do about it.

    >>> said("org/name", OfflineModeIsEnabled("HF_HUB_OFFLINE is set"))
    'the hub cannot be reached for org/name: HF_HUB_OFFLINE is set; unset it to go online'
    """
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # an upload's own error, raised in a thread
    match error:
        case OfflineModeIsEnabled():
            return f"the hub cannot be reached for {repository}: HF_HUB_OFFLINE is set; unset it to go online"
        case LocalTokenNotFoundError():
            return "no Hugging Face token here; log in with 'hf auth login' or set HF_TOKEN"
        case HFValidationError():
            return f"{repository!r} is no id of a repository; expected ORG/NAME"
        case GatedRepoError():
            return (
                f"{repository} is gated and this token has no access; ask for it at https://huggingface.co/{repository}"
            )
        case RevisionNotFoundError():
            return f"{repository} has no such revision"
        case RepositoryNotFoundError():
            return (
                f"the hub has no {repository} that this token may see; check the name, and log in where it is private"
            )
        case HfHubHTTPError():
            return _of_status(repository, error)
        case LocalEntryNotFoundError():
            return f"{repository} is not in the cache and the hub cannot be reached: {_reason(error)}"
        case ValueError() | RuntimeError():
            return f"{repository}: {_reason(error)}"
    return f"the hub cannot be reached for {repository}: {_reason(error)}; look after the network and try again"


def _of_status(repository: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    told = (error.server_message or "").strip().rstrip(".") or _reason(error)
    if status == 401:
        return f"the hub does not take this token ({told}); log in anew with 'hf auth login'"
    if status == 403:
        return f"this token may not write to {repository} ({told}); use one with write access to it"
    if status == 412:
        return f"somebody committed to {repository} meanwhile ({told}); look at what they did and publish again"
    if status == 409:
        return f"{repository}: the hub says that it exists already ({told})"
    return f"the hub answered {status} for {repository}: {told}"


def _reason(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
