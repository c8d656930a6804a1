"""Who a draft goes to, through which provider, and in which conversation. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from system_sender.codes import Code
from system_sender.email_address import Recipients, reply_recipients, to_address
from system_sender.email_text import reply_subject, subject_is_sound
from system_sender.letter import Letter
from system_sender.models import Draft, Inbound, Integration, Lead, Workspace
from system_sender.phone_number import to_e164
from system_sender.providers import CHANNELS


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The rows that a letter is addressed from.

    Attributes:
        answered: the inbound message whose conversation the draft stays in, if there is one.
        integrations: the workspace's accounts that send on the draft's channel, by provider.
    """

    draft: Draft
    lead: Lead
    workspace: Workspace
    answered: Inbound | None
    integrations: Mapping[str, Integration]
    text: str
    subject: str | None


def choose_provider(mail: Correspondence) -> str | Code:
    """Return the provider that sends the draft: never a guess between two.

    An answer leaves through the provider that the message came in by.
    """
    if mail.draft.channel not in CHANNELS:
        return Code.CHANNEL_NOT_SUPPORTED
    names = mail.integrations
    answered = mail.answered
    if answered is not None:
        # Elsewhere it would begin a conversation of its own, beside the one that it belongs to.
        return str(answered.provider) if answered.provider in names else Code.NO_PROVIDER
    if mail.draft.channel == "email" and mail.workspace.email_provider in names:
        return str(mail.workspace.email_provider)
    if len(names) > 1:
        return Code.EMAIL_PROVIDER_UNCLEAR
    return next(iter(names), Code.NO_PROVIDER)


def address(mail: Correspondence, provider: str) -> Letter | Code:
    """Return the whole text as a letter, or the code that says what is missing."""
    channel = mail.draft.channel
    if channel == "email":
        return _email(mail, provider)
    if channel == "linkedin":
        to = mail.lead.linkedin_id
        return _letter(mail, provider, to) if to else Code.MISSING_LINKEDIN
    phone = to_e164(mail.lead.phone, mail.workspace.region)
    return _letter(mail, provider, phone) if phone else Code.MISSING_PHONE


def _email(mail: Correspondence, provider: str) -> Letter | Code:
    recipients = _recipients(mail)
    if recipients.to is None:
        return Code.MISSING_EMAIL
    answered = mail.answered
    subject = mail.subject or (reply_subject(answered.subject) if answered is not None else None)
    if subject is None:
        return Code.SUBJECT_MISSING
    if not subject_is_sound(subject):
        return Code.SUBJECT_WRONG
    name = answered.sender_name if answered is not None else mail.lead.first_name
    return _letter(
        mail,
        provider,
        recipients.to,
        to_name=name,
        subject=subject,
        cc=recipients.cc,
        bcc=_bcc(mail.integrations[provider], recipients),
    )


def _recipients(mail: Correspondence) -> Recipients:
    """Answer whoever wrote last, in the circle they wrote to; an own mailbox is no recipient.

    Whichever of the workspace's accounts the mailbox belongs to.
    """
    answered = mail.answered
    if answered is None:
        return Recipients(to_address(mail.lead.email), ())
    own = {each for row in mail.integrations.values() for each in row.mailboxes or ()}
    mailbox = (answered.handles or {}).get("mailbox")
    lead = to_address(mail.lead.email)
    # Where the provider does not name our mailbox, what was written to is ours, but for the lead.
    written_to = {each for each in answered.to or () if to_address(each) != lead}
    own |= {mailbox} if mailbox else written_to
    return reply_recipients(
        sender=answered.sender,
        lead_email=mail.lead.email,
        to=answered.to or (),
        cc=answered.cc or (),
        own=own,
    )


def _bcc(integration: Integration, recipients: Recipients) -> tuple[str, ...]:
    """Return the workspace's own copies. What an inbound message had as BCC is never repeated."""
    seen: Collection[str | None] = (recipients.to, *recipients.cc)
    wanted = dict.fromkeys(to_address(value) for value in integration.bcc or ())
    return tuple(value for value in wanted if value is not None and value not in seen)


def _letter(
    mail: Correspondence,
    provider: str,
    to: str,
    *,
    to_name: str | None = None,
    subject: str | None = None,
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
) -> Letter:
    answered = mail.answered
    same = answered is not None and answered.provider == provider
    return Letter(
        channel=mail.draft.channel,
        text=mail.text,
        to=to,
        to_name=to_name,
        contact_id=(mail.lead.contacts or {}).get(provider),
        handles=(answered.handles or {}) if answered is not None and same else {},
        subject=subject,
        cc=cc,
        bcc=bcc,
        answered_text=(answered.text or "") if answered is not None else "",
        answered_at=_time(answered),
    )


def _time(answered: Inbound | None) -> int | None:
    if answered is None:
        return None
    return int(answered.occurred_at or answered.received_at)
