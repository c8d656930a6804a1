"""What an event leaves behind, whichever provider told of it: its row, its lead, what it stops."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from system_sender.codes import Code
from system_sender.inbound import DeliveryStatus, EventKind, InboundEvent
from system_sender.models import (
    Alias,
    Inbound,
    Integration,
    Lead,
    Suppression,
    Workspace,
    contact_alias,
    email_alias,
    integration_key,
    linkedin_alias,
    suppression_key,
)
from system_sender.recording import PERFORM_AGAIN_AFTER, Recorded, look, record
from tests.engine.stage import Stage
from tests.support.scene import EMAIL, PHONE
from tests.support.tables import rows

COLLEAGUE = "lee@example.com"
OURS = "pat@acme.example.com"


@pytest.fixture(autouse=True)
def integrated(stage: Stage) -> None:
    """The workspace has an e-mail account and a LinkedIn account as well."""
    stage.scene.integrate("emailbison").integrate("unipile")


def email(text: str = "Tuesday works", **fields: Any) -> InboundEvent:
    """Return an e-mail of the lead; `fields` replace parts of it."""
    parts = {
        "kind": EventKind.MESSAGE,
        "provider": "emailbison",
        "identity": "message:41021",
        "channel": "email",
        "text": text,
        "email": EMAIL,
        "sender": EMAIL,
        **fields,
    }
    return InboundEvent(**parts)


def linkedin(text: str = "Tuesday works", **fields: Any) -> InboundEvent:
    """Return a LinkedIn message; `fields` replace parts of it."""
    parts = {
        "kind": EventKind.MESSAGE,
        "provider": "unipile",
        "identity": "message:mIn7Zq",
        "channel": "linkedin",
        "text": text,
        **fields,
    }
    return InboundEvent(**parts)


def by_hand(stage: Stage, wrote_at: int) -> InboundEvent:
    """Return what a person wrote in HighLevel's app at a time."""
    return InboundEvent(
        EventKind.HUMAN_OUTBOUND,
        "gohighlevel",
        "message:ms1",
        contact_id=stage.scene.contact,
        text="Kim here",
        occurred_at=wrote_at,
    )


def take(stage: Stage, event: InboundEvent) -> Recorded | Code:
    """Look at an event and record it, as the front door does."""
    found = look(stage.system, stage.scene.workspace, event)
    assert found.workspace is not None
    assert found.integration is not None
    return record(stage.system, found.workspace, found.integration, event, found)


def taken(stage: Stage, event: InboundEvent) -> Inbound:
    """Record an event that is new, and return its row."""
    recorded = take(stage, event)
    assert isinstance(recorded, Recorded)
    assert recorded.fresh
    row = stage.scene.store.get(Inbound, recorded.inbound.event_id)
    assert row is not None
    return row


def strangers(stage: Stage) -> list[Lead]:
    return [lead for lead in stage.leads() if lead.lead_id != stage.scene.lead_id]


def alias(stage: Stage, key: str) -> str | None:
    row = stage.scene.store.get(Alias, key)
    return None if row is None else str(row.lead_id)


def suppressed(stage: Stage) -> dict[str, str]:
    """Return the reason of each suppression, by its channel and address."""
    own = f"{stage.scene.workspace}:"
    return {
        str(row.suppression).removeprefix(own): str(row.reason)
        for row in rows(stage.connection, Suppression)
    }


# --- the row of the event ------------------------------------------------------------------------


def test_an_email_is_kept_with_what_an_answer_needs(stage: Stage) -> None:
    row = taken(
        stage,
        email(
            subject="Re: Intro",
            sender=COLLEAGUE,
            sender_name="Lee",
            to=("sam@out.example.com",),
            cc=(EMAIL, "ops@example.com"),
            handles={"reply_id": "41021", "sender_email_id": "57"},
            provider_message_id="41021",
            occurred_at=stage.world.now() - 5_000,
        ),
    )
    assert row.event_id == f"{stage.scene.workspace}:emailbison:message:41021"
    assert (row.lead_id, row.kind, row.channel) == (stage.scene.lead_id, "message", "email")
    assert (row.provider, row.text, row.subject) == ("emailbison", "Tuesday works", "Re: Intro")
    assert (row.sender, row.sender_name) == (COLLEAGUE, "Lee")
    assert (row.to, row.cc) == (["sam@out.example.com"], [EMAIL, "ops@example.com"])
    assert row.handles == {"reply_id": "41021", "sender_email_id": "57"}
    assert (row.provider_message_id, row.occurred_at) == ("41021", stage.world.now() - 5_000)
    assert (row.automated, row.human, row.opt_out) == (False, True, False)
    assert row.status is None
    assert (row.sequence, row.due_at) == (1, stage.world.now() + PERFORM_AGAIN_AFTER)


