"""What the suite must know of a provider to hold it to the contract. Each has one description."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.sandbox.contract import Injected
from system_sender.codes import Code
from system_sender.inbound import EventKind
from system_sender.letter import Access, Letter
from system_sender.outcome import OutcomeKind
from system_sender.providers import Provider, SignedRequest, provider_named
from system_sender.transport import Answer, Request

NOW = 1_772_463_846_000  # 2026-03-02T15:04:06Z
TEXT = "Great, does Tuesday at 2pm work for you?"
BASE_URL = "https://api.example.com:8443"
TOKEN = "tok-3f9a-example"
ACCOUNT = "acc7Kq"
ACCESS = Access(BASE_URL, TOKEN, ACCOUNT)


@dataclass(frozen=True)
class Sent:
    """What a request asks for, read back as its provider reads it.

    Attributes:
        to: what names the recipient: an address, a contact, the message that is answered.
        text: None where the request has HTML only.
    """

    to: str
    text: str | None = None
    html: str | None = None
    subject: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()


@dataclass(frozen=True)
class Meaning:
    """An answer, and what it must be taken to mean.

    Attributes:
        wait: for NOT_SENT, the milliseconds until the next attempt; None: somewhere between a
            second and a day.
    """

    name: str
    status: int
    body: Any
    kind: OutcomeKind
    code: Code
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: int | None = None
    suppress: bool = False
    unhealthy: bool = False
    next_route: bool = False

    @property
    def answer(self) -> Answer:
        """The answer as it comes; a body that is no bytes comes as JSON."""
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Answer(self.status, self.headers, raw)


@dataclass(frozen=True)
class Confirmed:
    """A success, and which ids it names."""

    body: Any
    message_id: str | None = None
    thread_id: str | None = None


@dataclass(frozen=True)
class Words:
    """What a provider says, and what it means where the words decide."""

    text: str
    code: Code
    suppress: bool = False


@dataclass(frozen=True)
class Answers:
    """How a provider answers a send.

    Attributes:
        confirmed: a success with the ids that it has.
        unnamed: successes that name no message.
        id_fields: the fields of `confirmed` that hold ids, as paths with dots.
        contradictions: bodies that say both that it was sent and that it was not.
        error: an error's body, in the provider's shape, around a text.
        finals: what the final statuses mean beyond "rejected".
        words: the texts that decide; they must not, where they quote our own letter.
        known: the provider's own errors.
        default_wait: how long a 429 without any hint means, in milliseconds.
    """

    confirmed: Confirmed
    unnamed: tuple[Any, ...]
    id_fields: tuple[str, ...]
    contradictions: tuple[Any, ...]
    error: Callable[[str], Any]
    duplicates: tuple[Any, ...]
    finals: Mapping[int, Code] = field(default_factory=dict)
    words: tuple[Words, ...] = ()
    known: tuple[Meaning, ...] = ()
    default_wait: int = 10_000
    sent_as: str | None = None


@dataclass(frozen=True)
class Records:
    """How a provider's own records are looked through.

    Attributes:
        message: makes a message for the sandbox's store, to or from the letter's recipient.
        most: how many other messages a look-up gets past; one more is too many. None: all.
        slack: by how much the records' own times may be off, in milliseconds.
        names_it: whether the id that a look finds is the one that the send answered.
        rows: the list in an answer, as a path with dots.
        filters: the parameters that narrow a look down; whether they are heeded is not ours.
        noise_by_sending: whether other messages are made by sends, because none can be put in.
    """

    message: Callable[..., Injected]
    rows: str
    most: int | None
    filters: tuple[str, ...] = ()
    slack: int = 0
    names_it: bool = True
    noise_by_sending: bool = False


@dataclass(frozen=True)
class Case:
    """One way of one provider on one channel.

    Attributes:
        letter: complete, and on its route; the sandbox knows whom it is for.
        other: the same to somebody else.
        path: of the send's URL.
        token_at: "header" or "query", the name there, and the form it has.
        recipient: what `Sent.to` must be for a letter.
        blind: letters nobody could look for.
        incomplete: letters that cannot be sent, and why.
        has_subject: whether the provider lets one give a subject.
    """

    name: str
    provider_name: str
    letter: Letter
    other: Letter
    path: str
    token_at: tuple[str, str, str]
    read: Callable[[Request], Sent]
    recipient: Callable[[Letter], str]
    answers: Answers
    records: Records
    blind: tuple[Letter, ...]
    incomplete: tuple[tuple[Letter, Code], ...]
    access: Access = ACCESS
    has_subject: bool = False
    has_copies: bool = False

    @property
    def provider(self) -> Provider:
        """The provider under test."""
        return provider_named(self.provider_name)

    @property
    def channel(self) -> str:
        """The letter's channel."""
        return self.letter.channel


