"""Every command with its arguments. The work is in the modules they import when they run."""

import sys
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from system_sender.cli import screen
from system_sender.cli.command import Answer, JsonOption, SenderGroup, Shared, command, usage
from system_sender.cli.followup_commands import add_followup_commands
from system_sender.cli.problem import Problem, Trouble
from system_sender.cli.secret import DEFAULT_PREFIX, SecretName
from system_sender.states import DraftState

if TYPE_CHECKING:
    from system_sender.cli.operator import Operator

# What somebody or some sweep still acts on.
UNFINISHED = (
    DraftState.PENDING,
    DraftState.NEEDS_REVIEW,
    DraftState.APPROVED,
    DraftState.SENDING,
    DraftState.UNKNOWN,
)


class Channel(StrEnum):
    """The channels that can be paused."""

    SMS = "sms"
    EMAIL = "email"
    LINKEDIN = "linkedin"


class ProviderName(StrEnum):
    """The providers that have secrets, Slack, and whoever runs an OpenAI-compatible model."""

    GOHIGHLEVEL = "gohighlevel"
    EMAILBISON = "emailbison"
    SMARTLEAD = "smartlead"
    INSTANTLY = "instantly"
    UNIPILE = "unipile"
    SLACK = "slack"
    OPENAI = "openai"


SECRET_HELP = "token, webhook_secret, or of Slack signing_secret."
DraftId = Annotated[str, typer.Argument(metavar="DRAFT", help="As in acme:hello.")]
LeadId = Annotated[str, typer.Argument(metavar="LEAD", help="As in acme:dana.")]
UserOption = Annotated[
    str | None,
    typer.Option("--user", envvar="SENDER_USER", metavar="NAME", help="Who you are."),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most this many.")]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", "-w", metavar="NAME", help="Only this workspace.")
]
ChannelOption = Annotated[
    Channel | None, typer.Option("--channel", help="Only this channel.", show_default=False)
]
EverythingOption = Annotated[bool, typer.Option("--all", help="Every workspace.")]

app = typer.Typer(
    cls=SenderGroup,
    name="sender",
    help="Look at drafts and deliveries, approve, pause and settle. The functions send; this "
    "command never calls a provider. It works on the stack that the usual AWS variables lead to.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
drafts_app = typer.Typer(help="Look at, approve, reject or edit one draft.")
app.add_typer(drafts_app, name="draft")
leads_app = typer.Typer(help="Look at one lead, or mark it as booked, blacklisted or away.")
app.add_typer(leads_app, name="lead")
suppressions_app = typer.Typer(help="Lift an opt-out.")
app.add_typer(suppressions_app, name="suppression")
add_followup_commands(app)


@app.callback(invoke_without_command=True)
def shared_options(
    context: typer.Context,
    stack: Annotated[
        str | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            envvar=["SENDER_STACK", "TABLE_PREFIX"],
            help="The deployed stack: the name its tables start with. [default: system-sender]",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Keep the options for whichever command follows."""
    context.obj = Shared(stack, json)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _operator() -> "Operator":
    from system_sender.cli.operator import Operator

    return Operator()


# --- seed and secret -----------------------------------------------------------------------------


@app.command()
@command
def seed(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="JSON.", show_default=False)
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the file's JSON schema and do nothing else.")
    ] = False,
) -> Answer:
    """Write workspaces, campaigns, leads and drafts from a file.

    The file is checked as a whole first. Running it again changes only what it says differently;
    counters, and drafts that have moved on, stay as they are.
    """
    from system_sender.cli.seed_check import parse_seed, read_seed_file
    from system_sender.cli.seed_schema import seed_schema

    if schema:
        import json

        return Answer(seed_schema(), [json.dumps(seed_schema(), indent=2)])
    if file is None:
        raise usage("Name the seed file: `sender seed FILE`, or ask for its --schema.")
    checked = parse_seed(read_seed_file(file))

    from system_sender.cli.seeding import seed_all

    return seed_all(_operator(), checked)


@app.command()
@command
def secret(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="As in acme.")],
    name: Annotated[SecretName, typer.Argument(metavar="NAME", help=SECRET_HELP)],
    provider: Annotated[
        ProviderName | None,
        typer.Option(
            "--provider",
            help="Whose it is, if the workspace has several accounts.",
            show_default=False,
        ),
    ] = None,
    secrets_prefix: Annotated[
        str,
        typer.Option(
            "--secrets-prefix",
            envvar="SECRETS_PREFIX",
            metavar="PATH",
            help="The SSM path of the stack's parameter SecretsPrefix.",
        ),
    ] = DEFAULT_PREFIX,
) -> Answer:
    """Store a workspace's credential, read from standard input or asked for without echo."""
    from system_sender.cli.secret import store_secret

    if sys.stdin.isatty():
        value = typer.prompt(f"{name.value} of {workspace}", hide_input=True, err=True)
    else:
        value = sys.stdin.read()
    whose = None if provider is None else provider.value
    return store_secret(_operator(), workspace, name, value.strip(), secrets_prefix, whose)


@app.command()
@command
def integrations(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="As in acme.")],
) -> Answer:
    """Show a workspace's accounts at its providers, and whether each lets the system in."""
    from system_sender.cli.accounts import integrations as show_integrations

    return show_integrations(_operator(), workspace)


# --- drafts --------------------------------------------------------------------------------------


@app.command()
@command
def drafts(
    workspace: WorkspaceOption = None,
    state: Annotated[
        list[DraftState] | None,
        typer.Option(
            "--state", "-s", help="May be repeated. Without it: all that is not finished."
        ),
    ] = None,
    limit: Limit = 50,
) -> Answer:
    """List drafts by their state, those that changed last first."""
    from system_sender.cli.review import list_drafts

    return list_drafts(_operator(), workspace, state or UNFINISHED, limit)


@drafts_app.command("show")
@command
def draft_show(draft: DraftId) -> Answer:
    """Show a draft, where it goes, its text and its deliveries."""
    from system_sender.cli.review import show

    return show(_operator(), draft)


@drafts_app.command("approve")
@command
def draft_approve(
    draft: DraftId,
    user: UserOption = None,
    even_if_stale: Annotated[
        bool,
        typer.Option("--even-if-stale", help="Send it although the conversation has moved on."),
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="Ask the deployed function to send it right away.")
    ] = False,
) -> Answer:
    """Approve a draft: it is due, and the functions send it.

    Switches, opt-outs and the blacklist hold it all the same; nobody overrides those.
    """
    from system_sender.cli.review import approve_draft

    return approve_draft(_operator(), draft, user=user, even_if_stale=even_if_stale, now=now)


