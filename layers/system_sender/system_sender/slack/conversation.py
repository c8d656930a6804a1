"""What is said to the people of a workspace in Slack, and looked up there."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from system_sender.slack.message import Shape
from system_sender.slack.outcome import Outcome, Shown, Unknown, outcome_of
from system_sender.world import Effect

if TYPE_CHECKING:
    from system_sender.system import System

# How a question is found again: Slack keeps this with the message, and shows it to nobody.
EVENT_TYPE = "system_sender_review"
# The clocks of two hosts, allowed for in a look-up.
_SKEW_MILLISECONDS = 2 * 60_000
_PAGE = 200
_MOST_PAGES = 5


class Conversation:
    """A workspace's Slack, through its app's token.

    Args:
        seconds: the longest silence of one call that is waited through.
    """

    def __init__(self, system: "System", token: str, *, seconds: float) -> None:
        self._system = system
        self._token = token
        self._seconds = seconds

    def post(self, channel: str, draft_id: str, shape: Shape) -> Outcome:
        """Ask about a draft in a channel."""
        outcome = self._call(
            "post",
            "chat.postMessage",
            {
                "channel": channel,
                **_content(draft_id, shape),
                "unfurl_links": False,
                "unfurl_media": False,
            },
        )
        # Accepted without an id: it stands somewhere, and a look will find it.
        return Unknown() if isinstance(outcome, Shown) and not outcome.message else outcome

    def update(self, place: Shown, draft_id: str, shape: Shape) -> Outcome:
        """Show at a posted question what has become of it."""
        outcome = self._call(
            "update",
            "chat.update",
            {"channel": place.channel, "ts": place.message, **_content(draft_id, shape)},
        )
        return place if isinstance(outcome, Shown) else outcome

    def tell(self, channel: str, user: str, text: str, blocks: Sequence[Any] = ()) -> Outcome:
        """Tell one person something that nobody else sees."""
        arguments: dict[str, Any] = {"channel": channel, "user": user, "text": text}
        if blocks:
            arguments["blocks"] = list(blocks)
        return self._call("tell", "chat.postEphemeral", arguments)

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> Outcome:
        """Open a form for the person whose click made the trigger."""
        return self._call("open", "views.open", {"trigger_id": trigger_id, "view": view})

    def find(self, channel: str, draft_id: str, since: int) -> Outcome | None:
        """Look for the question about a draft.

        Args:
            since: the earliest moment at which it can have been posted (epoch milliseconds, UTC).

        Returns:
            Where it stands; None if it is not there; anything else if nobody could look.
        """
        arguments: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{(since - _SKEW_MILLISECONDS) / 1000:.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        for _ in range(_MOST_PAGES):
            answer = self._ask("find", "conversations.history", arguments)
            outcome = outcome_of(answer, self._system.world.now())
            messages = getattr(answer, "body", {}).get("messages")
            if not isinstance(outcome, Shown) or not isinstance(messages, list):
                return Unknown() if isinstance(outcome, Shown) else outcome
            for message in messages:
                if _is_question(message, draft_id):
                    return Shown(channel, str(message["ts"]))
            cursor = _cursor(getattr(answer, "body", {}))
            if cursor is None:
                return None
            arguments["cursor"] = cursor
        return Unknown()

    def _call(self, name: str, method: str, arguments: Mapping[str, Any]) -> Outcome:
        answer = self._ask(name, method, arguments)
        return outcome_of(answer, self._system.world.now())

    def _ask(self, name: str, method: str, arguments: Mapping[str, Any]) -> Any:
        return self._system.world.perform(
            Effect.CHAT,
            name,
            lambda: self._system.slack.call(
                method, arguments, token=self._token, seconds=self._seconds
            ),
        )


def _content(draft_id: str, shape: Shape) -> dict[str, Any]:
    return {
        "text": shape.text,
        "blocks": list(shape.blocks),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"draft_id": draft_id}},
    }


def _is_question(message: Any, draft_id: str) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("ts"), str):
        return False
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return False
    payload = metadata.get("event_payload")
    return isinstance(payload, dict) and payload.get("draft_id") == draft_id


def _cursor(body: Mapping[str, Any]) -> str | None:
    """Return where the next page begins; None after the last."""
    metadata = body.get("response_metadata")
    cursor = metadata.get("next_cursor") if isinstance(metadata, dict) else None
    return cursor if body.get("has_more") and isinstance(cursor, str) and cursor else None
