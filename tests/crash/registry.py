"""Every story by its name."""

from tests.crash.drafting import ModelStory, UnsureModelStory
from tests.crash.sequences import (
    AnsweredSequenceStory,
    ApprovedStepStory,
    RewrittenStepStory,
    SequenceByQueue,
    SequenceStory,
)
from tests.crash.stories import (
    ChangedEchoStory,
    CronByQueue,
    CronStory,
    EchoStory,
    FunctionStory,
    LinkedInStepsStory,
    ReplyThroughEmailBison,
    ReplyThroughGoHighLevel,
    ReplyThroughInstantly,
    ReplyThroughSmartLead,
    ReplyThroughUnipile,
    RetryStory,
    SenderFallbackStory,
    SlackStory,
    ThreePartStory,
    WebhookByQueue,
    WebhookStory,
)
from tests.crash.story import StoryMaker

STORIES: dict[str, StoryMaker] = {
    "function": FunctionStory,
    "cron": CronStory,
    "webhook": WebhookStory,
    "three_parts": ThreePartStory,
    "retry": RetryStory,
    "gohighlevel e-mail": ReplyThroughGoHighLevel,
    "emailbison": ReplyThroughEmailBison,
    "smartlead": ReplyThroughSmartLead,
    "instantly": ReplyThroughInstantly,
    "unipile": ReplyThroughUnipile,
    "sender fallback": SenderFallbackStory,
    "linkedin steps": LinkedInStepsStory,
    "echo": EchoStory,
    "linkedin echo": ChangedEchoStory,
    "slack": SlackStory,
    "models": ModelStory,
    "models unsure": UnsureModelStory,
    "cron by queue": CronByQueue,
    "webhook by queue": WebhookByQueue,
    "sequence by queue": SequenceByQueue,
    "sequence": SequenceStory,
    "sequence approved": ApprovedStepStory,
    "sequence answered": AnsweredSequenceStory,
    "sequence rewritten": RewrittenStepStory,
}
# All pairs of faults are run of these; of the others, those that strike around the provider.
ALL_PAIRS = frozenset({"function", "cron", "webhook", "three_parts", "retry"})
# Through which provider each story writes.
PROVIDERS: dict[str, str] = {
    **dict.fromkeys([*ALL_PAIRS, "echo", "slack", "models", "models unsure"], "gohighlevel sms"),
    **{name: "gohighlevel sms" for name in STORIES if name.startswith("sequence")},
    **{name: "gohighlevel sms" for name in STORIES if name.endswith("by queue")},
    **{name: name for name in ("gohighlevel e-mail", "smartlead", "instantly")},
    **dict.fromkeys(["emailbison", "sender fallback"], "emailbison"),
    **dict.fromkeys(["unipile", "linkedin steps", "linkedin echo"], "unipile"),
}
