"""The rows, one model a table. Times are epoch milliseconds, UTC; keys start with the workspace."""

import zlib
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from system_sender.settings import table_prefix

# DynamoDB's keys end at 2,048 bytes, and some are made of an identifier and more.
LONGEST_IDENTIFIER = 1_000

# A sweep reads every shard. More shards spread the writes of all tenants over more partitions.
SHARDS = 4


def shard_of(key: str) -> str:
    """Return the shard of a sparse index that this key belongs to."""
    return str(zlib.crc32(key.encode()) % SHARDS)


def table_name(noun: str) -> str:
    """Return the name of the table that holds this noun."""
    return f"{table_prefix()}-{noun}"


class Workspace(Model):
    """A tenant: its region, its time zone and its caps."""

    class Meta:
        table_name = table_name("workspaces")

    workspace = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    region = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    # Which provider begins an e-mail conversation, where several are integrated.
    email_provider = UnicodeAttribute(null=True)
    default_campaign_id = UnicodeAttribute(null=True)
    automated_per_day = NumberAttribute(default=5)
    automated_in_a_row = NumberAttribute(default=3)
    # Over all leads, in any clock hour; none where nothing is said.
    automated_per_hour = NumberAttribute(null=True)
    # When automation may write, and when nobody may be texted unasked; see `schedule.py`.
    schedule: JSONAttribute = JSONAttribute(null=True)
    quiet_hours: JSONAttribute = JSONAttribute(null=True)
    # Hosts that a draft may link to.
    links: JSONAttribute = JSONAttribute(null=True)
    # Where people are asked about drafts, and who of them may decide, by Slack's own ids.
    slack_channel = UnicodeAttribute(null=True)
    slack_approvers: JSONAttribute = JSONAttribute(null=True)


class Integration(Model):
    """A workspace's account at one provider, and whether the provider lets us in."""

    class Meta:
        table_name = table_name("integrations")

    integration = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    provider = UnicodeAttribute()
    # The provider's id of the account: a location, a workspace, a connected profile.
    account = UnicodeAttribute()
    base_url = UnicodeAttribute(null=True)
    # Which of the provider's kinds of webhook it is told by, where there are several.
    webhook = UnicodeAttribute(null=True)
    # Mailboxes that may stand in for an unhealthy one, the best first.
    senders: JSONAttribute = JSONAttribute(null=True)
    bcc: JSONAttribute = JSONAttribute(null=True)
    # Our own e-mail addresses at this account: neither a recipient nor a lead.
    mailboxes: JSONAttribute = JSONAttribute(null=True)
    unhealthy_until = NumberAttribute(null=True)
    unhealthy_code = UnicodeAttribute(null=True)


class Campaign(Model):
    """How the leads of one campaign are answered."""

    class Meta:
        table_name = table_name("campaigns")

    campaign_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    response_mode = UnicodeAttribute()
    confidence_threshold = NumberAttribute(default=0.9)
    # Who writes and judges: "template", "bedrock" or "openai"; and the model's own name there.
    writer = UnicodeAttribute(default="template")
    model = UnicodeAttribute(null=True)
    # What the agency tells the model about this campaign, in its own words.
    instructions = UnicodeAttribute(null=True)
    reply_template = UnicodeAttribute(null=True)
    reply_confidence = NumberAttribute(default=1)
    # How long an automated reply waits, so that it does not come like a machine's.
    delay_min_seconds = NumberAttribute(default=180)
    delay_max_seconds = NumberAttribute(default=420)
    schedule: JSONAttribute = JSONAttribute(null=True)
    links: JSONAttribute = JSONAttribute(null=True)


