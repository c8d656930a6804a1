"""Who a draft goes to, through which provider, and in which conversation."""

from typing import Any

import pytest

from system_sender.addressing import Correspondence, address, choose_provider
from system_sender.codes import Code
from system_sender.letter import Letter
from system_sender.models import Draft, Inbound, Integration, Lead, Workspace

MAILBOX = "sam@out.example.com"


def integration(provider: str, **columns: Any) -> Integration:
    """A workspace's account at a provider."""
    return Integration(
        f"acme:{provider}", workspace="acme", provider=provider, account="1", **columns
    )


def inbound(**columns: Any) -> Inbound:
    """An e-mail of the lead's."""
    return Inbound(
        "acme:emailbison:41021",
        **{
            "provider": "emailbison",
            "channel": "email",
            "text": "Tue works",
            "subject": "Intro",
            "sender": "dana@example.com",
            "sender_name": "Dana Lee",
            "to": [MAILBOX],
            "cc": [],
            "handles": {"reply_id": "41021", "mailbox": MAILBOX},
            "received_at": 1_000,
            **columns,
        },
    )


def mail(
    channel: str = "email",
    *,
    lead: dict[str, Any] | None = None,
    answered: Inbound | None = None,
    integrations: tuple[Integration, ...] = (),
    subject: str | None = None,
    email_provider: str | None = None,
) -> Correspondence:
    """The rows around a draft."""
    return Correspondence(
        draft=Draft("acme:hello", channel=channel),
        lead=Lead(
            "acme:dana", **{"email": "dana@example.com", "phone": "555 010 0001"} | (lead or {})
        ),
        workspace=Workspace("acme", region="US", email_provider=email_provider),
        answered=answered,
        integrations={row.provider: row for row in integrations or (integration("emailbison"),)},
        text="Tuesday at two?",
        subject=subject,
    )


def letter_of(correspondence: Correspondence, provider: str = "emailbison") -> Letter:
    """The letter, which there must be."""
    letter = address(correspondence, provider)
    assert isinstance(letter, Letter), letter
    return letter


# --- the provider ---------------------------------------------------------------------------------


def test_an_answer_leaves_through_the_provider_its_message_came_in_by() -> None:
    both = (integration("instantly"), integration("emailbison"))
    assert choose_provider(mail(answered=inbound(), integrations=both)) == "emailbison"


def test_an_answer_never_leaves_through_another_provider() -> None:
    others = (integration("instantly"), integration("gohighlevel"))
    for rows in (others, others[:1]):
        chosen = choose_provider(
            mail(answered=inbound(), integrations=rows, email_provider="instantly")
        )
        assert chosen is Code.NO_PROVIDER


def test_a_new_conversation_takes_the_only_provider_there_is() -> None:
    assert choose_provider(mail(integrations=(integration("instantly"),))) == "instantly"


def test_between_two_providers_nobody_guesses() -> None:
    both = (integration("instantly"), integration("emailbison"))
    assert choose_provider(mail(integrations=both)) is Code.EMAIL_PROVIDER_UNCLEAR
    assert choose_provider(mail(integrations=both, email_provider="instantly")) == "instantly"
    # A provider that is named but not integrated is no answer either.
    assert choose_provider(mail(integrations=both, email_provider="smartlead")) is (
        Code.EMAIL_PROVIDER_UNCLEAR
    )


def test_without_a_provider_and_on_an_unknown_channel_it_says_so() -> None:
    nobody = Correspondence(**{**_fields(mail()), "integrations": {}})
    assert choose_provider(nobody) is Code.NO_PROVIDER
    assert choose_provider(mail("carrier pigeon")) is Code.CHANNEL_NOT_SUPPORTED


def _fields(correspondence: Correspondence) -> dict[str, Any]:
    return {name: getattr(correspondence, name) for name in Correspondence.__slots__}


# --- e-mail ---------------------------------------------------------------------------------------


