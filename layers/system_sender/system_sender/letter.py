"""What a provider is given to send: one text, addressed, and the account it goes out of. Plain."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """How a workspace's account at a provider is reached.

    Attributes:
        base_url: without a slash at its end.
        account: the provider's id of the account: a location, a workspace, a connected profile.
        senders: mailboxes or profiles of this account that may stand in for an unhealthy one.
    """

    base_url: str
    token: str
    account: str
    senders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """One part of an approved draft, with everything a provider may need to address it.

    Attributes:
        text: plain text, exactly as approved.
        to: the recipient: a number in E.164, an e-mail address, or a LinkedIn provider id.
        contact_id: the provider's own id of the lead, where it has told us one.
        handles: what the provider called the conversation in the message that is answered;
            empty when nothing is answered. Each provider's file names its own.
        answered_text: the message that is answered, without its quoted history.
        answered_at: when that was written, in epoch milliseconds, UTC.
        route: the way this attempt takes, one of the provider's `routes`.
    """

    channel: str
    text: str
    to: str
    to_name: str | None = None
    contact_id: str | None = None
    handles: Mapping[str, str] = field(default_factory=dict)
    subject: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    answered_text: str = ""
    answered_at: int | None = None
    route: str = ""
