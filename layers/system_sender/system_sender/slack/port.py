"""One call of Slack's Web API, once: never tried again by itself, and told as a value."""

import http.client
import logging
import socket
import ssl
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from system_sender.settings import SLACK_BASE_URL

# Before these nothing can have been accepted: nobody was reached.
_NEVER_BEGAN = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


@dataclass(frozen=True, slots=True)
class SlackAnswer:
    """What came back; `body` is empty where it was no JSON object."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class NoSlackAnswer:
    """No answer came. If `began` is false, Slack cannot have seen the request."""

    began: bool


class SlackPort(Protocol):
    """Calls one method of Slack's Web API."""

    def call(
        self, method: str, arguments: Mapping[str, Any], *, token: str, seconds: float
    ) -> SlackAnswer | NoSlackAnswer:
        """Call a method, such as `chat.postMessage`, once.

        Args:
            arguments: as Slack names them; a value may be a list or an object.
            seconds: the longest silence that is waited through.
        """
        ...


class SlackClient:
    """Calls through slack_sdk, whose own retries would post twice, and so are off.

    Args:
        base_url: scheme and host, without a slash at the end.
    """

    def __init__(self, base_url: str = SLACK_BASE_URL) -> None:
        self._base_url = f"{base_url}/api/"

    def call(
        self, method: str, arguments: Mapping[str, Any], *, token: str, seconds: float
    ) -> SlackAnswer | NoSlackAnswer:
        """Call a method; see :class:`SlackPort`."""
        # Imported here: a function that asks nobody should not pay for it.
        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError, SlackClientError

        client = WebClient(
            token=token,
            base_url=self._base_url,
            timeout=seconds,  # type: ignore[arg-type]  # urllib takes parts of seconds as well
            retry_handlers=[],
            logger=_silence(),
        )
        # Slack takes JSON for some methods and forms for others; the library knows which.
        perform = getattr(client, method.replace(".", "_"))
        try:
            response = perform(**arguments)
        except SlackApiError as error:
            response = error.response
        except (SlackClientError, OSError, http.client.HTTPException) as error:
            return NoSlackAnswer(began=not _never_began(error))
        except (ValueError, LookupError):
            # The answer is in no encoding that anybody can read.
            return NoSlackAnswer(began=True)
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = response.data if isinstance(response.data, dict) else {}
        return SlackAnswer(int(response.status_code), body, headers.get("retry-after"))


def _never_began(error: Exception) -> bool:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(reason, _NEVER_BEGAN)


def _silence() -> logging.Logger:
    """Return a logger that writes nothing: the library's lines hold texts and addresses."""
    silent = logging.getLogger("system_sender.slack.silent")
    silent.disabled = True
    silent.setLevel(logging.CRITICAL)
    return silent
