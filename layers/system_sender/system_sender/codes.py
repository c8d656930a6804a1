"""Every code a caller, a log line or an operator can meet, with the sentence that explains it."""

from enum import StrEnum


class Code(StrEnum):
    """Stable codes. They are part of the interface: never rename one."""

    SENT = "sent"
    SENT_BY_WORD = "sent_by_word"
    IN_PROGRESS = "in_progress"
    BUSY = "busy"
    NO_TIME = "no_time"
    DRAFT_NOT_FOUND = "draft_not_found"
    LEAD_NOT_FOUND = "lead_not_found"
    WORKSPACE_NOT_FOUND = "workspace_not_found"
    CAMPAIGN_NOT_FOUND = "campaign_not_found"
    CHANNEL_NOT_SUPPORTED = "channel_not_supported"
    NOT_DUE = "not_due"
    DRAFT_CHANGED = "draft_changed"
    DRAFT_DELETED = "draft_deleted"
    DRAFT_REJECTED = "draft_rejected"
    DRAFT_CLAIMED = "draft_claimed"
    KEY_REUSED = "key_reused"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    PAUSED_ALL = "paused_all"
    PAUSED_WORKSPACE = "paused_workspace"
    PAUSED_CHANNEL = "paused_channel"
    BLACKLISTED = "blacklisted"
    OPTED_OUT = "opted_out"
    MISSING_PHONE = "missing_phone"
    MISSING_CONTACT = "missing_contact"
    NEWER_INBOUND = "newer_inbound"
    HUMAN_REPLIED = "human_replied"
    SETTER_MANAGED = "setter_managed"
    BELOW_THRESHOLD = "below_threshold"
    DAILY_CAP = "daily_cap"
    CONSECUTIVE_CAP = "consecutive_cap"
    WAITED_TOO_LONG = "waited_too_long"
    INTEGRATION_UNHEALTHY = "integration_unhealthy"
    INTEGRATION_NOT_CONFIGURED = "integration_not_configured"
    DO_NOT_DISTURB = "do_not_disturb"
    UNSUBSCRIBED = "unsubscribed"
    INVALID_PHONE = "invalid_phone"
    CONTACT_NOT_FOUND = "contact_not_found"
    PAYMENT_REQUIRED = "payment_required"
    REJECTED_BY_PROVIDER = "rejected_by_provider"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    REDIRECTED = "redirected"
    TOO_LATE = "too_late"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    PROVIDER_TIMEOUT = "provider_timeout"
    PROVIDER_RESET = "provider_reset"
    PROVIDER_ERROR = "provider_error"
    PROVIDER_UNREADABLE = "provider_unreadable"
    PROVIDER_DUPLICATE = "provider_duplicate"
    INTERRUPTED = "interrupted"
    INTERNAL_ERROR = "internal_error"
    SETTLED_NOT_SENT = "settled_not_sent"
    RESEND_ORDERED = "resend_ordered"
    PARTS_REMAIN = "parts_remain"
    AWAITING_PERSON = "awaiting_person"
    TEMPLATE_VARIABLE_MISSING = "template_variable_missing"
    NO_REPLY_TEMPLATE = "no_reply_template"
    RECORDED = "recorded"
    DUPLICATE_EVENT = "duplicate_event"
    EVENT_IGNORED = "event_ignored"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_INVALID = "signature_invalid"
    EVENT_STALE = "event_stale"
    BODY_TOO_LARGE = "body_too_large"
    BODY_NOT_JSON = "body_not_json"
    BODY_WRONG = "body_wrong"
    WRONG_ACCOUNT = "wrong_account"
    WRONG_WEBHOOK_KIND = "wrong_webhook_kind"
    STORAGE_TROUBLE = "storage_trouble"
    SUPERSEDED = "superseded"
    REPLY_DRAFTED = "reply_drafted"
    NO_CAMPAIGN = "no_campaign"
    INVALID_REQUEST = "invalid_request"
    INVALID_SEED = "invalid_seed"
    NOT_PARKED = "not_parked"
    MESSAGE_NOT_FOUND = "message_not_found"
    DRAFT_SENT = "draft_sent"
    ACCOUNT_OWNED = "account_owned"
    PART_FINAL = "part_final"
    STALE_NEEDS_WORD = "stale_needs_word"
    MISSING_EMAIL = "missing_email"
    INVALID_EMAIL = "invalid_email"
    MISSING_LINKEDIN = "missing_linkedin"
    NOT_A_PERSON = "not_a_person"
    NO_THREAD = "no_thread"
    EMAIL_PROVIDER_UNCLEAR = "email_provider_unclear"
    NO_PROVIDER = "no_provider"
    SUBJECT_WRONG = "subject_wrong"
    SUBJECT_MISSING = "subject_missing"
    SENDER_UNHEALTHY = "sender_unhealthy"
    NOT_CONNECTED = "not_connected"
    NO_INMAIL = "no_inmail"
    ALREADY_INVITED = "already_invited"
    ACCOUNT_DISCONNECTED = "account_disconnected"
    PROFILE_NOT_FOUND = "profile_not_found"
    SENT_BY_EVIDENCE = "sent_by_evidence"
    LOOKED_ABSENT = "looked_absent"
    LOOKED_AMBIGUOUS = "looked_ambiguous"
    COULD_NOT_LOOK = "could_not_look"
    ECHO_MATCHED = "echo_matched"
    ECHO_HELD = "echo_held"
    AUTOMATED_REPLY = "automated_reply"
    STATUS_RECORDED = "status_recorded"
    STATUS_UNMATCHED = "status_unmatched"
    BOUNCED = "bounced"
    THREAD_NOT_FOUND = "thread_not_found"
    KNOWN_AS_ANOTHER_LEAD = "known_as_another_lead"
    LEAD_BOOKED = "lead_booked"
    OUTSIDE_SCHEDULE = "outside_schedule"
    QUIET_HOURS = "quiet_hours"
    SCHEDULE_INVALID = "schedule_invalid"
    NEVER_OPEN = "never_open"
    HOURLY_CAP = "hourly_cap"
    LEAD_MOVED = "lead_moved"
    DELAYED = "delayed"
    WANTS_CALL = "wants_call"
    NOT_INTERESTED = "not_interested"
    OUT_OF_OFFICE = "out_of_office"
    EVALUATOR_UNSURE = "evaluator_unsure"
    MODEL_FAILED = "model_failed"
    MODEL_NOT_CONFIGURED = "model_not_configured"
    PLACEHOLDER = "placeholder"
    INVENTED_LINK = "invented_link"
    WRONG_LANGUAGE = "wrong_language"
    SUSPECTED_INJECTION = "suspected_injection"
    SUSPECTED_OPT_OUT = "suspected_opt_out"
    STALE_REVISION = "stale_revision"
    NOT_AN_APPROVER = "not_an_approver"
    REVIEW_SHOWN = "review_shown"
    REVIEW_NOT_CONFIGURED = "review_not_configured"
    REVIEW_MISSING_SCOPE = "review_missing_scope"
    REVIEW_NO_CHANNEL = "review_no_channel"
    REVIEW_NOT_AUTHORIZED = "review_not_authorized"
    REVIEW_FAILED = "review_failed"
    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    ROUTE_NOT_FOUND = "route_not_found"
    TRY_AGAIN = "try_again"
    NOT_JSON_TYPE = "not_json_type"
    CALL_FAILED = "call_failed"
    STEP_SENT = "step_sent"
    STEP_NOT_DUE = "step_not_due"
    STEP_WAITS = "step_waits"
    SEQUENCE_LOOKS = "sequence_looks"
    SEQUENCE_COMPLETED = "sequence_completed"
    SEQUENCE_NOT_FOUND = "sequence_not_found"
    SEQUENCE_INACTIVE = "sequence_inactive"
    SEQUENCE_WRONG = "sequence_wrong"
    ENROLMENT_NOT_FOUND = "enrolment_not_found"
    ENROLMENT_OVER = "enrolment_over"
    ALREADY_ENROLLED = "already_enrolled"
    TOO_MANY_SEQUENCES = "too_many_sequences"
    LEAD_REPLIED = "lead_replied"
    LEAD_AWAY = "lead_away"
    PAUSED_BY_PERSON = "paused_by_person"
    CANCELLED_BY_PERSON = "cancelled_by_person"
    CONDITION_FALSE = "condition_false"
    CHANNEL_SHUT = "channel_shut"
    VARIABLE_MISSING = "variable_missing"
    TEMPLATE_WRONG = "template_wrong"
    CHANNEL_DAILY_CAP = "channel_daily_cap"
    APPROVAL_REQUIRED = "approval_required"

    @property
    def sentence(self) -> str:
        """Say in one sentence what happened and what, if anything, to do."""
        return SENTENCES[self]


