"""The commands around sequences: files, enrolments, and who is due. See `app.py` for the others."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from system_sender.cli.command import Answer, command, usage

if TYPE_CHECKING:
    from system_sender.cli.operator import Operator

SequenceArgument = Annotated[str, typer.Argument(metavar="SEQUENCE", help="As in acme:winter.")]
EnrolmentArgument = Annotated[
    str, typer.Argument(metavar="ENROLMENT", help="As in acme:winter/dana.")
]
UserOption = Annotated[
    str | None,
    typer.Option("--user", envvar="SENDER_USER", metavar="NAME", help="Who you are."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write into this file.", show_default=False
    ),
]
SchemaOption = Annotated[
    bool, typer.Option("--schema", help="Print the file's JSON schema and do nothing else.")
]


class State(StrEnum):
    """The states of enrolments."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class FollowupsGroup(TyperGroup):
    """`sender followups acme` is short for `sender followups list acme`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what names no command for what is listed."""
        if args and args[0] not in (*self.commands, "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


sequences_app = typer.Typer(help="Import, export, look at and switch sequences.")
enrolments_app = typer.Typer(help="Enrol many leads from a file, or export who is enrolled.")
followups_app = typer.Typer(
    cls=FollowupsGroup, help="Who is due, who is paused and why, and what the next step will say."
)


def add_followup_commands(app: typer.Typer) -> None:
    """Make them commands of `sender`."""
    app.add_typer(sequences_app, name="sequence")
    app.add_typer(enrolments_app, name="enrolment")
    app.add_typer(followups_app, name="followups")
    app.command()(command(enrol))


def _operator() -> "Operator":
    from system_sender.cli.operator import Operator

    return Operator()


# --- sequences -----------------------------------------------------------------------------------


@sequences_app.command("import")
@command
def sequence_import(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="JSON.", show_default=False)
    ] = None,
    schema: SchemaOption = False,
) -> Answer:
    """Write the sequences of a file.

    The file is checked as a whole first. Importing it again changes only what differs, and tells
    what. A step's key is for ever: by it, no lead gets the step twice.
    """
    from system_sender.cli.sequence_file import SequencesFile
    from system_sender.cli.sound_file import schema_answer

    if schema:
        return schema_answer(SequencesFile)
    if file is None:
        raise usage("Name the file: `sender sequence import FILE`, or ask for its --schema.")
    from system_sender.cli.sequences import import_sequences

    return import_sequences(_operator(), file)


@sequences_app.command("export")
@command
def sequence_export(
    name: Annotated[
        str,
        typer.Argument(metavar="WORKSPACE|SEQUENCE", help="As in acme, or acme:winter."),
    ],
    output: OutputOption = None,
) -> Answer:
    """Write a sequence, or all of a workspace, as a file that can be imported."""
    from system_sender.cli.sequences import export_sequences

    return export_sequences(_operator(), name, output)


@sequences_app.command("list")
@command
def sequence_list(
    workspace: Annotated[
        str | None, typer.Option("--workspace", "-w", metavar="NAME", help="Only this workspace.")
    ] = None,
) -> Answer:
    """List the sequences."""
    from system_sender.cli.sequences import list_sequences

    return list_sequences(_operator(), workspace)


@sequences_app.command("show")
@command
def sequence_show(sequence: SequenceArgument) -> Answer:
    """Show a sequence with its steps, and how many leads are on their way through it."""
    from system_sender.cli.sequences import show_sequence

    return show_sequence(_operator(), sequence)


@sequences_app.command("on")
@command
def sequence_on(
    sequence: SequenceArgument,
    resume: Annotated[
        bool, typer.Option("--resume", help="Let the enrolments that it had stopped go on.")
    ] = False,
    user: UserOption = None,
) -> Answer:
    """Switch a sequence on."""
    from system_sender.cli.sequences import switch_on

    return switch_on(_operator(), sequence, resume=resume, user=user)


@sequences_app.command("off")
@command
def sequence_off(sequence: SequenceArgument) -> Answer:
    """Switch a sequence off: each of its enrolments pauses when it is next due."""
    from system_sender.cli.sequences import switch_off

    return switch_off(_operator(), sequence)


# --- enrolments ----------------------------------------------------------------------------------


