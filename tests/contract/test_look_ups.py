"""What every provider's look-up tells, asked of the sandbox: found, absent, or nobody could look.

The sandbox keeps the messages, so that each look goes through the provider's real requests.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from devstack.sandbox.contract import Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Operation
from devstack.sandbox.provider import Sandbox
from system_sender.codes import Code
from system_sender.finding import COULD_NOT_LOOK, Seen, Sought
from system_sender.letter import Access, Letter
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.transport import Answer, NoAnswer, Request
from tests.contract.case import ACCOUNT, NOW, TOKEN, Case, at, changed, paths_of
from tests.contract.cases import CASES
from tests.contract.oddities import ODD_BODIES, ODD_VALUES
from tests.support.transport import SandboxTransport

OTHER_TOKEN, OTHER_ACCOUNT = "tok-of-another", "accOther"
MINUTE = 60_000

by_name: Mapping[str, Any] = {"argvalues": CASES, "ids": lambda case: case.name}


@dataclass
class Desk:
    """One provider's sandbox, and whoever writes and looks there."""

    case: Case
    now: int = NOW
    heeds_filters: bool = True
    asked: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        tokens = {TOKEN: ACCOUNT, OTHER_TOKEN: OTHER_ACCOUNT}
        self.sandbox = Sandbox(
            settings=Settings(tokens=tokens), clock=lambda: self.now / 1000, seed=self.case.name
        )

    def send(self, letter: Letter | None = None, access: Access | None = None) -> Outcome:
        """Send a letter, and say what came of it."""
        letter, provider = letter or self.case.letter, self.case.provider
        request = provider.send_request(access or self.case.access, letter)
        return provider.outcome(self._exchange(request), self.now, letter)

    def put(self, text: str, letter: Letter | None = None, **fields: Any) -> str:
        """Put a message into the records that no request sent, and return its id."""
        fields.setdefault("added_at", self.now / 1000)
        message = self.case.records.message(letter or self.case.letter, text, **fields)
        return self.sandbox.inject(message, provider=self.case.provider_name).message_id

    def fill(self, count: int) -> None:
        """Add other messages to the records that a look has to go through."""
        for number in range(count):
            text = f"Another message, number {number}"
            if self.case.records.noise_by_sending:
                self.send(replace(self.case.letter, text=text))
            else:
                self.put(text, direction="outbound", source="app")

    def look(self, letter: Letter | None = None, **window: int) -> Seen:
        """Look for a letter, by default around now."""
        since, until = self.now - 5 * MINUTE, self.now + 5 * MINUTE
        sought = Sought(letter or self.case.letter, **{"since": since, "until": until, **window})
        return self.case.provider.find(self.case.access, sought, self.fetch)

    def fetch(self, request: Request) -> Answer | NoAnswer:
        """Answer a request of a look-up, and keep it."""
        self.asked.append(request)
        if not self.heeds_filters:
            query = dict(request.query or {})
            kept = {name: query[name] for name in query if name not in self.case.records.filters}
            request = replace(request, query=kept)
        return self._exchange(request)

    def _exchange(self, request: Request) -> Answer | NoAnswer:
        transport = SandboxTransport(self.sandbox)
        return transport.send(request, seconds=10, guard=lambda: None)


def ids(seen: Seen) -> list[str]:
    assert seen.looked
    return [found.provider_message_id for found in seen.found]


# --- what is there -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", **by_name)
def test_what_was_sent_is_found_once(case: Case) -> None:
    desk = Desk(case)
    outcome = desk.send()
    assert outcome.kind is OutcomeKind.SENT
    seen = desk.look()
    [found] = seen.found
    assert found.at == NOW
    assert 0 < len(found.provider_message_id) <= 300
    if case.records.names_it:
        assert found.provider_message_id == outcome.provider_message_id
    else:
        assert outcome.provider_message_id is None
    # Looking again is no other message.
    assert desk.look() == seen


@pytest.mark.parametrize("kind", [Kind.RESET_AFTER, Kind.EMPTY_SUCCESS, Kind.SERVER_ERROR_AFTER])
@pytest.mark.parametrize("case", **by_name)
def test_what_left_without_an_answer_is_found(case: Case, kind: Kind) -> None:
    desk = Desk(case)
    desk.sandbox.program(Fault(kind))
    assert desk.send().kind is OutcomeKind.UNKNOWN
    assert len(ids(desk.look())) == 1


