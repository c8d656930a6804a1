"""What went wrong, as a stable code and a sentence that says what to do about it."""

import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from system_sender.codes import Code


class Trouble(StrEnum):
    """Codes of the command's own, beside :class:`system_sender.codes.Code`. Never rename one."""

    USAGE = "usage"
    INTERRUPTED = "interrupted"
    CREDENTIALS_MISSING = "credentials_missing"
    CREDENTIALS_REFUSED = "credentials_refused"
    REGION_MISSING = "region_missing"
    ENDPOINT_UNREACHABLE = "endpoint_unreachable"
    STACK_NOT_FOUND = "stack_not_found"
    ACCESS_DENIED = "access_denied"
    AWS_CONFIGURATION = "aws_configuration"
    AWS_REFUSED = "aws_refused"
    STORAGE_FAILED = "storage_failed"
    CHANGE_UNCERTAIN = "change_uncertain"
    FUNCTION_NOT_FOUND = "function_not_found"
    FUNCTION_FAILED = "function_failed"
    FILE_UNREADABLE = "file_unreadable"
    FILE_UNWRITABLE = "file_unwritable"
    INVALID_FILE = "invalid_file"
    NOT_SUPPRESSED = "not_suppressed"
    NOT_AT_BEGINNING = "not_at_beginning"


class Problem(Exception):
    """The command did not do what was asked.

    Attributes:
        code: stable, for programs.
        message: one or two sentences for people: what is wrong, and what to do.
        problems: where several things are wrong at once, each with its `path` and `problem`.
        exit_code: of the process.
    """

    def __init__(
        self,
        code: Code | Trouble,
        message: str | None = None,
        *,
        problems: Sequence[dict[str, str]] = (),
        exit_code: int = 1,
    ) -> None:
        self.code = code
        self.message = message or (code.sentence if isinstance(code, Code) else code.value)
        self.problems = tuple(problems)
        self.exit_code = exit_code
        super().__init__(self.message)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `--json` prints."""
        document: dict[str, Any] = {"code": self.code.value, "message": self.message}
        if self.problems:
            document["problems"] = list(self.problems)
        return document


def problem_of(error: Exception) -> Problem | None:
    """Say what an exception means to an operator, or None for a bug of ours."""
    if isinstance(error, Problem):
        return error
    uncertain = _uncertain(error)
    for link in _chain(error):
        found = _before_anything_left(link) or (None if uncertain else _no_answer(link))
        if found is not None:
            return found
    return uncertain or _storage_problem(error) or _refusal(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything it was raised from: the store wraps what AWS said."""
    link: BaseException | None = error
    while link is not None:
        yield link
        cause = getattr(link, "cause", None)
        if isinstance(cause, BaseException):
            yield cause
        link = link.__cause__ or link.__context__


def _before_anything_left(error: BaseException) -> Problem | None:
    """Say what kept the request from being performed, where that is certain."""
    from botocore import exceptions as aws

    if isinstance(error, aws.NoRegionError):
        return Problem(
            Trouble.REGION_MISSING,
            "No AWS region is set. Set AWS_DEFAULT_REGION, or AWS_PROFILE to a profile that has "
            "a region.",
        )
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return Problem(
            Trouble.CREDENTIALS_MISSING,
            "No AWS credentials were found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; for the local system, the variables that `make up` prints.",
        )
    if isinstance(error, _broken_credentials()):
        return Problem(
            Trouble.CREDENTIALS_REFUSED,
            "The AWS credentials could not be used. Log in again, or check AWS_PROFILE.",
        )
    if isinstance(error, aws.ProfileNotFound | aws.InvalidRegionError | aws.ConfigParseError):
        return Problem(
            Trouble.AWS_CONFIGURATION,
            f"{str(error).rstrip('.')}. Check AWS_PROFILE and the region.",
        )
    if isinstance(error, aws.EndpointConnectionError | aws.ConnectTimeoutError):
        return _unreachable()
    if isinstance(error, aws.ClientError):
        return _client_problem(error)
    return None