def enrol(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="As in acme:dana.")],
    sequence: SequenceArgument,
    fact: Annotated[
        list[str] | None,
        typer.Option(
            "--fact", metavar="NAME=VALUE", help="A value for the templates. May be repeated."
        ),
    ] = None,
    starts_at: Annotated[
        str | None,
        typer.Option(
            "--starts-at",
            metavar="TIME",
            help="When the sequence begins: ISO 8601 with an offset; now by default.",
            show_default=False,
        ),
    ] = None,
    user: UserOption = None,
) -> Answer:
    """Enrol a lead in a sequence."""
    from system_sender.cli.enrolments import enrol_lead

    return enrol_lead(
        _operator(), lead, sequence, facts=_facts(fact or []), starts_at=starts_at, user=user
    )


def _facts(given: list[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for one in given:
        name, mark, value = one.partition("=")
        if not mark or not name:
            raise usage(f"'{one}' is no fact: write NAME=VALUE, as in --fact event=webinar.")
        if name in facts:
            raise usage(f"The fact '{name}' is given twice.")
        facts[name] = value
    return facts


@enrolments_app.command("import")
@command
def enrolment_import(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="JSON or CSV.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what became of each row into this file (CSV).",
            show_default=False,
        ),
    ] = None,
    schema: SchemaOption = False,
    user: UserOption = None,
) -> Answer:
    """Enrol the leads of a file in sequences.

    The file is checked as a whole first. Importing it again enrols nobody twice.
    """
    from system_sender.cli.enrolment_file import EnrolmentsFile
    from system_sender.cli.sound_file import schema_answer

    if schema:
        return schema_answer(EnrolmentsFile)
    if file is None:
        raise usage("Name the file: `sender enrolment import FILE`, or ask for its --schema.")
    from system_sender.cli.enrolments import import_enrolments

    return import_enrolments(_operator(), file, report, user)


@enrolments_app.command("export")
@command
def enrolment_export(
    sequence: SequenceArgument,
    output: OutputOption = None,
    state: Annotated[
        list[State] | None,
        typer.Option("--state", "-s", help="May be repeated. Without it: all.", show_default=False),
    ] = None,
) -> Answer:
    """Write who is enrolled in a sequence, and where each stands: JSON, or CSV by FILE's name."""
    from system_sender.cli.enrolments import export_enrolments

    return export_enrolments(_operator(), sequence, [one.value for one in state or State], output)


# --- followups -----------------------------------------------------------------------------------


@followups_app.command("list")
@command
def followups_list(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="As in acme.")],
    state: Annotated[
        list[State] | None,
        typer.Option(
            "--state",
            "-s",
            help="May be repeated. Without it: active and paused.",
            show_default=False,
        ),
    ] = None,
    sequence: Annotated[
        str | None,
        typer.Option("--sequence", metavar="SEQUENCE", help="Only this one.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most this many.")] = 50,
) -> Answer:
    """List enrolments: when each goes on, why it does not, and what its next step will say."""
    from system_sender.cli.followups import list_followups

    states = [one.value for one in state or (State.ACTIVE, State.PAUSED)]
    return list_followups(_operator(), workspace, states, sequence, limit)


@followups_app.command("show")
@command
def followups_show(enrolment: EnrolmentArgument) -> Answer:
    """Show an enrolment: every step, what became of it, and what the next one will say."""
    from system_sender.cli.followups import show_followup

    return show_followup(_operator(), enrolment)


@followups_app.command("pause")
@command
def followups_pause(enrolment: EnrolmentArgument, user: UserOption = None) -> Answer:
    """Pause an enrolment until a person resumes it. What has not left is taken back."""
    from system_sender.cli.followups import pause_followup

    return pause_followup(_operator(), enrolment, user)


@followups_app.command("resume")
@command
def followups_resume(enrolment: EnrolmentArgument, user: UserOption = None) -> Answer:
    """Let a paused enrolment go on, whatever it was paused for."""
    from system_sender.cli.followups import resume_followup

    return resume_followup(_operator(), enrolment, user)


@followups_app.command("cancel")
@command
def followups_cancel(enrolment: EnrolmentArgument, user: UserOption = None) -> Answer:
    """End an enrolment for ever. What has not left is taken back."""
    from system_sender.cli.followups import cancel_followup

    return cancel_followup(_operator(), enrolment, user)
