"""The agencies' people, who look a few times a day at what waits for them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from system_sender.drafts import DraftRefused
from system_sender.models import Draft, Message, Revision
from system_sender.result import SendOutcome, SendResult
from system_sender.sending import approve_and_send_draft_system
from system_sender.states import DraftState
from system_sender.word import settle_by_word
from tests.simulation.agencies import Person
from tests.simulation.floor import Floor

MINUTE = 60_000
_DAY_MINUTES = 24 * 60
# They come every four hours, at ten past, UTC.
_VISITS = range(10, _DAY_MINUTES, 4 * 60)
# Look-ups have an hour; after that a person says what the provider's screen shows.
_WORD_AFTER = 90 * MINUTE
_OPENS, _CLOSES = 10, 17
_CALL_SECONDS = 25
_HELD = (DraftState.NEEDS_REVIEW.value, DraftState.PENDING.value)
_MOST = 100


class Staff:
    """Approves what asks for it, and says of what is unknown whether it left."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def has_work(self) -> bool:
        """Say whether anything waits for a person."""
        return bool(self._parked() or self._held())

    def go_on(self) -> None:
        """Look, if it is the time."""
        if not _is_visit(self._floor.world.now() // MINUTE):
            return
        for message in self._parked():
            if int(message.attention_at or 0) + _WORD_AFTER <= self._floor.world.now():
                self._say_what_is_seen(message)
        for draft in self._held():
            self._approve(draft)

    def _parked(self) -> list[Message]:
        store = self._floor.store
        keys = store.query(Message.attention_index, "0", limit=_MOST)
        rows = [store.get(Message, row["draft_id"], int(row["part"])) for row in keys]
        return [row for row in rows if row is not None and row.attention is not None]

    def _held(self) -> list[Draft]:
        store = self._floor.store
        keys = [
            row["draft_id"]
            for name in self._floor.desks
            for state in _HELD
            for row in store.query(Draft.state_index, f"{name}#{state}", limit=_MOST)
        ]
        rows = [store.get(Draft, draft_id) for draft_id in keys]
        return [row for row in rows if row is not None and row.state in _HELD]

    def _say_what_is_seen(self, message: Message) -> None:
        """Settle a delivery by what the provider shows; what did not leave is ordered anew."""
        floor = self._floor
        sent = self._was_accepted(message)

        def settle() -> None:
            try:
                settle_by_word(
                    floor.system(),
                    str(message.draft_id),
                    int(message.part),
                    sent=sent,
                    resend=not sent,
                )
            except DraftRefused as refused:
                if sent:
                    raise
                floor.tell("word refused", str(message.lead_id), refused.code.value)
                settle_by_word(
                    floor.system(),
                    str(message.draft_id),
                    int(message.part),
                    sent=False,
                    resend=False,
                )

        floor.surely(settle)
        floor.tell("word", str(message.lead_id), "sent" if sent else "not sent")
        if not sent:
            floor.tell("ordered anew", str(message.lead_id), str(message.draft_id))

    def _was_accepted(self, message: Message) -> bool:
        person = self._floor.people[str(message.lead_id)]
        revision = self._floor.store.get(Revision, str(message.draft_id), int(message.revision))
        assert revision is not None
        text = words_of(str(revision.text)[int(message.start) : int(message.end)])
        ledger = self._floor.world.sandbox.ledger
        return any(
            words_of(entry.text) == text
            for recipient, channel in person.recipients().items()
            if channel == message.channel
            for entry in ledger.accepted(contact_id=recipient)
        )

    def _approve(self, draft: Draft) -> None:
        """Approve what waits for a person, when the lead is at work."""
        floor = self._floor
        person = floor.people[str(draft.lead_id)]
        if not self._is_at_work(person):
            return
        results: list[SendResult] = []

        def approve() -> None:
            results.append(
                approve_and_send_draft_system(
                    str(draft.draft_id),
                    sent_by="setter",
                    system=floor.system(),
                    budget=floor.budget(_CALL_SECONDS),
                )
            )

        floor.surely(approve)
        if results[-1].outcome is not SendOutcome.REFUSED:
            floor.tell("approved", person.lead_id, str(draft.draft_id))

    def _is_at_work(self, person: Person) -> bool:
        zone = person.time_zone or self._floor.desks[person.agency].agency.time_zone
        now = datetime.fromtimestamp(self._floor.world.now() / 1000, UTC)
        local = now.astimezone(ZoneInfo(zone))
        return local.weekday() < 5 and _OPENS <= local.hour < _CLOSES


def next_visit(now: int) -> int:
    """Return when somebody comes to look (epoch milliseconds, UTC)."""
    minute = now // MINUTE + 1
    while not _is_visit(minute):
        minute += 1
    return minute * MINUTE


def _is_visit(minute: int) -> bool:
    return minute % _DAY_MINUTES in _VISITS


def words_of(text: str) -> str:
    """Return a text with its white space evened out: providers do not keep it."""
    return " ".join(text.split())