def _no_answer(error: BaseException) -> Problem | None:
    """Say that AWS was silent, where it does not matter whether it did what was asked."""
    from botocore import exceptions as aws

    silent = isinstance(error, aws.HTTPClientError | aws.ConnectionError)
    return _unreachable() if silent else None


def _unreachable() -> Problem:
    return Problem(
        Trouble.ENDPOINT_UNREACHABLE,
        f"{_endpoint()} does not answer. Check the network, the region and AWS_ENDPOINT_URL (for "
        "the local system: is it still up?).",
    )


def _broken_credentials() -> tuple[type[Exception], ...]:
    from botocore import exceptions as aws

    return (
        aws.CredentialRetrievalError,
        aws.TokenRetrievalError,
        aws.SSOError,
        aws.UnauthorizedSSOTokenError,
    )


_REFUSED_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
}


def _client_problem(error: Any) -> Problem | None:
    code = str(error.response.get("Error", {}).get("Code", ""))
    operation = getattr(error, "operation_name", None) or "the request"
    if code in _REFUSED_CREDENTIALS:
        return Problem(
            Trouble.CREDENTIALS_REFUSED,
            f"AWS refuses these credentials ({code}). Log in again, or check AWS_PROFILE and the "
            "clock of this machine.",
        )
    if code in ("AccessDenied", "AccessDeniedException"):
        return Problem(
            Trouble.ACCESS_DENIED,
            f"These AWS credentials may not do {operation}. The manual of `sender` lists the "
            "permissions it needs.",
        )
    if code == "ResourceNotFoundException":
        return _no_such_stack()
    # Refused conditions and conflicts have a meaning of their own, which the store sorted out;
    # and a server's error does not say whether it happened.
    if code == "TransactionCanceledException" or _is_servers_fault(error):
        return None
    return Problem(
        Trouble.AWS_REFUSED, f"AWS refused {operation} ({code}). Nothing of it was done."
    )


def _is_servers_fault(error: BaseException) -> bool:
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500


def _no_such_stack() -> Problem:
    stack = os.environ.get("TABLE_PREFIX", "")
    region = os.environ.get("AWS_DEFAULT_REGION", "the profile's region")
    return Problem(
        Trouble.STACK_NOT_FOUND,
        f"There are no tables of a stack named '{stack}' in {region}. Check --stack, the account "
        "and the region, or deploy it with `make deploy`.",
    )


def _endpoint() -> str:
    names = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL")
    return next((os.environ[name] for name in names if os.environ.get(name)), "AWS")


def _uncertain(error: Exception) -> Problem | None:
    """Say that a change may have been made, where nobody knows."""
    from system_sender.store import AnswerLost, StorageUnavailable

    lost = isinstance(error, AnswerLost)
    if not lost and (isinstance(error, StorageUnavailable) or not _is_servers_fault(error)):
        return None
    return Problem(
        Trouble.CHANGE_UNCERTAIN,
        "AWS did not say whether it was done: the change may or may not have been made. Look, "
        "and repeat the command if it was not; repeating it does no harm.",
    )


def _storage_problem(error: Exception) -> Problem | None:
    from system_sender.store import Contention, StorageError

    if isinstance(error, Contention):
        return Problem(
            Trouble.STORAGE_FAILED,
            "Other writes to the same rows kept getting in first; nothing was changed. Repeat "
            "the command.",
        )
    if isinstance(error, StorageError):
        return Problem(
            Trouble.STORAGE_FAILED, f"DynamoDB did not do what was asked ({error}). Repeat it."
        )
    return None


def _refusal(error: Exception) -> Problem | None:
    from system_sender.drafts import DraftRefused
    from system_sender.followups.enrolment import EnrolmentRefused

    return Problem(error.code) if isinstance(error, DraftRefused | EnrolmentRefused) else None