class Lead(Model):
    """A person. `version` grows with everything that may change a permission to send."""

    class Meta:
        table_name = table_name("leads")

    lead_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    version = NumberAttribute(default=1)
    first_name = UnicodeAttribute(null=True)
    last_name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    linkedin_id = UnicodeAttribute(null=True)
    linkedin_url = UnicodeAttribute(null=True)
    # Each provider's own id of this person.
    contacts: JSONAttribute = JSONAttribute(null=True)
    # The latest inbound message of each channel, which an answer without a message answers.
    latest_inbound: JSONAttribute = JSONAttribute(null=True)
    campaign_id = UnicodeAttribute(null=True)
    # IANA; where the person is, if anybody knows.
    time_zone = UnicodeAttribute(null=True)
    # What the latest message sounded like, in the words of `classification.py`.
    sentiment = UnicodeAttribute(null=True)
    booked = BooleanAttribute(default=False)
    blacklisted = BooleanAttribute(default=False)
    # Channels the lead stopped. The suppression row is the law; this shows it without a read.
    suppressed_channels = UnicodeSetAttribute(null=True)
    inbound_count = NumberAttribute(default=0)
    human_outbound_count = NumberAttribute(default=0)
    automated_in_a_row = NumberAttribute(default=0)
    automated_today = NumberAttribute(default=0)
    automated_day = UnicodeAttribute(null=True)
    last_inbound_at = NumberAttribute(null=True)
    last_outbound_at = NumberAttribute(null=True)
    # How many inbound messages there were when each answer since the latest of them was written:
    # counts, because messages overtake each other. The lead is answered if all are among them.
    answered_inbounds = NumberSetAttribute(null=True)
    # When the latest human message left: the provider's time, or ours of what left through us.
    # Only for comparison with the provider's times of inbound messages that come late.
    human_outbound_at = NumberAttribute(null=True)
    # Until when automation keeps still, because what seems to be a person's message is looked at.
    echo_held_until = NumberAttribute(null=True)
    open_drafts = UnicodeSetAttribute(null=True)
    # The enrolments that are not over.
    enrolments = UnicodeSetAttribute(null=True)
    # Until when the lead is away or asked to be left alone.
    away_until = NumberAttribute(null=True)
    # The day, where the lead is, of the latest automated message of each channel.
    automated_on: JSONAttribute = JSONAttribute(null=True)
    created_at = NumberAttribute()


class Alias(Model):
    """One name a lead is known by, so that two concurrent webhooks cannot make two leads."""

    class Meta:
        table_name = table_name("aliases")

    alias = UnicodeAttribute(hash_key=True)
    lead_id = UnicodeAttribute()


class Owner(Model):
    """The one workspace that owns a provider account."""

    class Meta:
        table_name = table_name("owners")

    account = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()


