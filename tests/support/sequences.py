"""A sequence on a scene: its rows, who is enrolled, and what became of them."""

from collections.abc import Mapping
from typing import Any

from system_sender.audit import entries_of
from system_sender.followups.enrolment import enrol, enrolment_key, step_draft_id
from system_sender.followups.sequence import steps_of
from system_sender.models import Enrolment, Sequence
from system_sender.system import System
from tests.support.scene import Scene

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TWO_STEPS: tuple[dict[str, Any], ...] = (
    {"key": "hello", "day": 1, "channel": "sms", "template": "Hi {{ first_name }}, Acme here"},
    {"key": "again", "day": 3, "channel": "sms", "template": "Still looking, {{ first_name }}?"},
)


class Winter:
    """One sequence of a workspace, and the scene's lead on their way through it.

    Attributes:
        time_zone: the lead's.
    """

    def __init__(self, scene: Scene, system: System, name: str = "winter") -> None:
        self._scene = scene
        self._system = system
        self.sequence_id = f"{scene.workspace}:{name}"
        self.enrolment_id = enrolment_key(self.sequence_id, scene.lead_id)
        self.time_zone = "America/New_York"

    def write(self, *steps: Mapping[str, Any], **columns: Any) -> "Winter":
        """Write the sequence, or write it anew."""
        self._scene.put(
            Sequence(
                self.sequence_id,
                workspace=self._scene.workspace,
                name="Winter",
                **{"steps": [dict(step) for step in steps or TWO_STEPS], **columns},
            )
        )
        return self

    def enrol(self, **options: Any) -> "Winter":
        """Enrol the lead, by the sequence as it is."""
        row = self._scene.store.get(Sequence, self.sequence_id)
        assert row is not None
        lead = self._scene.lead_now()
        options = {"time_zone": self.time_zone, "user": "sam", **options}
        enrol(self._system, lead, self.sequence_id, steps_of(row.steps), **options)
        return self

    @property
    def now(self) -> Enrolment:
        """The enrolment's row."""
        row = self._scene.store.get(Enrolment, self.enrolment_id)
        assert row is not None
        return row

    @property
    def stands(self) -> tuple[str, str]:
        """Where it stands, and why."""
        row = self.now
        return str(row.state), str(row.code)

    @property
    def done(self) -> dict[str, str]:
        """What became of each step that is over."""
        return {key: entry["code"] for key, entry in self.now.done.items()}

    def draft_id(self, step: str, number: int = 1) -> str:
        """Return the id of a step's draft."""
        return step_draft_id(self.enrolment_id, step, number)

    def told(self) -> list[tuple[str, str | None]]:
        """Return the audit's entries about the enrolment itself: by whom, and why."""
        entries = entries_of(self._scene.store, self._scene.lead_id, 500)
        return [
            (str(entry.actor), entry.code)
            for entry in entries
            if str(entry.draft_id).split("#", maxsplit=1)[0] == self.enrolment_id
        ]