def test_the_same_event_again_is_found_and_changes_nothing(stage: Stage) -> None:
    first = taken(stage, email())
    version = stage.scene.lead_now().version
    again = take(stage, email())
    assert isinstance(again, Recorded)
    assert (again.fresh, again.inbound.event_id) == (False, first.event_id)
    assert (len(stage.inbound()), stage.scene.lead_now().version) == (1, version)


def test_the_same_identity_at_two_providers_is_two_events(stage: Stage) -> None:
    taken(stage, email(identity="message:1"))
    taken(stage, linkedin(identity="message:1", linkedin_id=stage.scene.linkedin_id))
    assert stage.scene.lead_now().inbound_count == 2


def test_a_known_lead_is_recorded_in_three_round_trips(stage: Stage) -> None:
    stage.world.effects.clear()
    take(stage, email())
    assert stage.world.round_trips() == 3


@pytest.mark.parametrize(("seconds", "counted"), [(60, 1), (61, 0)])
def test_by_the_clocks_of_two_providers_a_person_wrote_first_who_wrote_a_minute_before(
    stage: Stage, seconds: int, counted: int
) -> None:
    wrote_at = stage.world.now()
    stage.world.step(600)
    taken(stage, email(occurred_at=wrote_at + seconds * 1000))
    taken(stage, by_hand(stage, wrote_at))
    assert stage.scene.lead_now().human_outbound_count == counted


def test_a_person_may_have_answered_a_newest_message_whose_time_nobody_knows(stage: Stage) -> None:
    wrote_at = stage.world.now()
    stage.world.step(600)
    taken(stage, email(occurred_at=wrote_at + 300_000))
    taken(stage, linkedin(linkedin_id=stage.scene.linkedin_id))
    taken(stage, by_hand(stage, wrote_at))
    assert stage.scene.lead_now().human_outbound_count == 1


# --- whose event it is ---------------------------------------------------------------------------


@pytest.mark.parametrize("written", [EMAIL, "Dana@Example.COM", f"Dana Example <{EMAIL}>"])
def test_a_lead_is_found_by_their_address_however_it_is_written(stage: Stage, written: str) -> None:
    assert taken(stage, email(email=written)).lead_id == stage.scene.lead_id
    assert strangers(stage) == []


def test_a_lead_is_found_by_their_linkedin_id(stage: Stage) -> None:
    row = taken(stage, linkedin(linkedin_id=stage.scene.linkedin_id))
    assert row.lead_id == stage.scene.lead_id


def test_a_lead_is_found_by_their_number_when_no_other_name_is_known(stage: Stage) -> None:
    event = email(email="other@example.com", contact_id="9", phone=PHONE)
    assert taken(stage, event).lead_id == stage.scene.lead_id
    name = stage.scene.workspace
    assert alias(stage, email_alias(name, "other@example.com")) == stage.scene.lead_id
    assert alias(stage, contact_alias(name, "emailbison", "9")) == stage.scene.lead_id
    assert stage.scene.lead_now().email == EMAIL, "what was known stays"


def test_the_providers_own_id_is_believed_before_the_address(stage: Stage) -> None:
    name = stage.scene.workspace
    other = Lead(f"{name}:other", workspace=name, created_at=stage.world.now())
    key = contact_alias(name, "emailbison", "3301")
    stage.scene.put(other, Alias(key, lead_id=other.lead_id))
    assert taken(stage, email(contact_id="3301")).lead_id == other.lead_id
    assert alias(stage, email_alias(name, EMAIL)) == stage.scene.lead_id, "each keeps their names"


def test_a_name_of_a_lead_that_is_gone_passes_to_the_one_that_lives(stage: Stage) -> None:
    name = stage.scene.workspace
    key = contact_alias(name, "emailbison", "3301")
    stage.scene.put(Alias(key, lead_id=f"{name}:erased"))
    assert taken(stage, email(contact_id="3301")).lead_id == stage.scene.lead_id
    assert alias(stage, key) == stage.scene.lead_id