class DraftDueIndex(GlobalSecondaryIndex["Draft"]):  # type: ignore[no-untyped-call]
    """What the sweep looks for: approved drafts that are due, and sends past their time."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class DraftStateIndex(GlobalSecondaryIndex["Draft"]):  # type: ignore[no-untyped-call]
    """The drafts of a workspace in one state, in order of their last change.

    A draft that is sending is not in it: it is so for moments, and every entry is a write.
    """

    class Meta:
        index_name = "state"
        projection = KeysOnlyProjection()

    state_key = UnicodeAttribute(hash_key=True)
    updated_at = NumberAttribute(range_key=True)


class DraftLeadIndex(GlobalSecondaryIndex["Draft"]):  # type: ignore[no-untyped-call]
    """The drafts of a lead, in order of creation."""

    class Meta:
        index_name = "lead"
        projection = KeysOnlyProjection()

    lead_id = UnicodeAttribute(hash_key=True)
    created_at = NumberAttribute(range_key=True)


class Draft(Model):
    """A reply waiting to go. Its text lives in :class:`Revision`."""

    class Meta:
        table_name = table_name("drafts")

    draft_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    state = UnicodeAttribute()
    state_key = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    text_hash = UnicodeAttribute()
    origin = UnicodeAttribute()
    campaign_id = UnicodeAttribute(null=True)
    confidence = NumberAttribute(null=True)
    # What was thought of the text: by which model and prompts, and why.
    judgement: JSONAttribute = JSONAttribute(null=True)
    # People are asked about it, so whatever becomes of it is shown to them.
    asked = BooleanAttribute(default=False)
    sent_by = UnicodeAttribute(null=True)
    user = UnicodeAttribute(null=True)
    # The inbound message it answers, whose conversation it stays in.
    reply_to = UnicodeAttribute(null=True)
    # The enrolment whose step it is, which goes on when it has ended.
    enrolment_id = UnicodeAttribute(null=True)
    approved_at = NumberAttribute(null=True)
    # When it was first to go. Waiting is counted from here, not from an approval days ahead.
    ready_at = NumberAttribute(null=True)
    # The hash of the first text, which tells a repeated call from another text under its key.
    first_text_hash = UnicodeAttribute()
    # How many inbound and human messages the lead had when this text was written or approved:
    # counts, because clocks of providers disagree.
    seen_inbounds = NumberAttribute()
    seen_human_outbounds = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    parts = NumberAttribute(default=0)
    attempts = NumberAttribute(default=0)
    # The day of the lead (ISO date) on which the caps last counted it: that of its latest attempt.
    counted_on = UnicodeAttribute(null=True)
    # The text lacks a value, which only an edit can fill in, wherever the draft goes meanwhile.
    incomplete = BooleanAttribute(default=False)
    # The latest claim of any part: while the draft is sending, only its holder may go on.
    claim_id = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    result = JSONAttribute(null=True)
    created_at = NumberAttribute()
    updated_at = NumberAttribute()
    due_index = DraftDueIndex()
    state_index = DraftStateIndex()
    lead_index = DraftLeadIndex()


class Revision(Model):
    """One immutable text of a draft, apart from the rows that transactions touch and bill."""

    class Meta:
        table_name = table_name("revisions")

    draft_id = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute(range_key=True)
    text = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    created_at = NumberAttribute()


class MessageAttentionIndex(GlobalSecondaryIndex["Message"]):  # type: ignore[no-untyped-call]
    """Deliveries that are parked, or whose settlement could not be whole."""

    class Meta:
        index_name = "attention"
        projection = KeysOnlyProjection()

    attention_shard = UnicodeAttribute(hash_key=True)
    attention_at = NumberAttribute(range_key=True)


class Message(Model):
    """One delivery: the outbound message of (draft, part). It is also the idempotency record.

    `start` and `end` cut the part out of the claimed revision, in code points, so that all parts
    come from one text even if the way texts are split changes between two deployments.
    """

    class Meta:
        table_name = table_name("messages")

    draft_id = UnicodeAttribute(hash_key=True)
    part = NumberAttribute(range_key=True)
    workspace = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    provider = UnicodeAttribute()
    address = UnicodeAttribute()
    # The way the latest attempt took, and those that were definitely refused before it.
    route = UnicodeAttribute(null=True)
    refused_routes: JSONAttribute = JSONAttribute(null=True)
    # What it left as, where that is not what its channel says: an InMail, a connection request.
    sent_as = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    revision = NumberAttribute()
    start = NumberAttribute()
    end = NumberAttribute()
    sent_by = UnicodeAttribute()
    user = UnicodeAttribute(null=True)
    claim_id = UnicodeAttribute(null=True)
    attempt = NumberAttribute(default=0)
    post_by = NumberAttribute(null=True)
    outcome = JSONAttribute(null=True)
    code = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    provider_thread_id = UnicodeAttribute(null=True)
    # What the look-ups at the provider came to, oldest first.
    look_ups: JSONAttribute = JSONAttribute(null=True)
    # What the provider told of it after it had accepted it.
    delivery_status = UnicodeAttribute(null=True)
    delivery_status_at = NumberAttribute(null=True)
    attention = UnicodeAttribute(null=True)
    attention_shard = UnicodeAttribute(null=True)
    attention_at = NumberAttribute(null=True)
    settled_at = NumberAttribute(null=True)
    created_at = NumberAttribute()
    attention_index = MessageAttentionIndex()


class InboundDueIndex(GlobalSecondaryIndex["Inbound"]):  # type: ignore[no-untyped-call]
    """Inbound events that are recorded but whose work is not finished."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class InboundLeadIndex(GlobalSecondaryIndex["Inbound"]):  # type: ignore[no-untyped-call]
    """The inbound events of a lead, in order of receipt."""

    class Meta:
        index_name = "lead"
        projection = KeysOnlyProjection()

    lead_id = UnicodeAttribute(hash_key=True)
    received_at = NumberAttribute(range_key=True)


class Inbound(Model):
    """One event a provider told us of, under the key that makes its redeliveries one event."""

    class Meta:
        table_name = table_name("inbound")

    event_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    provider = UnicodeAttribute()
    channel = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    # Who wrote it, by e-mail address, and to whom: an answer goes to them.
    sender = UnicodeAttribute(null=True)
    sender_name = UnicodeAttribute(null=True)
    to: JSONAttribute = JSONAttribute(null=True)
    cc: JSONAttribute = JSONAttribute(null=True)
    # What the provider needs to answer in the same conversation.
    handles: JSONAttribute = JSONAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    automated = BooleanAttribute(default=False)
    human = BooleanAttribute(default=True)
    status = UnicodeAttribute(null=True)
    # The lead's inbound count with this message in it: its place in the order of recording.
    sequence = NumberAttribute()
    # How many human messages the lead had had when this one was written.
    human_outbounds = NumberAttribute(default=0)
    opt_out = BooleanAttribute(default=False)
    # What kind of message it is, and how it sounds, in the words of `classification.py`.
    reading = UnicodeAttribute(null=True)
    sentiment = UnicodeAttribute(null=True)
    occurred_at = NumberAttribute(null=True)
    received_at = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    finished_code = UnicodeAttribute(null=True)
    due_index = InboundDueIndex()
    lead_index = InboundLeadIndex()