def test_a_reply_stays_in_its_thread() -> None:
    letter = letter_of(mail(answered=inbound()))
    assert (letter.to, letter.to_name, letter.subject) == (
        "dana@example.com",
        "Dana Lee",
        "Re: Intro",
    )
    assert letter.handles["reply_id"] == "41021"
    assert (letter.answered_text, letter.answered_at) == ("Tue works", 1_000)


def test_to_is_whoever_answered_last_and_the_lead_gets_a_copy() -> None:
    answered = inbound(
        sender="eli@example.com", cc=["dana@example.com", "kim@example.com", MAILBOX]
    )
    letter = letter_of(mail(answered=answered))
    assert letter.to == "eli@example.com"
    assert set(letter.cc) == {"dana@example.com", "kim@example.com"}


def test_our_own_mailbox_is_never_a_recipient_even_if_the_provider_does_not_name_it() -> None:
    answered = inbound(handles={"reply_id": "1"}, cc=["kim@example.com"])
    assert letter_of(mail(answered=answered)).cc == ("kim@example.com",)


def test_none_of_our_mailboxes_is_a_recipient_whichever_account_it_belongs_to() -> None:
    both = (
        integration("emailbison", mailboxes=["pat@acme.example.com"], senders=["58"]),
        integration("instantly", mailboxes=["Ops@acme.example.com"]),
    )
    answered = inbound(
        to=[MAILBOX, "Pat@acme.example.com"], cc=["ops@acme.example.com", "kim@example.com"]
    )
    assert letter_of(mail(answered=answered, integrations=both)).cc == ("kim@example.com",)


def test_handles_of_another_provider_are_not_passed_on() -> None:
    both = (integration("instantly"), integration("emailbison"))
    letter = letter_of(mail(answered=inbound(), integrations=both), "instantly")
    assert letter.handles == {}


def test_the_workspaces_own_copies_are_blind_and_never_repeat_a_recipient() -> None:
    row = integration("emailbison", bcc=["crm@example.com", "DANA@example.com", "nonsense"])
    letter = letter_of(mail(answered=inbound(), integrations=(row,)))
    assert letter.bcc == ("crm@example.com",)


def test_a_new_conversation_needs_a_subject_of_its_own() -> None:
    assert address(mail(), "emailbison") is Code.SUBJECT_MISSING
    letter = letter_of(mail(subject="Our talk"))
    assert (letter.to, letter.subject) == ("dana@example.com", "Our talk")


def test_a_subject_cannot_smuggle_in_a_header() -> None:
    assert address(mail(subject="Hi\r\nBcc: eve@example.com"), "emailbison") is Code.SUBJECT_WRONG
    letter = letter_of(mail(answered=inbound(subject="Hi\r\nBcc: eve@example.com")))
    assert letter.subject is not None
    assert "\n" not in letter.subject
    assert letter.bcc == ()


@pytest.mark.parametrize("email", [None, "", "dana at example"])
def test_a_lead_without_an_address_cannot_be_written_to(email: str | None) -> None:
    assert address(mail(lead={"email": email}, subject="Hi"), "emailbison") is Code.MISSING_EMAIL


# --- the other channels ---------------------------------------------------------------------------


def test_a_text_goes_to_the_number_in_e164_under_the_providers_own_contact() -> None:
    rows = (integration("gohighlevel"),)
    known = {"phone": "(415) 555-0123", "contacts": {"gohighlevel": "ct1"}}
    letter = letter_of(mail("sms", lead=known, integrations=rows), "gohighlevel")
    assert (letter.to, letter.contact_id) == ("+14155550123", "ct1")
    assert address(mail("sms", lead={"phone": None}, integrations=rows), "gohighlevel") is (
        Code.MISSING_PHONE
    )


def test_a_linkedin_message_goes_to_the_persons_provider_id() -> None:
    rows = (integration("unipile"),)
    letter = letter_of(
        mail("linkedin", lead={"linkedin_id": "ACoAA1"}, integrations=rows), "unipile"
    )
    assert letter.to == "ACoAA1"
    assert address(mail("linkedin", integrations=rows), "unipile") is Code.MISSING_LINKEDIN