def test_what_is_not_known_of_a_lead_is_filled_in(stage: Stage) -> None:
    stage.scene.seed(email=None, linkedin_id=None)
    taken(stage, email(contact_id="3301"))
    taken(stage, linkedin(linkedin_id=stage.scene.linkedin_id))
    lead = stage.scene.lead_now()
    assert lead.contacts == {"gohighlevel": stage.scene.contact, "emailbison": "3301"}
    assert (lead.email, lead.linkedin_id) == (EMAIL, stage.scene.linkedin_id)


def test_whoever_wrote_under_the_leads_contact_need_not_be_the_lead(stage: Stage) -> None:
    # A provider that names its contact by an id gives the sender's address as the contact's.
    stage.scene.seed(email=None)
    colleague = {"provider": "gohighlevel", "contact_id": stage.scene.contact, "email": COLLEAGUE}
    for number in range(2):
        taken(stage, email(sender=COLLEAGUE, identity=f"message:{number}", **colleague))
    assert stage.scene.lead_now().email is None
    assert alias(stage, email_alias(stage.scene.workspace, COLLEAGUE)) is None


def test_an_address_that_the_provider_gives_apart_from_the_sender_is_the_leads(
    stage: Stage,
) -> None:
    name = stage.scene.workspace
    stage.scene.seed(email=None)
    stage.scene.put(Alias(contact_alias(name, "emailbison", "3301"), lead_id=stage.scene.lead_id))
    taken(stage, email(contact_id="3301", email="dana@new.example.com", sender=COLLEAGUE))
    assert stage.scene.lead_now().email == "dana@new.example.com"
    assert alias(stage, email_alias(name, "dana@new.example.com")) == stage.scene.lead_id


def test_the_contact_who_wrote_last_is_the_one_to_answer(stage: Stage) -> None:
    taken(stage, email(identity="message:1", contact_id="3301"))
    taken(stage, email(identity="message:2", contact_id="3302"))
    assert (stage.scene.lead_now().contacts or {})["emailbison"] == "3302"
    # A machine's note is answered by nobody, and what we sent is not the lead's.
    taken(stage, email(identity="message:3", contact_id="3303", automated=True))
    taken(stage, email(identity="echo:4", contact_id="3304", kind=EventKind.ECHO))
    assert (stage.scene.lead_now().contacts or {})["emailbison"] == "3302"


# --- our own mailboxes ---------------------------------------------------------------------------


@pytest.mark.parametrize("known_by", ["the conversation", "the integration"])
def test_what_one_of_our_mailboxes_wrote_is_not_taken_for_the_leads(
    stage: Stage, known_by: str
) -> None:
    if known_by == "the integration":
        key = integration_key(stage.scene.workspace, "emailbison")
        stage.update(Integration(key), Integration.mailboxes.set([OURS]))
    handles = {"mailbox": OURS} if known_by == "the conversation" else {}
    row = taken(stage, email("Unsubscribe", sender="Pat <Pat@Acme.example.com>", handles=handles))
    assert (row.automated, row.opt_out, row.sender) == (True, False, "Pat <Pat@Acme.example.com>")
    lead = stage.scene.lead_now()
    assert (lead.inbound_count, lead.latest_inbound, suppressed(stage)) == (0, None, {})


def test_one_of_our_mailboxes_never_becomes_a_lead_nor_a_name_of_one(stage: Stage) -> None:
    name = stage.scene.workspace
    ours: dict[str, Any] = {"sender": OURS, "email": OURS, "handles": {"mailbox": OURS}}
    assert take(stage, email(**ours)) is Code.EVENT_IGNORED
    stage.scene.put(Alias(contact_alias(name, "emailbison", "3301"), lead_id=stage.scene.lead_id))
    taken(stage, email(contact_id="3301", **ours))
    assert strangers(stage) == []
    assert alias(stage, email_alias(name, OURS)) is None


def test_a_stranger_who_writes_becomes_a_lead_under_every_name_given(stage: Stage) -> None:
    taken(
        stage,
        email(
            email="Kim@Example.com",
            sender="kim@example.com",
            contact_id="77",
            first_name="Kim",
            last_name="Example",
        ),
    )
    [lead] = strangers(stage)
    name = stage.scene.workspace
    assert (lead.first_name, lead.email, lead.contacts) == (
        "Kim",
        "kim@example.com",
        {"emailbison": "77"},
    )
    assert (lead.version, lead.inbound_count, lead.campaign_id) == (1, 1, f"{name}:autumn")
    assert alias(stage, email_alias(name, "kim@example.com")) == lead.lead_id
    assert alias(stage, contact_alias(name, "emailbison", "77")) == lead.lead_id


