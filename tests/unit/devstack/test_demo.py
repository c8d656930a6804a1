"""The demo's people are those of its seeds, and its last word notices what is wrong."""

import io
import json
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from devstack import demo, demo_zones, paths
from devstack.demo_closing import Line, line_of, strangers, table_of
from devstack.demo_people import DANA, LIAM, MIA, PEOPLE, WORKSPACE, Person, says
from devstack.deployment import local_signer
from devstack.sandbox.ledger import Entry, Operation
from system_sender.inbound import EventKind
from system_sender.letter import Access, Letter
from system_sender.providers import provider_named

NOW = 1_800_000_000_000
SEEDS = [
    *(
        json.loads((demo.SEEDS / name).read_text())
        for name in ("demo.json", "outreach.json", "deciding.json")
    ),
    demo_zones.seed(),
]
LEADS = {lead["id"]: lead for seed in SEEDS for lead in seed["leads"]}
(ACME,) = SEEDS[0]["workspaces"]


def entry(person: Person, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"contact_id": person.address, "text": "Hi!", "accepted": True}
    return Entry(1, NOW, "POST", "/", operation=Operation.SEND, **{**fields, **changes})


def thread(draft: str = "sent", *messages: str) -> list[dict[str, Any]]:
    return [
        {"kind": "message", "state": "recorded", "what": "← message"},
        {"kind": "draft", "state": draft, "what": "draft"},
        *({"kind": "outbound", "state": m, "what": "→ sms by gohighlevel"} for m in messages),
    ]


@pytest.mark.parametrize(("first", "last"), [(12, 19), (21, 7)])
def test_somewhere_it_is_always_day_and_somewhere_night(first: int, last: int) -> None:
    hour = datetime.now(ZoneInfo(demo_zones.zone_where(first, last))).hour
    assert first <= hour < last if first < last else hour >= first or hour < last


class TestPeople:
    @pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
    def test_everybody_is_a_lead_of_the_seeds(self, person: Person) -> None:
        lead = LEADS[person.lead]
        names = {
            lead.get("email"),
            lead.get("linkedin_id"),
            lead.get("contacts", {}).get(person.provider),
        }
        # Of Mia the seed has a profile only, behind which the sandbox knows the address.
        assert person.address in names or person is MIA
        assert lead.get("phone", "") == person.phone
        assert lead["first_name"] == person.name

    @pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
    def test_a_persons_webhook_is_of_the_seeds_account(self, person: Person) -> None:
        webhook = says(person, "Hello?", local_signer())
        event = provider_named(person.provider).parse_event(
            "marketplace", json.loads(webhook.body), int(time.time() * 1000)
        )
        assert event.kind is EventKind.MESSAGE
        assert event.text == "Hello?"
        assert event.account in (None, ACME["integrations"][person.provider]["account"])
        assert person.address in (event.contact_id, event.email, event.linkedin_id)

    def test_nobody_shares_an_address(self) -> None:
        assert len({person.address for person in PEOPLE}) == len(PEOPLE)

    def test_the_text_for_a_stranger_fits_a_connection_request(self) -> None:
        (draft,) = SEEDS[1]["drafts"]
        letter = Letter("linkedin", draft["text"], MIA.address)
        routes = provider_named("unipile").routes(Access("http://127.0.0.1", "t", "a"), letter)
        assert draft["lead"] == MIA.lead
        assert "invitation" in routes

    def test_the_workspace_is_the_seeds(self) -> None:
        assert ACME["id"] == WORKSPACE
        assert demo.SEEDS == paths.PROJECT / "devstack" / "seeds"


def test_an_entry_keeps_its_copies_on_the_way_out_of_the_sandbox() -> None:
    sent = entry(DANA, cc=("kim@example.com",))
    assert Entry.from_json(json.loads(json.dumps(sent.to_json()))) == sent


class TestLastWord:
    def test_one_message_that_every_row_calls_sent_agrees(self) -> None:
        line = line_of(DANA, [entry(DANA), entry(LIAM)], thread("sent", "sent"))
        assert line == Line(DANA, ("Hi!",), ("sent",), ("sent",), ("sms by gohighlevel",))
        assert line.agrees

    def test_a_refused_request_is_no_message(self) -> None:
        refused = entry(DANA, accepted=False)
        assert line_of(DANA, [refused, entry(DANA)], thread("sent", "sent")).agrees

    @pytest.mark.parametrize(
        "line",
        [
            Line(DANA, (), ("sent",), ("sent",)),
            Line(DANA, ("Hi!", "Hi!"), ("sent",), ("sent",)),
            Line(DANA, ("Hi!",), ("unknown",), ("unknown",)),
            Line(DANA, ("Hi!",), ("sent",), ("sent", "sent")),
            Line(DANA, ("Hi!",), ("sent", "approved"), ("sent",)),
            Line(DANA, ("Hi!",), ("sent",), ()),
        ],
    )
    def test_anything_else_does_not(self, line: Line) -> None:
        assert not line.agrees
        assert "NO" in shown(line)

    def test_a_message_for_nobody_in_the_story_is_a_stranger(self) -> None:
        lost = entry(DANA, contact_id="contact-nobody")
        assert strangers([entry(DANA), lost], PEOPLE) == [lost]

    def test_the_table_has_a_row_for_each_person_with_what_was_accepted(self) -> None:
        line = Line(DANA, ("Hi Dana, yes! Would 2pm on Tuesday suit you?",), ("sent",), ("sent",))
        assert "1 × “Hi Dana, yes!…”" in shown(line)
        assert "nothing" in shown(Line(DANA, (), (), ()))


def shown(line: Line) -> str:
    output = io.StringIO()
    Console(file=output, width=120).print(table_of([line]))
    return output.getvalue()