@drafts_app.command("reject")
@command
def draft_reject(draft: DraftId, user: UserOption = None) -> Answer:
    """Reject a draft: it will not be sent. Only an edit brings it back."""
    from system_sender.cli.review import reject_draft

    return reject_draft(_operator(), draft, user=user)


@drafts_app.command("edit")
@command
def draft_edit(
    draft: DraftId,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The text.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="A file with the text.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="TEXT", help="The subject of an e-mail.")
    ] = None,
    user: UserOption = None,
) -> Answer:
    """Give a draft another text, from --text, --file or standard input, or another subject.

    With --subject alone the text stays as it is. One line break at the end of a file or of standard
    input does not belong to the text. The new revision is pending until it is approved.
    """
    from system_sender.cli.review import edit_draft

    only_subject = subject is not None and text is None and file is None
    new_text = None if only_subject else _new_text(text, file)
    return edit_draft(_operator(), draft, new_text, subject, user=user)


def _new_text(text: str | None, file: Path | None) -> str:
    if text is not None and file is not None:
        raise usage("Give the text by --text or by --file, not by both.")
    if text is not None:
        return text
    if file is None and sys.stdin.isatty():
        raise usage("Give the new text by --text, by --file, or on standard input.")
    try:
        content = sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except OSError as error:
        message = f"The file {file} cannot be read: {error.strerror}."
        raise Problem(Trouble.FILE_UNREADABLE, message) from None
    except UnicodeDecodeError:
        raise Problem(Trouble.FILE_UNREADABLE, "The text is not in UTF-8.") from None
    return content.removesuffix("\n").removesuffix("\r")


@app.command()
@command
def thread(
    lead: LeadId,
    limit: Limit = 50,
) -> Answer:
    """Show what happened with a lead in the order of time, and why each message went or did not."""
    from system_sender.cli.conversation import thread as show_thread

    return show_thread(_operator(), lead, limit)


# --- leads ---------------------------------------------------------------------------------------


@leads_app.command("show")
@command
def lead_show(lead: LeadId) -> Answer:
    """Show what is known of a lead, and what stops messages to them."""
    from system_sender.cli.lead import show_lead

    return show_lead(_operator(), lead)


@leads_app.command("mark")
@command
def lead_mark(
    lead: LeadId,
    booked: Annotated[
        bool | None,
        typer.Option(
            "--booked/--not-booked",
            help="Booked, automation keeps still with them.",
            show_default=False,
        ),
    ] = None,
    blacklisted: Annotated[
        bool | None,
        typer.Option(
            "--blacklisted/--not-blacklisted",
            help="Blacklisted, they get nothing at all.",
            show_default=False,
        ),
    ] = None,
    away_until: Annotated[
        str | None,
        typer.Option(
            "--away-until",
            metavar="TIME",
            help="Their sequences wait until then: ISO 8601 with an offset.",
            show_default=False,
        ),
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="They are not away any more.")] = False,
) -> Answer:
    """Mark a lead as booked, blacklisted or away, or take such a mark off. It holds from now on."""
    from system_sender.cli.lead import mark_lead

    if back and away_until is not None:
        raise usage("Say either --away-until TIME or --back.")
    marks = {"booked": booked, "blacklisted": blacklisted}
    return mark_lead(_operator(), lead, marks, away_until=away_until, back=back)