def test_a_stranger_on_linkedin_becomes_a_lead(stage: Stage) -> None:
    taken(stage, linkedin(linkedin_id="ACoAAstranger"))
    [lead] = strangers(stage)
    assert lead.linkedin_id == "ACoAAstranger"
    assert lead.email is None
    key = linkedin_alias(stage.scene.workspace, "ACoAAstranger")
    assert alias(stage, key) == lead.lead_id


def test_a_stranger_becomes_one_lead_even_through_many_first_emails_at_once(stage: Stage) -> None:
    events = [email(email=COLLEAGUE, identity=f"message:{number}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        recorded = list(pool.map(lambda event: take(stage, event), events))
    assert all(isinstance(one, Recorded) for one in recorded)
    [lead] = strangers(stage)
    assert lead.inbound_count == 6


# --- what counts ---------------------------------------------------------------------------------


def test_a_message_is_counted_and_is_the_latest_of_its_channel(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.automated_in_a_row.set(2))
    first = taken(stage, email())
    second = taken(stage, linkedin(linkedin_id=stage.scene.linkedin_id))
    lead = stage.scene.lead_now()
    assert (lead.inbound_count, lead.automated_in_a_row, lead.version) == (2, 0, 3)
    assert lead.latest_inbound == {"email": first.event_id, "linkedin": second.event_id}
    assert (first.sequence, second.sequence) == (1, 2)


@pytest.mark.parametrize("note", [{"automated": True}, {"out_of_office": True}])
def test_a_machines_note_is_recorded_and_not_taken_for_the_leads_answer(
    stage: Stage, note: dict[str, bool]
) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.automated_in_a_row.set(2))
    row = taken(stage, email("I am away until Monday", **note))
    assert row.automated is True
    lead = stage.scene.lead_now()
    assert (lead.inbound_count, lead.automated_in_a_row) == (0, 2)
    assert lead.latest_inbound is None
    assert lead.last_inbound_at is None


@pytest.mark.parametrize(
    ("text", "reading", "sentiment"),
    [
        ("Please call me", "wants_call", "Call Requested"),
        ("Please unsubscribe me.", "opt_out", "Blacklist"),
        ("Not interested.", "message", "Not Interested"),
        ("What times do you have?", "message", None),
    ],
)
def test_what_a_person_wrote_is_kept_as_read_and_the_lead_sounds_like_it(
    stage: Stage, text: str, reading: str, sentiment: str | None
) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.sentiment.set("Objection"))
    stage.world.effects.clear()
    row = taken(stage, email(f"{text}\n\nOn 3/2/26 15:04, Sam wrote:\n> STOP. Call me."))
    assert (row.reading, row.sentiment) == (reading, sentiment)
    assert stage.scene.lead_now().sentiment == sentiment, "of what was said before, nothing stays"
    assert (row.automated, row.opt_out) == (False, reading == "opt_out")


@pytest.mark.parametrize(
    ("fields", "reading", "sentiment"),
    [
        ({"automated": True}, "automated", "Automated Reply"),
        ({"out_of_office": True}, "out_of_office", "Out of Office"),
        ({"subject": "Undeliverable: Intro"}, "bounce", "Automated Reply"),
        ({"sender": "postmaster@example.com"}, "bounce", "Automated Reply"),
    ],
)
def test_a_machines_note_is_read_and_the_lead_still_sounds_as_before(
    stage: Stage, fields: dict[str, Any], reading: str, sentiment: str
) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.sentiment.set("Interested"))
    row = taken(stage, email("Ticket 12. To stop these emails, unsubscribe.", **fields))
    assert (row.reading, row.sentiment, row.automated) == (reading, sentiment, True)
    lead = stage.scene.lead_now()
    assert (lead.sentiment, lead.inbound_count, suppressed(stage)) == ("Interested", 0, {})


def test_a_note_that_only_its_text_betrays_counts_as_an_answer_all_the_same(stage: Stage) -> None:
    # It may be a person's, so that whatever waits to be sent is overtaken by it.
    stage.update(Lead(stage.scene.lead_id), Lead.sentiment.set("Interested"))
    row = taken(stage, email("I am out of the office. For urgent matters write to Lee."))
    assert (row.reading, row.sentiment, row.automated) == ("out_of_office", "Out of Office", False)
    lead = stage.scene.lead_now()
    assert (lead.sentiment, lead.inbound_count) == ("Interested", 1)