@pytest.mark.parametrize("kind", [Kind.RESET_BEFORE, Kind.SERVER_ERROR_BEFORE])
@pytest.mark.parametrize("case", **by_name)
def test_what_did_not_leave_is_absent(case: Case, kind: Kind) -> None:
    desk = Desk(case)
    desk.sandbox.program(Fault(kind))
    assert desk.send().kind is OutcomeKind.UNKNOWN
    assert desk.look() == Seen(looked=True)


@pytest.mark.parametrize("case", **by_name)
def test_empty_records_are_absence_and_not_blindness(case: Case) -> None:
    assert Desk(case).look() == Seen(looked=True)


@pytest.mark.parametrize("case", **by_name)
def test_a_message_shows_up_late_and_is_found_then(case: Case) -> None:
    desk = Desk(case)
    desk.sandbox.settings = replace(desk.sandbox.settings, visibility_delay_s=10)
    desk.send()
    desk.now += 9_000
    assert desk.look() == Seen(looked=True)
    desk.now += 2_000
    [found] = desk.look().found
    assert found.at == NOW


@pytest.mark.parametrize("text", ["👍 Grüße, مرحبا & <b>", "Line one\n\nLine two\nThree", "Ok"])
@pytest.mark.parametrize("case", **by_name)
def test_any_text_is_recognised(case: Case, text: str) -> None:
    desk = Desk(case)
    letter = replace(case.letter, text=text)
    desk.send(letter)
    assert len(ids(desk.look(letter))) == 1


@pytest.mark.parametrize("case", **by_name)
def test_two_with_the_same_text_are_both_told(case: Case) -> None:
    desk = Desk(case)
    desk.send()
    desk.now += MINUTE
    desk.send()
    found = desk.look().found
    assert len({one.provider_message_id for one in found}) == 2
    assert {one.at for one in found} == {NOW, NOW + MINUTE}


# --- what is not ours ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Great, does Tuesday at 3pm work for you?", "Great", "Hello"])
@pytest.mark.parametrize("case", **by_name)
def test_another_text_is_another_message(case: Case, text: str) -> None:
    desk = Desk(case)
    desk.send(replace(case.letter, text=text))
    assert desk.look() == Seen(looked=True)


@pytest.mark.parametrize("case", **by_name)
def test_the_same_text_to_somebody_else_is_another_message(case: Case) -> None:
    desk = Desk(case)
    desk.send(case.other)
    assert desk.look() == Seen(looked=True)
    assert len(ids(desk.look(case.other))) == 1


@pytest.mark.parametrize("case", **by_name)
def test_the_same_text_from_them_is_no_message_of_ours(case: Case) -> None:
    desk = Desk(case)
    desk.put(case.letter.text, direction="inbound")
    assert desk.look() == Seen(looked=True)
    outcome = desk.send()
    [found] = desk.look().found
    if case.records.names_it:
        assert found.provider_message_id == outcome.provider_message_id


@pytest.mark.parametrize("case", **by_name)
def test_another_accounts_message_is_not_ours(case: Case) -> None:
    desk = Desk(case)
    theirs = replace(case.access, token=OTHER_TOKEN, account=OTHER_ACCOUNT)
    # A chat belongs to one account: to another, the same person is in another chat.
    chat = {"chat_id": "chat-of-another", "account": OTHER_ACCOUNT}
    letter = replace(case.letter, handles=chat) if "chat_id" in case.letter.handles else case.letter
    assert desk.send(letter, theirs).kind is OutcomeKind.SENT
    assert desk.look() == Seen(looked=True)


@pytest.mark.parametrize("case", **by_name)
def test_what_they_wrote_is_not_ours_whatever_the_records_call_it(case: Case) -> None:
    desk = Desk(case, heeds_filters=False)
    desk.put(case.letter.text, direction="inbound", source="api")
    assert desk.look() == Seen(looked=True)


