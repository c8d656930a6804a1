"""One HTTP exchange, as plain values: what came in, and what goes back or breaks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True)
class Request:
    """A whole HTTP request. ``path`` has no query; header names may be in any case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of a header, found without regard to case; empty when it is absent."""
        wanted = name.lower()
        for key, value in self.headers.items():
            if key.lower() == wanted:
                return value
        return ""


@dataclass(frozen=True)
class Response:
    """An answer. ``Content-Length`` and ``Connection`` are added by whoever writes it out."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Break(StrEnum):
    """What becomes of a connection that gets no ordinary answer."""

    RESET = "reset"
    STALL = "stall"
    DRIP = "drip"
    FREEZE_CLIENT = "freeze_client"


@dataclass(frozen=True)
class Broken:
    """What happens to the connection instead of an answer.

    Attributes:
        how: the way it breaks.
        accepted: whether the provider had taken the message when this was decided.
        seconds: how long a stall, a drip or a freeze lasts.
        resume: what the provider does when that time is over: gives the (late) answer. Calling it
            again gives the same answer. ``None``: there is none, the connection is reset.
    """

    how: Break
    accepted: bool
    seconds: float = 0.0
    resume: Callable[[], Response] | None = None


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a compact UTF-8 JSON body."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(
        status,
        {"Content-Type": "application/json; charset=utf-8", **(headers or {})},
        text.encode(),
    )
