"""Slack's Web API, as far as it is spoken here: channels, what stands in them, forms, failures.

It answers HTTP 200 to nearly everything; `ok` says whether it was done. Two of its ways matter to
whoever must not ask twice: nothing makes a repeated `chat.postMessage` one message, and metadata
comes back from `conversations.history` only where it is asked for.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from threading import RLock
from typing import Any
from urllib.parse import parse_qs

from devstack.sandbox.faults import Kind
from devstack.sandbox.wire import Break, Broken, Request, Response, json_response

PREFIX = "/api/"
_ERRORS_OF_A_TOKEN = ("invalid_auth", "not_authed", "account_inactive", "token_revoked")
_LONGEST_SECTION = 3_000
_LONGEST_BLOCKS = 9_600
_LONGEST_VALUE = 2_000
_LONGEST_FIELD = 3_000
_MOST_BLOCKS = 50
_PAGE = 100


@dataclass(frozen=True)
class SlackFault:
    """One programmed behaviour.

    Attributes:
        kind: what happens; a refusal, a reset, a stall, a late acceptance, a 5xx or an empty 2xx.
        method: only calls of this method; ``None``: any.
        error: Slack's word for a refusal; ``ratelimited`` is answered with HTTP 429.
        retry_after: the seconds that a 429 asks for.
        times: how many calls meet it; ``None``: all, until the faults are cleared.
        seconds: how long a stall lasts.
    """

    kind: Kind
    method: str | None = None
    error: str = "internal_error"
    retry_after: str | None = "30"
    times: int | None = 1
    seconds: float = 60.0


@dataclass(frozen=True)
class Call:
    """One request that reached Slack, in the order of arrival; never the token.

    Attributes:
        began_at: epoch milliseconds, UTC.
        done: whether Slack did what was asked.
        error: Slack's word for why it did not, where it said so.
        fault: the kind of the programmed fault that met the call, if one did.
    """

    number: int
    began_at: int
    method: str
    arguments: Mapping[str, Any]
    done: bool = False
    error: str | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Posted:
    """A message that stands in a channel, as everybody there sees it."""

    channel: str
    ts: str
    text: str
    blocks: Sequence[Mapping[str, Any]] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    edits: int = 0

    def to_json(self) -> dict[str, Any]:
        """The message as JSON-ready fields."""
        return asdict(self)


class Refusal(Exception):
    """Slack refuses; the text is its own word for why."""


@dataclass
class _Waiting:
    fault: SlackFault
    times: int | None


class Slack:
    """One Slack, with every channel that is posted to, unless ``channels`` names those there are.

    Attributes:
        channels: the channels that there are; ``None``: any.
        tokens: the accepted tokens; ``None``: any.
        scopes: what the app may do; without one of these, Slack refuses by its name.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.channels: set[str] | None = None
        self.tokens: set[str] | None = None
        self.scopes = {"chat:write", "channels:history", "groups:history"}
        self._clock = clock
        self._lock = RLock()
        self._calls: list[Call] = []
        self._messages: list[Posted] = []
        self._told: list[Mapping[str, Any]] = []
        self._views: list[Mapping[str, Any]] = []
        self._faults: list[_Waiting] = []
        self._count = 0
        self._methods: dict[str, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
            "chat.postMessage": ("chat:write", self._post),
            "chat.update": ("chat:write", self._update),
            "chat.postEphemeral": ("chat:write", self._tell),
            "conversations.history": ("channels:history", self._history),
            "views.open": ("", self._open),
            "views.update": ("", self._open),
        }

    # -- requests

    def serves(self, request: Request) -> bool:
        """Whether the path is one of Slack's methods."""
        return request.path.removeprefix(PREFIX) in self._methods

    def handle(self, request: Request) -> Response | Broken:
        """Decides about a request, as Slack would or as a fault was programmed."""
        method = request.path.removeprefix(PREFIX)
        with self._lock:
            number = len(self._calls)
            arguments = _arguments(request)
            moment = int(self._clock() * 1000)
            self._calls.append(Call(number + 1, moment, method, arguments))
            fault = self._take(method)
            if fault is None:
                return self._serve(number, request)
            self._calls[number] = replace(self._calls[number], fault=fault.kind.value)
            return self._misbehave(fault, number, request)

    def _serve(self, number: int, request: Request) -> Response:
        call = self._calls[number]
        scope, perform = self._methods[call.method]
        try:
            self._authorise(request, scope)
            body = perform(call.arguments)
        except Refusal as refusal:
            word = str(refusal)
            self._calls[number] = replace(call, error=word)
            more = {"needed": scope, "provided": "none"} if word == "missing_scope" else {}
            return json_response(200, {"ok": False, "error": word, **more})
        self._calls[number] = replace(call, done=True)
        return json_response(200, {"ok": True, **body})

    def _authorise(self, request: Request, scope: str) -> None:
        token = request.header("Authorization").removeprefix("Bearer ")
        if not token:
            raise Refusal("not_authed")
        if self.tokens is not None and token not in self.tokens:
            raise Refusal("invalid_auth")
        if scope and scope not in self.scopes:
            raise Refusal("missing_scope")

    def _misbehave(self, fault: SlackFault, number: int, request: Request) -> Response | Broken:
        if fault.kind is Kind.REFUSE:
            return self._refuse(fault, number)
        if fault.kind in (Kind.RESET_BEFORE, Kind.STALL_BEFORE):
            how = Break.RESET if fault.kind is Kind.RESET_BEFORE else Break.STALL
            return Broken(how, accepted=False, seconds=fault.seconds)
        if fault.kind is Kind.SERVER_ERROR_BEFORE:
            return Response(503)
        if fault.kind is Kind.ACCEPT_LATE:
            return self._late(fault, number, request)
        answer = self._serve(number, request)
        done = self._calls[number].done
        if fault.kind is Kind.RESET_AFTER:
            return Broken(Break.RESET, accepted=done)
        if fault.kind is Kind.STALL_AFTER:
            return Broken(Break.STALL, done, fault.seconds, lambda: answer)
        return Response(503 if fault.kind is Kind.SERVER_ERROR_AFTER else 200)

    def _refuse(self, fault: SlackFault, number: int) -> Response:
        self._calls[number] = replace(self._calls[number], error=fault.error)
        body = {"ok": False, "error": fault.error}
        if fault.error != "ratelimited":
            return json_response(200, body)
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        return json_response(429, body, headers)

    def _late(self, fault: SlackFault, number: int, request: Request) -> Broken:
        answers: list[Response] = []

        def resume() -> Response:
            with self._lock:
                if not answers:
                    answers.append(self._serve(number, request))
                return answers[0]

        return Broken(Break.STALL, accepted=False, seconds=fault.seconds, resume=resume)

    # -- methods

    def _post(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        posted = Posted(channel, self._ts(), **_content(arguments))
        self._messages.append(posted)
        return {"channel": channel, "ts": posted.ts, "message": {"text": posted.text}}

    def _update(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel, ts = self._channel(arguments), arguments.get("ts")
        for place, standing in enumerate(self._messages):
            if (standing.channel, standing.ts) == (channel, ts):
                content = _content(arguments)
                content["metadata"] = content["metadata"] or standing.metadata
                edits = standing.edits + 1
                self._messages[place] = replace(standing, **content, edits=edits)
                return {"channel": channel, "ts": ts, "text": content["text"]}
        raise Refusal("message_not_found")

    def _tell(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        self._channel(arguments)
        if not arguments.get("user"):
            raise Refusal("user_not_in_channel")
        _content(arguments)
        self._told.append(dict(arguments))
        return {"message_ts": self._ts()}

    def _history(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        channel = self._channel(arguments)
        oldest = float(arguments.get("oldest", 0))
        limit = int(arguments.get("limit", _PAGE))
        begin = int(arguments.get("cursor") or 0)
        found = [
            posted
            for posted in reversed(self._messages)
            if posted.channel == channel and float(posted.ts) > oldest
        ]
        with_metadata = str(arguments.get("include_all_metadata")).lower() in ("1", "true")
        page = [_listed(posted, with_metadata) for posted in found[begin : begin + limit]]
        more = len(found) > begin + limit
        following = {"response_metadata": {"next_cursor": str(begin + limit)}} if more else {}
        return {"messages": page, "has_more": more, **following}

    def _open(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        view = arguments.get("view")
        if not isinstance(view, dict) or not (
            arguments.get("trigger_id") or arguments.get("view_id")
        ):
            raise Refusal("invalid_arguments")
        for block in view.get("blocks", ()):
            value = block.get("element", {}).get("initial_value", "")
            if len(value) > _LONGEST_FIELD:
                raise Refusal("invalid_arguments")
        self._views.append(view)
        return {"view": {**view, "id": f"V{len(self._views):03d}"}}

    def _channel(self, arguments: Mapping[str, Any]) -> str:
        channel = arguments.get("channel")
        if not isinstance(channel, str) or not channel:
            raise Refusal("channel_not_found")
        if self.channels is not None and channel not in self.channels:
            raise Refusal("channel_not_found")
        return channel

    def _ts(self) -> str:
        self._count += 1
        return f"{int(self._clock())}.{self._count:06d}"

    # -- what a test tells Slack, and asks it

    def program(self, *faults: SlackFault) -> None:
        """Adds faults, to be met in this order."""
        with self._lock:
            self._faults += [_Waiting(fault, fault.times) for fault in faults]

    def faults(self) -> list[SlackFault]:
        """The faults that are not used up."""
        with self._lock:
            return [waiting.fault for waiting in self._faults]

    def clear_faults(self) -> None:
        """Forgets all faults."""
        with self._lock:
            self._faults.clear()

    def _take(self, method: str) -> SlackFault | None:
        for waiting in self._faults:
            if waiting.fault.method not in (None, method):
                continue
            if waiting.times is not None:
                waiting.times -= 1
                if not waiting.times:
                    self._faults.remove(waiting)
            return waiting.fault
        return None

    def calls(self, method: str | None = None) -> list[Call]:
        """The ledger: every call, or every call of one method."""
        with self._lock:
            return [call for call in self._calls if method in (None, call.method)]

    def messages(self, channel: str | None = None) -> list[Posted]:
        """What stands in the channels, or in one of them, oldest first."""
        with self._lock:
            return [one for one in self._messages if channel in (None, one.channel)]

    def told(self) -> list[Mapping[str, Any]]:
        """What single people were told."""
        with self._lock:
            return list(self._told)

    def views(self) -> list[Mapping[str, Any]]:
        """The forms that were opened."""
        with self._lock:
            return list(self._views)

    def remove(self, posted: Posted) -> None:
        """Removes a message, as a person does."""
        with self._lock:
            self._messages = [one for one in self._messages if one.ts != posted.ts]

    def clear(self) -> None:
        """Forgets calls, messages, forms and faults."""
        with self._lock:
            for kept in (self._calls, self._messages, self._told, self._views, self._faults):
                kept.clear()


def _arguments(request: Request) -> dict[str, Any]:
    """The arguments of a call: JSON where the method takes it, a form elsewhere."""
    body = request.body.decode("utf-8", "replace")
    if "json" in request.header("Content-Type"):
        value = json.loads(body or "{}")
        return value if isinstance(value, dict) else {}
    fields = parse_qs(body, keep_blank_values=True)
    values = {**request.query, **{name: given[0] for name, given in fields.items()}}
    return {name: _unfolded(value) for name, value in values.items()}


def _unfolded(value: str) -> Any:
    """A form's value; lists and objects travel in it as JSON."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _content(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says, refused where Slack would refuse it."""
    text, blocks = arguments.get("text") or "", arguments.get("blocks") or []
    if not text and not blocks:
        raise Refusal("no_text")
    if len(blocks) > _MOST_BLOCKS or not all(_is_sound(block) for block in blocks):
        raise Refusal("invalid_blocks")
    if sum(map(_length, blocks)) > _LONGEST_BLOCKS:
        raise Refusal("msg_blocks_too_long")
    return {"text": text, "blocks": blocks, "metadata": arguments.get("metadata") or {}}


def _texts(block: Mapping[str, Any]) -> list[str]:
    own = block.get("text")
    parts = [own] if isinstance(own, dict) else []
    if block.get("type") == "context":
        parts += block.get("elements", [])
    return [str(part.get("text", "")) for part in parts]


def _length(block: Mapping[str, Any]) -> int:
    return sum(map(len, _texts(block)))


def _is_sound(block: Mapping[str, Any]) -> bool:
    if not all(0 < len(text) <= _LONGEST_SECTION for text in _texts(block)):
        return False
    if block.get("type") != "actions":
        return True
    elements = block.get("elements", [])
    return bool(elements) and all(len(one.get("value", "")) <= _LONGEST_VALUE for one in elements)


def _listed(posted: Posted, with_metadata: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": "message",
        "ts": posted.ts,
        "text": posted.text,
        "blocks": list(posted.blocks),
    }
    if posted.metadata and with_metadata:
        message["metadata"] = dict(posted.metadata)
    return message
