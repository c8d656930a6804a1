"""The demo about follow-ups: one that the schedule sends, and one that an answer stops."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from devstack import paths
from devstack.demo_people import UMA, VIC
from devstack.demo_stage import DemoError, Stage

SEQUENCES = paths.PROJECT / "devstack" / "seeds" / "followups.json"
SEQUENCE = "acme:winter"
# The schedule's next minute, and what a busy machine takes for it.
PATIENCE_SECONDS = 150


@dataclass
class Followups:
    """What is begun early, and what became of it later."""

    stage: Stage

    def begin(self) -> None:
        """Enrol two leads, of whom one answers before anything was sent."""
        stage = self.stage
        stage.title("Follow-ups: two leads in a sequence, and one of them answers")
        stage.sender("sequence", "import", str(SEQUENCES.relative_to(paths.PROJECT)))
        stage.sender("enrol", UMA.lead, SEQUENCE)
        soon = datetime.now(UTC) + timedelta(seconds=45)
        stage.sender("enrol", VIC.lead, SEQUENCE, "--starts-at", soon.isoformat(timespec="seconds"))
        stage.tell(stage.says(VIC, "Thanks, I will think about it and tell you."))
        stage.say("Nobody asks for anything more: EventBridge's schedule runs each minute.")

    def show(self) -> None:
        """Show what the schedule sent, and what it did not."""
        stage = self.stage
        stage.title("Follow-ups: what EventBridge's own schedule did")
        stage.until(lambda: len(stage.accepted(UMA)) == 1, PATIENCE_SECONDS)
        (entry,) = stage.expect(UMA, 1)
        stage.say(f"[green]→ {entry.text}[/green]")
        going = stage.sender("followups", "show", f"{SEQUENCE}/uma")
        stage.say(f"Uma: [bold]{going['followup']['state']}[/bold], the next step in days.")
        stopped = stage.sender("followups", "show", f"{SEQUENCE}/vic")["followup"]
        if (stopped["state"], stopped["code"]) != ("paused", "lead_replied"):
            raise DemoError(f"Vic's answer did not stop the sequence: {stopped}")
        stage.expect(VIC, 0)
        stage.say(f"Vic: [yellow]{stopped['state']}[/yellow], {stopped['sentence']}")