class Suppression(Model):
    """An address that must not be written to on a channel of a workspace."""

    class Meta:
        table_name = table_name("suppressions")

    suppression = UnicodeAttribute(hash_key=True)
    reason = UnicodeAttribute()
    created_at = NumberAttribute()


class Evidence(Model):
    """A message in a provider's records, and the one delivery that it settled."""

    class Meta:
        table_name = table_name("evidence")

    evidence = UnicodeAttribute(hash_key=True)
    delivery = UnicodeAttribute()
    source = UnicodeAttribute()
    created_at = NumberAttribute()


class Switch(Model):
    """A kill switch: scope `*` is everything, any other scope is a workspace."""

    class Meta:
        table_name = table_name("switches")

    scope = UnicodeAttribute(hash_key=True)
    paused = BooleanAttribute(default=False)
    paused_channels = UnicodeSetAttribute(null=True)
    changed_at = NumberAttribute()


class ReviewDueIndex(GlobalSecondaryIndex["Review"]):  # type: ignore[no-untyped-call]
    """Questions to people that must be asked, or shown anew."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class Review(Model):
    """The question that people are asked about a draft, and where it stands.

    Due in the transaction that changes the draft, so that no change stays unshown.
    """

    class Meta:
        table_name = table_name("reviews")

    draft_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    # Grows with every change of the draft: what was shown of an older one is shown again.
    version = NumberAttribute(default=0)
    shown_version = NumberAttribute(default=0)
    # Where it was posted: Slack's ids of the channel and of the message.
    channel = UnicodeAttribute(null=True)
    message = UnicodeAttribute(null=True)
    # The latest request to post, while it is not known what came of it.
    claim_id = UnicodeAttribute(null=True)
    claimed_at = NumberAttribute(null=True)
    attempts = NumberAttribute(default=0)
    # Why it could not be shown.
    code = UnicodeAttribute(null=True)
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    due_index = ReviewDueIndex()


class Audit(Model):
    """What happened to a draft, and why: written with it, and never changed."""

    class Meta:
        table_name = table_name("audit")

    lead_id = UnicodeAttribute(hash_key=True)
    # The time in milliseconds, in 13 digits, and what makes it unique.
    entry = UnicodeAttribute(range_key=True)
    workspace = UnicodeAttribute()
    draft_id = UnicodeAttribute()
    at = NumberAttribute()
    # Who or what: "policy", "writer", "sweep", "provider", "look_up", "echo", or a person.
    actor = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    target = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    until = NumberAttribute(null=True)
    confidence = NumberAttribute(null=True)
    revision = NumberAttribute()
    text_hash = UnicodeAttribute()
    sent_by = UnicodeAttribute(null=True)
    part = NumberAttribute(null=True)
    attempt = NumberAttribute(null=True)
    claimed_at = NumberAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)


class Sequence(Model):
    """Timed steps that leads can be enrolled in; see `followups/sequence.py`."""

    class Meta:
        table_name = table_name("sequences")

    sequence_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    name = UnicodeAttribute()
    active = BooleanAttribute(default=True)
    campaign_id = UnicodeAttribute(null=True)
    steps: JSONAttribute = JSONAttribute()


class EnrolmentDueIndex(GlobalSecondaryIndex["Enrolment"]):  # type: ignore[no-untyped-call]
    """Enrolments with something to do."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due_shard = UnicodeAttribute(hash_key=True)
    due_at = NumberAttribute(range_key=True)


class EnrolmentStateIndex(GlobalSecondaryIndex["Enrolment"]):  # type: ignore[no-untyped-call]
    """The enrolments of a workspace in one state, in order of their beginning."""

    class Meta:
        index_name = "state"
        projection = KeysOnlyProjection()

    state_key = UnicodeAttribute(hash_key=True)
    started_at = NumberAttribute(range_key=True)