def known_code(value: str | None, default: Code) -> Code:
    """Return a stored code; the default for none, or for one of a newer version than this."""
    return Code(value) if value is not None and value in set(Code) else default


SENTENCES: dict[Code, str] = {
    Code.SENT: "The provider accepted the message.",
    Code.SENT_BY_WORD: "A person confirmed that the message left.",
    Code.IN_PROGRESS: "Another invocation is sending this draft right now; ask again shortly.",
    Code.BUSY: "Other writes for this lead kept getting in first; the draft stays due.",
    Code.NO_TIME: "Too little of this invocation was left to send safely; the draft stays due.",
    Code.DRAFT_NOT_FOUND: "There is no draft with this id; check the id and the stack.",
    Code.LEAD_NOT_FOUND: "The lead of this draft does not exist; seed or restore the lead.",
    Code.WORKSPACE_NOT_FOUND: "The workspace does not exist; seed it first.",
    Code.CAMPAIGN_NOT_FOUND: "The campaign of this draft does not exist; seed it or move the lead.",
    Code.CHANNEL_NOT_SUPPORTED: "No provider sends on this channel; use one that is supported.",
    Code.NOT_DUE: "The draft is approved and goes when its time has come.",
    Code.DRAFT_CHANGED: "The draft changed while it was read; ask again for what it is now.",
    Code.DRAFT_DELETED: "Rows of the draft were deleted by hand. Look with the provider whether it "
    "left; it is not sent again.",
    Code.DRAFT_REJECTED: "The draft was rejected and will not be sent; edit it to start again.",
    Code.DRAFT_CLAIMED: "A part of this draft was already claimed for sending; its text is final.",
    Code.KEY_REUSED: "This key already belongs to another text or lead; use a new key.",
    Code.EMPTY_TEXT: "The text is empty; there is nothing to send.",
    Code.TEXT_TOO_LONG: "The text is too long (SMS: 3 messages of 160 characters, LinkedIn: 8,000, "
    "e-mail: 20,000); shorten it.",
    Code.PAUSED_ALL: "Sending is paused everywhere; it goes on after 'sender resume'.",
    Code.PAUSED_WORKSPACE: "Sending is paused for this workspace; it goes on after it is resumed.",
    Code.PAUSED_CHANNEL: "Sending is paused on this channel; it goes on after it is resumed.",
    Code.BLACKLISTED: "The lead is blacklisted; nothing is sent to them.",
    Code.OPTED_OUT: "The recipient opted out on this channel; nothing is sent to them.",
    Code.MISSING_PHONE: "The lead has no usable phone number; add one and approve again.",
    Code.MISSING_CONTACT: "The lead has no GoHighLevel contact id; link the contact and approve "
    "again.",
    Code.NEWER_INBOUND: "The lead wrote again after this draft; answer the newer message.",
    Code.HUMAN_REPLIED: "A person answered after this draft was written; it was not sent on top.",
    Code.SETTER_MANAGED: "This campaign is answered by people; a person must approve the draft.",
    Code.BELOW_THRESHOLD: "The confidence is below the campaign's threshold; a person must decide.",
    Code.DAILY_CAP: "The lead had today's number of automated messages; it waits for tomorrow.",
    Code.CONSECUTIVE_CAP: "Several automated messages went unanswered; a person must decide.",
    Code.WAITED_TOO_LONG: "The draft waited longer than a day for permission; a person must decide "
    "whether it still fits.",
    Code.INTEGRATION_UNHEALTHY: "The provider refuses this workspace's credentials; renew the "
    "token; the draft waits and tries again.",
    Code.INTEGRATION_NOT_CONFIGURED: "The workspace has no provider token; store it as the SSM "
    "parameter the README names; the draft waits.",
    Code.DO_NOT_DISTURB: "The provider has do-not-disturb set for this contact; the address is "
    "suppressed.",
    Code.UNSUBSCRIBED: "The provider says this contact unsubscribed; the address is suppressed.",
    Code.INVALID_PHONE: "The provider does not accept the contact's phone number; correct it.",
    Code.CONTACT_NOT_FOUND: "The provider does not know this contact; link the lead again.",
    Code.PAYMENT_REQUIRED: "The provider wants payment before it sends; settle the account's bill.",
    Code.REJECTED_BY_PROVIDER: "The provider refused the message; its refusal is final.",
    Code.UNAUTHORIZED: "The provider refused the credentials; renew the workspace's token.",
    Code.RATE_LIMITED: "The provider asked for a pause; the draft goes after it.",
    Code.UNREACHABLE: "No connection to the provider could be made; nothing left; it tries again.",
    Code.REDIRECTED: "The provider answered with a redirect, which is never followed; check the "
    "base URL.",
    Code.TOO_LATE: "The permission to send ran out before the first byte; nothing left; it tries "
    "again.",
    Code.ATTEMPTS_EXHAUSTED: "Every allowed attempt certainly failed to leave; approve it again to "
    "retry.",
    Code.PROVIDER_TIMEOUT: "The provider did not answer in time; whether it sent is unknown.",
    Code.PROVIDER_RESET: "The connection broke during the request; whether it left is unknown.",
    Code.PROVIDER_ERROR: "The provider answered with an error that does not say whether it sent.",
    Code.PROVIDER_UNREADABLE: "The provider answered success without a readable confirmation.",
    Code.PROVIDER_DUPLICATE: "The provider calls it a duplicate; whether this one left is unknown.",
    Code.INTERRUPTED: "The process ended in the middle of the request; whether it sent is unknown.",
    Code.INTERNAL_ERROR: "An unexpected error hit after the claim; whether it sent is unknown.",
    Code.SETTLED_NOT_SENT: "A person confirmed that the message did not leave.",
    Code.RESEND_ORDERED: "A person ordered a new attempt after being told the outcome was unknown.",
    Code.PARTS_REMAIN: "Some parts are out; the remaining parts are due.",
    Code.AWAITING_PERSON: "A person must approve this draft before it is sent.",
    Code.TEMPLATE_VARIABLE_MISSING: "The reply template uses a value the lead does not have; a "
    "person must write the reply.",
    Code.NO_REPLY_TEMPLATE: "The campaign has no reply template; a person must write the reply.",
    Code.RECORDED: "The event is recorded and its work is done or due.",
    Code.DUPLICATE_EVENT: "This event was recorded before; its work is ensured.",
    Code.EVENT_IGNORED: "Events of this type change nothing here.",
    Code.SIGNATURE_MISSING: "The request carries no signature or secret; check its set-up.",
    Code.SIGNATURE_INVALID: "The signature or secret does not match; check the configured one.",
    Code.EVENT_STALE: "The event's timestamp is outside the accepted window; it is not accepted.",
    Code.BODY_TOO_LARGE: "The body is larger than any event of this provider.",
    Code.BODY_NOT_JSON: "The body is not a JSON object in UTF-8.",
    Code.BODY_WRONG: "The body lacks a field or has one of the wrong type.",
    Code.WRONG_ACCOUNT: "The event belongs to another provider account than this workspace's.",
    Code.WRONG_WEBHOOK_KIND: "This workspace receives another kind of webhook; set up only one.",
    Code.STORAGE_TROUBLE: "The event could not be stored right now; deliver it again.",
    Code.SUPERSEDED: "A newer message from the lead takes the place of this one.",
    Code.REPLY_DRAFTED: "A reply was drafted.",
    Code.NO_CAMPAIGN: "The lead is in no campaign; people answer it.",
    Code.INVALID_REQUEST: "The request cannot be understood; see the detail.",
    Code.INVALID_SEED: "The seed file has mistakes; nothing was written.",
    Code.NOT_PARKED: "This delivery is not parked; there is nothing to settle.",
    Code.MESSAGE_NOT_FOUND: "There is no delivery with this id; list them with 'sender parked'.",
    Code.DRAFT_SENT: "The draft was sent; it cannot change any more.",
    Code.ACCOUNT_OWNED: "Another workspace owns this provider account; both would answer.",
    Code.PART_FINAL: "The provider refused this text for good; write a new draft.",
    Code.STALE_NEEDS_WORD: "The conversation moved on; approve with the override if it still fits.",
    Code.MISSING_EMAIL: "The lead has no usable e-mail address; add one and approve again.",
    Code.INVALID_EMAIL: "The provider does not accept the e-mail address; correct it.",
    Code.MISSING_LINKEDIN: "The lead has no LinkedIn profile; add the id or the URL of a "
    "personal profile.",
    Code.NOT_A_PERSON: "The LinkedIn URL is not that of a person; only people can be written to.",
    Code.NO_THREAD: "This provider only answers messages, and there is none to answer; write "
    "to them elsewhere first.",
    Code.EMAIL_PROVIDER_UNCLEAR: "The workspace has several e-mail providers; name one as its "
    "email_provider.",
    Code.NO_PROVIDER: "The workspace has no provider for this channel, or not the one whose "
    "message is answered; integrate it and approve again.",
    Code.SUBJECT_WRONG: "The subject is longer than 255 characters or has a line break; "
    "correct it.",
    Code.SUBJECT_MISSING: "An e-mail that answers nothing needs a subject; give it one.",
    Code.SENDER_UNHEALTHY: "The provider refused the sending mailbox; nothing left; another "
    "mailbox is tried if there is one.",
    Code.NOT_CONNECTED: "LinkedIn does not allow a direct message to this person; nothing left.",
    Code.NO_INMAIL: "The account has no InMail left for this person; nothing left.",
    Code.ALREADY_INVITED: "A connection request to this person is already open; wait for their "
    "answer.",
    Code.ACCOUNT_DISCONNECTED: "The account is disconnected at the provider; connect it again; "
    "the draft waits.",
    Code.PROFILE_NOT_FOUND: "LinkedIn knows no person under this profile; correct it.",
    Code.SENT_BY_EVIDENCE: "The provider's own records show that the message left.",
    Code.LOOKED_ABSENT: "The provider's records do not show the message (yet); whether it left "
    "is unknown.",
    Code.LOOKED_AMBIGUOUS: "The provider's records show several messages that it could be; a "
    "person must decide.",
    Code.COULD_NOT_LOOK: "The provider's records could not be read; whether the message left "
    "is unknown.",
    Code.ECHO_MATCHED: "The event tells of a message that this system sent.",
    Code.ECHO_HELD: "The event may tell of a delivery whose outcome is still unknown; it waits "
    "for that.",
    Code.AUTOMATED_REPLY: "The message was written by a machine; it is recorded and not answered.",
    Code.STATUS_RECORDED: "What became of the message is recorded with it.",
    Code.STATUS_UNMATCHED: "The event tells of a message that this system did not send.",
    Code.BOUNCED: "The message bounced; the address is suppressed.",
    Code.THREAD_NOT_FOUND: "The provider does not know the message that is answered; write to "
    "them another way.",
    Code.KNOWN_AS_ANOTHER_LEAD: "This person is already known as another lead of the workspace; "
    "merge the two or answer there.",
    Code.LEAD_BOOKED: "The lead has booked; automation keeps still, and a person decides.",
    Code.OUTSIDE_SCHEDULE: "It is outside the hours in which automation may write; it goes when "
    "they begin.",
    Code.QUIET_HOURS: "Nobody is texted unasked at this hour where the lead is; it goes when the "
    "quiet hours end.",
    Code.SCHEDULE_INVALID: "The schedule cannot be understood, so nothing goes by it; correct it "
    "and approve again.",
    Code.NEVER_OPEN: "The schedule leaves no hour open in the next 90 days; correct it or "
    "approve by hand.",
    Code.HOURLY_CAP: "The workspace has sent its automated messages of this hour; it goes in the "
    "next.",
    Code.LEAD_MOVED: "The lead is in another campaign than when this was written; a person must "
    "decide.",
    Code.DELAYED: "The reply waits a little, so that it does not come like a machine's.",
    Code.NOT_INTERESTED: "The lead is not interested; a person decides whether to answer at all.",
    Code.WANTS_CALL: "The lead asks to be called; a person answers.",
    Code.OUT_OF_OFFICE: "The message was an out-of-office note; it is recorded and not answered.",
    Code.EVALUATOR_UNSURE: "The evaluator does not call the reply safe to send; a person decides.",
    Code.MODEL_FAILED: "The model gave no usable answer; a person must write or judge the reply.",
    Code.MODEL_NOT_CONFIGURED: "The campaign's model cannot be reached as it is set up; correct "
    "it; a person decides meanwhile.",
    Code.PLACEHOLDER: "The text holds a placeholder; edit it before it goes.",
    Code.INVENTED_LINK: "The text links to what neither the campaign nor the lead has named; a "
    "person decides.",
    Code.WRONG_LANGUAGE: "The text is in another language than the conversation; a person decides.",
    Code.SUSPECTED_INJECTION: "The lead's message speaks to the machine instead of the agency; a "
    "person decides.",
    Code.SUSPECTED_OPT_OUT: "The lead may be asking not to be written to again; a person decides, "
    "and blacklists the lead if so.",
    Code.STALE_REVISION: "The text was changed since this was shown; look at the newest one and "
    "decide again.",
    Code.NOT_AN_APPROVER: "This person is not among the workspace's approvers; add them to "
    "decide here.",
    Code.REVIEW_SHOWN: "People are asked about the draft, and see what became of it.",
    Code.REVIEW_NOT_CONFIGURED: "The workspace names no Slack channel; its drafts are decided "
    "elsewhere.",
    Code.REVIEW_MISSING_SCOPE: "The Slack app lacks a permission; add the scope it names and "
    "install it again.",
    Code.REVIEW_NO_CHANNEL: "Slack does not know the channel, or the app is not in it; invite it "
    "or correct the id.",
    Code.REVIEW_NOT_AUTHORIZED: "Slack refuses the app's token; store the right one.",
    Code.REVIEW_FAILED: "Slack could not be asked or did not answer; it is tried again.",
    Code.FORBIDDEN: "The caller may not act for this workspace.",
    Code.UNAUTHENTICATED: "The request does not say who calls; sign it, or bring a valid token.",
    Code.ROUTE_NOT_FOUND: "There is no such operation; the API's description lists them.",
    Code.TRY_AGAIN: "The rows could not be read or written right now; send the same call again.",
    Code.NOT_JSON_TYPE: "The body's content type is another; send it as application/json.",
    Code.CALL_FAILED: "This system failed to answer; look again, and send the same call if it is "
    "not done.",
    Code.STEP_SENT: "The step's message was sent; the next step follows at its distance.",
    Code.STEP_NOT_DUE: "The next step's time has not come.",
    Code.STEP_WAITS: "The step's draft is on its way; the sequence goes on when it has ended.",
    Code.SEQUENCE_LOOKS: "Something happened; the sequence's next look says whether its step goes.",
    Code.SEQUENCE_COMPLETED: "Every step of the sequence is done.",
    Code.SEQUENCE_NOT_FOUND: "The sequence does not exist any more; import it again or enrol the "
    "lead elsewhere.",
    Code.SEQUENCE_INACTIVE: "The sequence is switched off; switch it on and resume the enrolment.",
    Code.SEQUENCE_WRONG: "The sequence cannot be understood; correct its file and import it again.",
    Code.ENROLMENT_NOT_FOUND: "There is no such enrolment; list them with 'sender followups'.",
    Code.ENROLMENT_OVER: "The enrolment has ended; enrol the lead in another sequence.",
    Code.ALREADY_ENROLLED: "The lead is or was enrolled in this sequence; once is enough.",
    Code.TOO_MANY_SEQUENCES: "The lead is in as many sequences as one can be in at once; end one "
    "first.",
    Code.LEAD_REPLIED: "The lead answered; the sequence goes on after the next answer from our "
    "side.",
    Code.LEAD_AWAY: "The lead is away or asked for a later time; the sequence goes on then.",
    Code.PAUSED_BY_PERSON: "A person paused the enrolment; resume it to go on.",
    Code.CANCELLED_BY_PERSON: "A person ended the enrolment.",
    Code.CONDITION_FALSE: "The step's condition does not hold for this lead; the step is skipped.",
    Code.CHANNEL_SHUT: "The provider lets nothing through to this person on the step's channel; "
    "it is tried again, and then skipped.",
    Code.VARIABLE_MISSING: "The step's text uses a value that is not known; fill it in and "
    "resume the enrolment.",
    Code.TEMPLATE_WRONG: "The step's template cannot be filled in; correct the sequence and "
    "resume the enrolment.",
    Code.CHANNEL_DAILY_CAP: "The lead had a follow-up on this channel today; it goes tomorrow.",
    Code.APPROVAL_REQUIRED: "The step asks for a person's approval before it is sent.",
}