def test_news_of_what_left_is_not_read(stage: Stage) -> None:
    row = taken(stage, email("STOP", kind=EventKind.ECHO))
    assert (row.reading or row.sentiment) is None
    assert row.opt_out is False


def test_a_stranger_sounds_like_their_first_message(stage: Stage) -> None:
    taken(stage, email("Call me", email=COLLEAGUE, sender=COLLEAGUE))
    assert [lead.sentiment for lead in strangers(stage)] == ["Call Requested"]


def test_a_person_of_ours_who_wrote_elsewhere_is_counted(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.automated_in_a_row.set(2))
    taken(stage, email(kind=EventKind.HUMAN_OUTBOUND, occurred_at=stage.world.now()))
    lead = stage.scene.lead_now()
    assert (lead.human_outbound_count, lead.inbound_count) == (1, 0)
    assert (lead.automated_in_a_row, lead.human_outbound_at) == (0, stage.world.now())
    assert lead.latest_inbound is None


@pytest.mark.parametrize(
    "told",
    [
        {"kind": EventKind.ECHO},
        {"kind": EventKind.STATUS, "status": DeliveryStatus.DELIVERED},
        {"kind": EventKind.STATUS, "status": DeliveryStatus.FAILED},
    ],
)
def test_news_of_what_left_is_due_at_once_and_changes_nothing_of_the_lead(
    stage: Stage, told: dict[str, Any]
) -> None:
    before = stage.scene.lead_now().version
    row = taken(stage, email(contact_id="3301", provider_message_id="41077", **told))
    assert (row.kind, row.due_at) == (told["kind"].value, stage.world.now())
    assert row.status == (told["status"].value if "status" in told else None)
    lead = stage.scene.lead_now()
    assert (lead.version, lead.inbound_count, lead.human_outbound_count) == (before, 0, 0)
    assert lead.contacts == {"gohighlevel": stage.scene.contact}
    assert suppressed(stage) == {}


def test_a_machines_echo_is_recorded_even_if_no_draft_is_open(stage: Stage) -> None:
    # A draft that is over may still be proven sent.
    assert stage.scene.lead_now().open_drafts is None
    assert taken(stage, email(kind=EventKind.ECHO, human=False)).human is False


@pytest.mark.parametrize(
    "told",
    [
        {"kind": EventKind.ECHO},
        {"kind": EventKind.ECHO, "human": False},
        {"kind": EventKind.STATUS, "status": DeliveryStatus.READ},
        {"kind": EventKind.DO_NOT_DISTURB, "email": None},
        {"kind": EventKind.STATUS, "status": DeliveryStatus.BOUNCED, "email": "no address"},
    ],
)
def test_news_of_nobody_we_know_makes_no_lead_and_no_event(
    stage: Stage, told: dict[str, Any]
) -> None:
    assert take(stage, email(**{"email": COLLEAGUE, **told})) is Code.EVENT_IGNORED
    assert (strangers(stage), stage.inbound(), suppressed(stage)) == ([], [], {})


# --- what it stops -------------------------------------------------------------------------------


def test_a_word_of_refusal_by_email_stops_email_to_whoever_wrote_it(stage: Stage) -> None:
    row = taken(stage, email("Please unsubscribe me.", sender="Lee <Lee@Example.com>"))
    assert row.opt_out is True
    assert suppressed(stage) == {
        f"email:{EMAIL}": "opted_out",
        f"email:{COLLEAGUE}": "opted_out",
    }
    assert stage.scene.lead_now().suppressed_channels == {"email"}


def test_a_word_of_refusal_on_linkedin_stops_linkedin(stage: Stage) -> None:
    taken(stage, linkedin("Stop messaging me", linkedin_id=stage.scene.linkedin_id))
    assert suppressed(stage) == {f"linkedin:{stage.scene.linkedin_id}": "opted_out"}
    assert stage.scene.lead_now().suppressed_channels == {"linkedin"}


def test_a_strangers_word_of_refusal_stops_their_address(stage: Stage) -> None:
    taken(stage, email("STOP", email=COLLEAGUE, sender=COLLEAGUE))
    [lead] = strangers(stage)
    assert suppressed(stage) == {f"email:{COLLEAGUE}": "opted_out"}
    assert lead.suppressed_channels == {"email"}