@suppressions_app.command("lift")
@command
def suppression_lift(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="As in acme.")],
    channel: Annotated[Channel, typer.Argument(metavar="CHANNEL", help="sms, email or linkedin.")],
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="Phone number, e-mail address, LinkedIn id.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why they may be written to again.")
    ],
    user: UserOption = None,
) -> Answer:
    """Lift an opt-out, because the person wants to be written to again. The reason is recorded."""
    from system_sender.cli.suppression import lift_suppression

    if not reason.strip():
        raise usage("Say why: --reason stays on record.")
    return lift_suppression(_operator(), workspace, channel.value, address, reason.strip(), user)


# --- questions -----------------------------------------------------------------------------------


@app.command()
@command
def reviews() -> Answer:
    """List the questions about drafts that people in Slack do not see, and why not."""
    from system_sender.cli.questions import reviews as list_reviews

    return list_reviews(_operator())


# --- parked deliveries ---------------------------------------------------------------------------


@app.command()
@command
def parked() -> Answer:
    """List the deliveries whose outcome is unknown, with the evidence, and what to do."""
    from system_sender.cli.parking import parked as list_parked

    return list_parked(_operator())


@app.command()
@command
def settle(
    delivery: Annotated[str, typer.Argument(metavar="ID", help="As in acme:hello#0.")],
    sent: Annotated[
        bool, typer.Option("--sent", help="It left: the provider's conversation shows it.")
    ] = False,
    not_sent: Annotated[bool, typer.Option("--not-sent", help="It certainly did not.")] = False,
    resend: Annotated[
        bool, typer.Option("--resend", help="With --not-sent: order one new attempt.")
    ] = False,
    even_if_stale: Annotated[
        bool,
        typer.Option("--even-if-stale", help="With --resend: although the lead wrote meanwhile."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask back.")] = False,
    user: UserOption = None,
) -> Answer:
    """Say what became of a parked delivery. Your word is recorded and acted upon."""
    from system_sender.cli.parking import question
    from system_sender.cli.parking import settle as settle_delivery

    if sent == not_sent:
        raise usage("Say either --sent or --not-sent.")
    if resend and sent:
        raise usage("--resend goes with --not-sent: what left is not sent again.")
    if even_if_stale and not resend:
        raise usage("--even-if-stale goes with --resend: nothing else is sent anew.")
    operator = _operator()
    if sys.stdin.isatty() and not yes:
        console = screen.standard_error()
        for part in question(operator, delivery, sent=sent, resend=resend):
            console.print(part)
        typer.confirm("Is that what you saw?", abort=True, err=True)
    return settle_delivery(
        operator, delivery, sent=sent, resend=resend, even_if_stale=even_if_stale, user=user
    )


# --- switches ------------------------------------------------------------------------------------


@app.command()
@command
def pause(
    everything: EverythingOption = False,
    workspace: WorkspaceOption = None,
    channel: ChannelOption = None,
) -> Answer:
    """Stop sending. Returns when no request that it stops can start any more."""
    from system_sender.cli.switchboard import pause_sending

    _check_scope(everything, workspace, channel)
    return pause_sending(_operator(), workspace, _channel(channel), waiting=_spinner)


@app.command()
@command
def resume(
    everything: EverythingOption = False,
    workspace: WorkspaceOption = None,
    channel: ChannelOption = None,
) -> Answer:
    """Release a switch. Each switch is released on its own: --all does not touch a workspace's."""
    from system_sender.cli.switchboard import resume_sending

    _check_scope(everything, workspace, channel)
    return resume_sending(_operator(), workspace, _channel(channel))


def _check_scope(everything: bool, workspace: str | None, channel: Channel | None) -> None:
    if everything and workspace is not None:
        raise usage("Say either --all or --workspace NAME, not both.")
    if not everything and workspace is None and channel is None:
        raise usage("Say what: --all, --workspace NAME, or --channel for one channel of all.")


def _channel(channel: Channel | None) -> str | None:
    return None if channel is None else channel.value


def _spinner(text: str) -> AbstractContextManager[Any]:
    return screen.standard_error().status(screen.written(text))


@app.command()
@command
def status() -> Answer:
    """Show the switches, the workspaces' health, and how much is due, failed or parked."""
    from system_sender.cli.switchboard import status as show_status

    return show_status(_operator())