class Enrolment(Model):
    """A lead on its way through a sequence. `version` grows with every change."""

    class Meta:
        table_name = table_name("enrolments")

    enrolment_id = UnicodeAttribute(hash_key=True)
    workspace = UnicodeAttribute()
    lead_id = UnicodeAttribute()
    sequence_id = UnicodeAttribute()
    state = UnicodeAttribute()
    state_key = UnicodeAttribute()
    version = NumberAttribute(default=1)
    # Why it is paused or over, and what a person needs to know of it: names of values, no text.
    code = UnicodeAttribute(null=True)
    detail = UnicodeAttribute(null=True)
    # Until when it is paused; none: until something happens.
    until = NumberAttribute(null=True)
    # What templates use besides what is known of the lead.
    facts: JSONAttribute = JSONAttribute(null=True)
    # The key of the step that is next; and what became of those before it, by their keys.
    step = UnicodeAttribute(null=True)
    done: JSONAttribute = JSONAttribute()
    # From when the distance to the next step counts (epoch milliseconds, UTC).
    spaced_from = NumberAttribute()
    # The next step's draft was written as its text stands, and goes its own way.
    drafted = BooleanAttribute(default=False)
    # How many drafts the step has had: a further one only behind one that was refused for good.
    drafts = NumberAttribute(default=1)
    # How often the step was put off because the channel is shut.
    attempts = NumberAttribute(default=0)
    # How many inbound messages the lead had at the beginning; and how many inbound and human
    # messages when it went on last.
    started_inbounds = NumberAttribute()
    seen_inbounds = NumberAttribute()
    seen_human_outbounds = NumberAttribute(default=0)
    started_at = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = NumberAttribute(null=True)
    due_index = EnrolmentDueIndex()
    state_index = EnrolmentStateIndex()


class HourlyCount(Model):
    """How many automated messages one share of a workspace's clock hour has seen."""

    class Meta:
        table_name = table_name("hours")

    share = UnicodeAttribute(hash_key=True)
    used = NumberAttribute(default=0)
    # DynamoDB's time to live: epoch seconds.
    expires_at = NumberAttribute()


_STEP_ORIGIN = "followup:"

MODELS: tuple[type[Model], ...] = (
    Workspace,
    Integration,
    Campaign,
    Lead,
    Alias,
    Owner,
    Draft,
    Revision,
    Message,
    Inbound,
    Evidence,
    Suppression,
    Switch,
    Review,
    Audit,
    HourlyCount,
    Sequence,
    Enrolment,
)


def state_key(workspace: str, state: str) -> str:
    """Return the partition of the index that lists a workspace's drafts by state."""
    return f"{workspace}#{state}"


def suppression_key(workspace: str, channel: str, address: str) -> str:
    """Return the key of the row that suppresses an address."""
    return f"{workspace}:{channel}:{address}"


def step_origin(sequence_id: str) -> str:
    """Return the origin of a draft that is a step of a sequence."""
    return f"{_STEP_ORIGIN}{sequence_id}"


def sequence_of(draft: Draft) -> str:
    """Return the id of the sequence whose step a draft is."""
    return str(draft.origin).removeprefix(_STEP_ORIGIN)


def integration_key(workspace: str, provider: str) -> str:
    """Return the key of a workspace's account at a provider."""
    return f"{workspace}:{provider}"


def owner_key(provider: str, account: str) -> str:
    """Return the key of the row that says which workspace owns a provider's account."""
    return f"{provider}:{account}"


def contact_alias(workspace: str, provider: str, contact_id: str) -> str:
    """Return the key of the alias by which a provider calls a lead."""
    return f"{workspace}:{provider}:{contact_id}"


def phone_alias(workspace: str, phone: str) -> str:
    """Return the key of a lead's alias by their number in E.164."""
    return f"{workspace}:phone:{phone}"


def email_alias(workspace: str, email: str) -> str:
    """Return the key of a lead's alias by their e-mail address, in lower case."""
    return f"{workspace}:email:{email.lower()}"


def linkedin_alias(workspace: str, linkedin_id: str) -> str:
    """Return the key of a lead's alias by their LinkedIn provider id."""
    return f"{workspace}:linkedin:{linkedin_id}"


def evidence_key(workspace: str, provider: str, provider_message_id: str) -> str:
    """Return the key under which a message in a provider's records settles one delivery."""
    return f"{workspace}:{provider}:{provider_message_id}"


def event_key(workspace: str, provider: str, identity: str) -> str:
    """Return the key that makes redeliveries of an event one event."""
    return f"{workspace}:{provider}:{identity}"


def is_identifier(value: str) -> bool:
    """Say whether a value can be a row's key: a workspace, a colon, and a name of some length."""
    workspace, colon, name = value.partition(":")
    if not (workspace and colon and name and value.isprintable()):
        return False
    return len(value.encode()) <= LONGEST_IDENTIFIER


def workspace_of(identifier: str) -> str:
    """Return the workspace an id belongs to: every id starts with it."""
    return identifier.split(":", 1)[0]


def clear_due(
    model: type[Draft] | type[Inbound] | type[Review] | type[Enrolment],
) -> list[Any]:
    """Return the actions that take a row out of the due index."""
    return [model.due_shard.remove(), model.due_at.remove()]