@dataclass(frozen=True)
class Told:
    """What an event must be read as.

    Attributes:
        fields: attributes of the event, and what they must be.
        answerable: whether its handles are enough to answer it.
        delivery: paths whose change is another delivery of the same event.
        own: paths of which any change makes another event.
    """

    kind: EventKind
    channel: str = "email"
    fields: Mapping[str, Any] = field(default_factory=dict)
    answerable: bool = False
    delivery: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    webhook: str = "webhook"


@dataclass(frozen=True)
class Events:
    """A provider's webhook events.

    Attributes:
        payloads: the body of each event, by the name of its file or builder.
        told: what each must be read as.
        not_events: files beside the events that hold something else.
        type_at: the path of the event's type, in the event `sample`.
        ignored_types: types that change nothing, whether they are known or not.
    """

    provider_name: str
    payloads: Mapping[str, dict[str, Any]]
    told: Mapping[str, Told]
    sample: str
    type_at: str
    ignored_types: tuple[str, ...]
    not_events: tuple[str, ...] = ()

    @property
    def provider(self) -> Provider:
        """The provider under test."""
        return provider_named(self.provider_name)


Knock = Callable[[str], SignedRequest]


@dataclass(frozen=True)
class Door:
    """Where a provider's webhook may carry the shared secret.

    Attributes:
        places: each makes a request with a secret in a place where it counts.
        elsewhere: the same for places where it does not.
        kind: what an accepted request is.
    """

    provider_name: str
    places: Mapping[str, Knock]
    elsewhere: Mapping[str, Knock]
    kind: str = "webhook"

    @property
    def provider(self) -> Provider:
        """The provider under test."""
        return provider_named(self.provider_name)


# --- reading requests ----------------------------------------------------------------------------


def json_of(request: Request) -> dict[str, Any]:
    """Return a JSON body, whose type must be declared."""
    assert request.headers["Content-Type"] == "application/json"
    value = json.loads(request.body or b"")
    assert isinstance(value, dict)
    return value


def form_of(request: Request) -> dict[str, str]:
    """Return a form's fields, byte for byte. Each field stands once."""
    kind, _, boundary = request.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    first, *parts, last = (request.body or b"").split(f"--{boundary}".encode())
    assert (first, last) == (b"", b"--\r\n")
    fields: dict[str, str] = {}
    for part in parts:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.decode().strip().removeprefix('Content-Disposition: form-data; name="')[:-1]
        assert name not in fields
        assert value.endswith(b"\r\n")
        fields[name] = value[:-2].decode()
    return fields


# --- paths with dots -----------------------------------------------------------------------------


def at(value: Any, path: str) -> Any:
    """Return what stands at a path; a number in it is a place in a list."""
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def changed(value: Any, path: str, new: Any) -> Any:
    """Return a copy in which something else stands at a path."""
    copy = json.loads(json.dumps(value))
    *way, last = path.split(".")
    holder = at(copy, ".".join(way)) if way else copy
    if isinstance(holder, list):
        holder[int(last)] = new
    else:
        holder[last] = new
    return copy


def paths_of(value: Any, before: str = "") -> list[str]:
    """Return the path of everything in a JSON value, the holders among them."""
    if isinstance(value, dict):
        items = [(str(name), each) for name, each in value.items()]
    elif isinstance(value, list):
        items = [(str(place), each) for place, each in enumerate(value)]
    else:
        return []
    found: list[str] = []
    for step, each in items:
        path = f"{before}{step}"
        found += [path, *paths_of(each, f"{path}.")]
    return found