@pytest.mark.parametrize("heeds_filters", [True, False])
@pytest.mark.parametrize("case", **by_name)
def test_only_what_lies_in_the_window_counts(case: Case, heeds_filters: bool) -> None:
    desk = Desk(case, heeds_filters=heeds_filters)
    desk.send()
    slack = case.records.slack
    assert len(ids(desk.look(since=NOW, until=NOW))) == 1
    assert len(ids(desk.look(since=NOW - MINUTE, until=NOW))) == 1
    assert len(ids(desk.look(since=NOW, until=NOW + MINUTE))) == 1
    assert ids(desk.look(since=NOW + slack + 1, until=NOW + slack + MINUTE)) == []
    assert ids(desk.look(since=NOW - slack - MINUTE, until=NOW - slack - 1)) == []


# --- long lists ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", **by_name)
def test_a_message_among_many_is_found(case: Case) -> None:
    desk = Desk(case)
    most = case.records.most or 200
    desk.fill(most // 2)
    desk.send()
    desk.fill(most - most // 2 - 1)
    assert len(ids(desk.look())) == 1


@pytest.mark.parametrize("case", **by_name)
def test_one_message_more_than_can_be_gone_through_is_blindness(case: Case) -> None:
    desk = Desk(case)
    if case.records.most is None:
        # Its list comes whole, however long it is; it has no bound but an answer's own.
        desk.fill(500)
        assert desk.look() == Seen(looked=True)
        assert len(desk.asked) == 1
        return
    desk.fill(case.records.most + 1)
    assert desk.look() == COULD_NOT_LOOK
    assert len(desk.asked) <= 20


@pytest.mark.parametrize("case", **by_name)
def test_a_page_that_fails_in_the_middle_is_blindness(case: Case) -> None:
    desk = Desk(case)
    desk.send()
    pages = 0 if case.records.most is None else 1
    desk.fill(0 if case.records.most is None else case.records.most // 2)
    desk.sandbox.program(Fault(Kind.SERVER_ERROR_BEFORE, operation=Operation.LOOK_UP, skip=pages))
    assert desk.look() == COULD_NOT_LOOK


# --- when nobody can look ------------------------------------------------------------------------

BLIND = [
    pytest.param(case, letter, id=f"{case.name}-{number}")
    for case in CASES
    for number, letter in enumerate(case.blind)
]


@pytest.mark.parametrize(("case", "letter"), BLIND)
def test_without_knowing_where_to_look_nobody_asks(case: Case, letter: Letter) -> None:
    desk = Desk(case)
    assert desk.look(letter) == COULD_NOT_LOOK
    assert desk.asked == []


STATUSES = (
    *(100, 201, 202, 204, 301, 302, 307, 400, 401, 402, 403, 404, 408, 409, 410, 418, 422),
    *(429, 500, 502, 503, 504, 599),
)


def answering(case: Case, answer: Answer | NoAnswer, sought: Letter | None = None) -> Seen:
    window = Sought(sought or case.letter, NOW - 5 * MINUTE, NOW + 5 * MINUTE)
    return case.provider.find(case.access, window, lambda _: answer)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("case", **by_name)
def test_any_answer_but_a_list_is_blindness(case: Case, status: int) -> None:
    for body in (b"", b"<html></html>", b'{"message": "No"}', b"[]", b"{}"):
        assert answering(case, Answer(status, {}, body)) == COULD_NOT_LOOK


@pytest.mark.parametrize("began", [True, False])
@pytest.mark.parametrize("case", **by_name)
def test_no_answer_is_blindness(case: Case, began: bool) -> None:
    for code in (Code.PROVIDER_TIMEOUT, Code.PROVIDER_RESET, Code.UNREACHABLE):
        assert answering(case, NoAnswer(began, code)) == COULD_NOT_LOOK


@pytest.mark.parametrize(
    "kind", [Kind.RESET_BEFORE, Kind.EMPTY_SUCCESS, Kind.HTML_SUCCESS, Kind.SERVER_ERROR_BEFORE]
)
@pytest.mark.parametrize("case", **by_name)
def test_a_look_that_goes_wrong_once_sees_on_the_next_time(case: Case, kind: Kind) -> None:
    desk = Desk(case)
    desk.send()
    desk.sandbox.program(Fault(kind, operation=Operation.LOOK_UP))
    assert desk.look() == COULD_NOT_LOOK
    assert len(ids(desk.look())) == 1


@pytest.mark.parametrize("case", **by_name)
def test_a_refused_token_is_blindness(case: Case) -> None:
    desk = Desk(case)
    desk.send()
    stranger = replace(case.access, token="tok-of-nobody")
    window = Sought(case.letter, NOW - MINUTE, NOW + MINUTE)
    assert case.provider.find(stranger, window, desk.fetch) == COULD_NOT_LOOK


@pytest.mark.parametrize("case", **by_name)
def test_a_body_that_is_no_list_of_messages_is_blindness(case: Case) -> None:
    path = case.records.rows
    listed: Sequence[Any] = (None, 1, "x", True, {}, {path: None}, {path: {}}, {path: "x"})
    bodies = [json.dumps(value).encode() for value in listed]
    rows: Sequence[Any] = ([1], [None], ["x"], [[]], [[{}]], [{}, 1], 5, True)
    bodies += [json.dumps({path: each}).encode() for each in rows]
    cut = json.dumps({path: [{"text": "x" * 300_000}]}).encode()[: 256 * 1024]
    # Some have been seen to call their list so.
    odd = [body for body in ODD_BODIES if body != b'{"data": []}']
    for body in (*bodies, *odd, cut):
        assert answering(case, Answer(200, {}, body)) == COULD_NOT_LOOK


class Records:
    """The sandbox's answers, with a change to the one that lists messages."""

    def __init__(self, desk: Desk, path: str, value: Any) -> None:
        self._desk, self._path, self._value = desk, path, value

    def fetch(self, request: Request) -> Answer | NoAnswer:
        """Answer, with the change where there is something to change."""
        answer = self._desk.fetch(request)
        assert isinstance(answer, Answer)
        body = json.loads(answer.body)
        if self._path not in paths_of(body):
            return answer
        return replace(answer, body=json.dumps(changed(body, self._path, self._value)).encode())


@pytest.mark.parametrize("case", **by_name)
def test_a_row_with_a_field_of_the_wrong_type_is_never_a_wrong_find(case: Case) -> None:
    """It is blindness, or another message, or what it was; and never an exception."""
    desk = Desk(case)
    desk.send()
    right = desk.look()
    window = Sought(case.letter, NOW - 5 * MINUTE, NOW + 5 * MINUTE)
    bodies = [desk.fetch(request) for request in list(desk.asked)]
    paths = {
        path
        for answer in bodies
        if isinstance(answer, Answer)
        for path in paths_of(json.loads(answer.body))
    }
    assert paths
    for path in sorted(paths):
        for odd in ODD_VALUES:
            seen = case.provider.find(case.access, window, Records(desk, path, odd).fetch)
            if seen.found != right.found:
                assert len(seen.found) <= 1
                for one in seen.found:
                    assert isinstance(one.provider_message_id, str)
                    assert 0 < len(one.provider_message_id) <= 300
                    one.provider_message_id.encode("ascii")
                    assert one.at == NOW


@pytest.mark.parametrize("case", **by_name)
def test_a_long_answer_of_odd_rows_is_gone_through(case: Case) -> None:
    desk = Desk(case)
    desk.send()
    desk.look()
    answer = desk.fetch(desk.asked[0])
    assert isinstance(answer, Answer)
    body = json.loads(answer.body)
    rows = at(body, case.records.rows)
    for odd in ({}, {"id": "x"}, rows[0]):
        many = changed(body, case.records.rows, [odd] * 2_000)
        seen = answering(case, Answer(200, {}, json.dumps(many).encode()))
        assert len(seen.found) <= 1


# --- the requests --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", **by_name)
def test_a_look_only_reads_and_only_at_the_provider(case: Case) -> None:
    desk = Desk(case)
    desk.send()
    desk.fill(min(case.records.most or 0, 25))
    desk.look()
    place, name, form = case.token_at
    assert desk.asked
    for request in desk.asked:
        assert (request.method, request.body) == ("GET", None)
        url = urlsplit(request.url)
        assert f"{url.scheme}://{url.netloc}" == case.access.base_url
        held = dict(request.headers if place == "header" else request.query or {})
        assert held[name] == form.format(token=TOKEN)
        said = f"{request.url} {request.query} {request.headers}"
        assert said.count(TOKEN) == 1
        assert case.letter.text not in said
