"""A new provider is its file and one line: it sends, is looked up, and hears, through everything.

The file is written to a folder of the test's, and the line is put into `CHANNELS_OF`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.dynamodb_local import DynamoDBLocal
from system_sender import providers
from system_sender.budget import LOOK_UP_AFTER
from system_sender.codes import Code
from system_sender.models import Workspace
from system_sender.result import SendOutcome
from system_sender.transport import Answer, Guard, NoAnswer, Request, Withheld
from tests.engine.stage import Stage, connect
from tests.support.scene import EMAIL, SECRET

pytestmark = pytest.mark.engine

THE_FILE = '''
"""Carrier pigeons: e-mail, carried."""

import json

from system_sender.answers import AnswerTable, read_json, refusal, without_answer
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Found, Seen
from system_sender.inbound import EventKind, EventRefused, InboundEvent, ignored
from system_sender.inbound_fields import identifier, required, verify_secret
from system_sender.matching import same_text
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import NoAnswer, Request

_TABLE = AnswerTable(errors=(), duplicates=("duplicate",), statuses={})


class Pigeon:
    name = "pigeon"
    base_url = "https://pigeon.example.com"

    def refusal(self, letter):
        return None

    def routes(self, access, letter):
        return ("loft",)

    def send_request(self, access, letter):
        body = {"to": letter.to, "subject": letter.subject, "text": letter.text}
        headers = {"X-Feather": access.token}
        return Request("POST", f"{access.base_url}/fly", headers, json.dumps(body).encode())

    def outcome(self, answer, now, letter):
        if isinstance(answer, NoAnswer):
            return without_answer(answer, now)
        value = read_json(answer.body)
        if not 200 <= answer.status < 300:
            return refusal(answer, _TABLE, now, text=letter.text)
        if not isinstance(value, dict):
            return Outcome(OutcomeKind.UNKNOWN, Code.PROVIDER_UNREADABLE)
        return Outcome(OutcomeKind.SENT, Code.SENT, provider_message_id=value.get("ring"))

    def find(self, access, sought, fetch):
        answer = fetch(Request("GET", f"{access.base_url}/flown", {"X-Feather": access.token}))
        value = None if isinstance(answer, NoAnswer) else read_json(answer.body)
        if not isinstance(value, list):
            return COULD_NOT_LOOK
        found = [
            Found(row["ring"], row["at"])
            for row in value
            if row["to"] == sought.letter.to
            and same_text(sought.letter.text, row["text"])
            and sought.since <= row["at"] <= sought.until
        ]
        return Seen(looked=True, found=tuple(found))

    def authenticate(self, request, secret, keys):
        given = request.headers.get("x-feather")
        if not given:
            raise EventRefused(Code.SIGNATURE_MISSING)
        verify_secret(given, secret())
        return "webhook"

    def parse_event(self, kind, body, now):
        if body.get("type") != "landed":
            return ignored("pigeon")
        return InboundEvent(
            EventKind.MESSAGE,
            "pigeon",
            identifier(body, "ring"),
            channel="email",
            text=required(body, "text"),
            subject="Coo",
            email=required(body, "from"),
            sender=required(body, "from"),
            occurred_at=now,
        )


PROVIDER = Pigeon()
'''


class Loft:
    """Where the pigeons fly from: keeps what it carried, and may lose an answer."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.asked: list[Request] = []
        self.carried: list[dict[str, Any]] = []
        self.loses_answers = False

    def forget_connections(self) -> None:
        """There are none."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Carry a letter, or tell what was carried."""
        try:
            guard()
        except Withheld as withheld:
            return NoAnswer(began=False, code=withheld.code)
        self.asked.append(request)
        if request.method == "GET":
            return Answer(200, {}, json.dumps(self.carried).encode())
        ring = f"ring-{len(self.carried) + 1}"
        letter = json.loads(request.body or b"")
        self.carried.append({**letter, "ring": ring, "at": self._stage.world.now()})
        if self.loses_answers:
            return NoAnswer(began=True, code=Code.PROVIDER_TIMEOUT)
        return Answer(200, {}, json.dumps({"ring": ring}).encode())


@pytest.fixture
def pigeon_stage(
    dynamodb_local: DynamoDBLocal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """A workspace whose e-mail goes by pigeon."""
    (tmp_path / "pigeon.py").write_text(THE_FILE)
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    monkeypatch.setitem(dict_of_channels(), "pigeon", ("email",))
    stage = Stage.open(connect(dynamodb_local))
    stage.scene.integrate("pigeon")
    workspace = stage.scene.store.get(Workspace, stage.scene.workspace)
    assert workspace is not None
    stage.update(workspace, Workspace.email_provider.set("pigeon"))
    yield stage
    providers.provider_named.cache_clear()


def dict_of_channels() -> dict[str, tuple[str, ...]]:
    assert isinstance(providers.CHANNELS_OF, dict)
    return providers.CHANNELS_OF


def through(stage: Stage) -> Loft:
    loft = Loft(stage)
    stage.system = stage.scene.system(transport=loft)
    return loft


def test_it_sends_through_the_gate_once(pigeon_stage: Stage) -> None:
    loft = through(pigeon_stage)
    draft = pigeon_stage.scene.draft(channel="email", subject="Hello", text="Coo 👍")
    results = [pigeon_stage.send(draft.draft_id) for _ in range(3)]
    assert [result.outcome for result in results] == [SendOutcome.SENT] * 3
    assert [result.replayed for result in results] == [False, True, True]
    [request] = loft.asked
    assert request.url == "http://127.0.0.1/fly"
    assert request.headers == {"X-Feather": "pit-test"}
    [letter] = loft.carried
    assert (letter["to"], letter["subject"], letter["text"]) == (EMAIL, "Hello", "Coo 👍")
    row = pigeon_stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider, row.provider_message_id) == ("sent", "pigeon", "ring-1")


def test_what_left_without_an_answer_is_settled_by_its_own_records(pigeon_stage: Stage) -> None:
    loft = through(pigeon_stage)
    loft.loses_answers = True
    draft = pigeon_stage.scene.draft(channel="email", subject="Hello", text="Is this it? Coo.")
    assert pigeon_stage.send(draft.draft_id).outcome is SendOutcome.UNKNOWN
    pigeon_stage.world.step(LOOK_UP_AFTER[0] / 1000 + 1)
    pigeon_stage.sweep()
    assert pigeon_stage.state(draft.draft_id) == "sent"
    row = pigeon_stage.scene.message_now(draft.draft_id)
    assert (row.state, row.provider_message_id) == ("sent", "ring-1")
    assert [request.method for request in loft.asked] == ["POST", "GET"]


def test_it_hears_and_answers_by_the_same_pigeon(pigeon_stage: Stage) -> None:
    loft = through(pigeon_stage)
    body = {"type": "landed", "ring": "in-1", "text": "Does Tuesday work?", "from": EMAIL}
    raw, resource = json.dumps(body).encode(), "/webhooks/pigeon/{workspace}"
    stranger = pigeon_stage.post(raw, resource=resource, headers={"x-feather": "another"})
    assert stranger.code is Code.SIGNATURE_INVALID
    for code in (Code.RECORDED, Code.DUPLICATE_EVENT):
        answer = pigeon_stage.post(raw, resource=resource, headers={"x-feather": SECRET})
        assert (answer.status, answer.code) == (200, code)
    [event] = pigeon_stage.inbound()
    assert (event.provider, event.channel, event.text) == ("pigeon", "email", "Does Tuesday work?")
    [letter] = loft.carried
    assert (letter["to"], letter["subject"]) == (EMAIL, "Re: Coo")