def test_a_machines_note_that_tells_how_to_unsubscribe_stops_nothing(stage: Stage) -> None:
    row = taken(stage, email("I am away. To unsubscribe, use the link.", automated=True))
    assert (row.opt_out, suppressed(stage)) == (False, {})


def test_unsubscribing_stops_the_channel(stage: Stage) -> None:
    before = stage.scene.lead_now()
    taken(stage, email("", kind=EventKind.DO_NOT_DISTURB))
    lead = stage.scene.lead_now()
    assert suppressed(stage) == {f"email:{EMAIL}": "do_not_disturb"}
    assert (lead.suppressed_channels, lead.version) == ({"email"}, before.version + 1)
    assert lead.inbound_count == 0


def test_an_event_that_stops_every_channel_stops_each_the_lead_has_an_address_for(
    stage: Stage,
) -> None:
    stage.scene.seed(linkedin_id=None)
    taken(stage, email("", kind=EventKind.DO_NOT_DISTURB, channel="*"))
    assert suppressed(stage) == {
        f"email:{EMAIL}": "do_not_disturb",
        f"sms:{PHONE}": "do_not_disturb",
    }
    assert stage.scene.lead_now().suppressed_channels == {"sms", "email", "linkedin"}


def test_another_address_that_the_lead_unsubscribed_is_stopped_as_well(stage: Stage) -> None:
    key = contact_alias(stage.scene.workspace, "emailbison", "3301")
    stage.scene.put(Alias(key, lead_id=stage.scene.lead_id))
    taken(stage, email(kind=EventKind.DO_NOT_DISTURB, email=COLLEAGUE, contact_id="3301"))
    assert set(suppressed(stage)) == {f"email:{EMAIL}", f"email:{COLLEAGUE}"}


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"kind": EventKind.DO_NOT_DISTURB}, "do_not_disturb"),
        ({"kind": EventKind.STATUS, "status": DeliveryStatus.BOUNCED}, "bounced"),
    ],
)
def test_the_address_of_nobody_we_know_is_suppressed_before_they_become_a_lead(
    stage: Stage, told: dict[str, Any], reason: str
) -> None:
    event = email(**{"email": "Lee@Example.com", **told})
    assert take(stage, event) is Code.RECORDED
    assert take(stage, event) is Code.RECORDED
    assert suppressed(stage) == {f"email:{COLLEAGUE}": reason}
    assert (strangers(stage), stage.inbound()) == ([], [])


def test_a_bounce_of_the_leads_address_stops_email_to_them(stage: Stage) -> None:
    before = stage.scene.lead_now().version
    row = taken(stage, email(kind=EventKind.STATUS, status=DeliveryStatus.BOUNCED))
    lead = stage.scene.lead_now()
    assert (row.status, suppressed(stage)) == ("bounced", {f"email:{EMAIL}": "bounced"})
    assert (lead.suppressed_channels, lead.version) == ({"email"}, before + 1)
    assert (lead.inbound_count, lead.automated_in_a_row) == (0, 0)


def test_a_bounce_of_a_copy_stops_the_copy_and_not_the_lead(stage: Stage) -> None:
    key = contact_alias(stage.scene.workspace, "emailbison", "3301")
    stage.scene.put(Alias(key, lead_id=stage.scene.lead_id))
    bounced = {"kind": EventKind.STATUS, "status": DeliveryStatus.BOUNCED}
    taken(stage, email(email=COLLEAGUE, contact_id="3301", **bounced))
    assert suppressed(stage) == {f"email:{COLLEAGUE}": "bounced"}
    assert not stage.scene.lead_now().suppressed_channels


def test_what_is_suppressed_is_what_a_claim_looks_for(stage: Stage) -> None:
    stage.update(Lead(stage.scene.lead_id), Lead.phone.set("(555) 010-0001"))
    stage.update(Workspace(stage.scene.workspace), Workspace.region.set("US"))
    taken(stage, email(kind=EventKind.DO_NOT_DISTURB, channel="sms"))
    key = suppression_key(stage.scene.workspace, "sms", PHONE)
    assert stage.scene.store.get(Suppression, key) is not None


@pytest.mark.parametrize("tracked", [True, False])
def test_only_whom_the_provider_tracks_is_answered_by_the_default_campaign(
    stage: Stage, *, tracked: bool
) -> None:
    # A friend of the profile's owner may write to it, too.
    taken(stage, linkedin(linkedin_id="ACoAAstranger", tracked=tracked))
    [lead] = strangers(stage)
    assert (lead.campaign_id is not None) == tracked
