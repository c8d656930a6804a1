"""Why a call was not done, and the HTTP status that says so."""

from collections.abc import Mapping, Sequence

from system_sender.codes import Code

# Everything else that stands in the way of a draft is a conflict: it is not where the caller
# believes it to be.
_STATUS: Mapping[Code, int] = {
    Code.BODY_NOT_JSON: 400,
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.DRAFT_NOT_FOUND: 404,
    Code.LEAD_NOT_FOUND: 404,
    Code.CAMPAIGN_NOT_FOUND: 404,
    Code.WORKSPACE_NOT_FOUND: 404,
    Code.ROUTE_NOT_FOUND: 404,
    Code.BODY_TOO_LARGE: 413,
    Code.NOT_JSON_TYPE: 415,
    Code.BODY_WRONG: 422,
    Code.INVALID_REQUEST: 422,
    Code.EMPTY_TEXT: 422,
    Code.TEXT_TOO_LONG: 422,
    Code.SUBJECT_WRONG: 422,
    Code.SUBJECT_MISSING: 422,
    Code.CALL_FAILED: 500,
    Code.TRY_AGAIN: 503,
}
_CONFLICT = 409


class Refused(Exception):
    """A call that changed nothing.

    Attributes:
        code: stable; its sentence says the same to people.
        detail: what else there is to say, a sentence each.
    """

    def __init__(self, code: Code, *detail: str) -> None:
        super().__init__(code.sentence)
        self.code = code
        self.detail: Sequence[str] = detail

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return _STATUS.get(self.code, _CONFLICT)
