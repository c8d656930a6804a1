"""The in-process core: rules, ledger and faults without a socket."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from devstack.sandbox.provider import (
    Break,
    Broken,
    Fault,
    Kind,
    Operation,
    Request,
    Response,
    Sandbox,
    Settings,
)

HEADERS = {
    "authorization": "Bearer pit-example",
    "Version": "2021-04-15",
    "Content-Type": "application/json",
}


def text_message(
    text: str = "Hi Dana", contact_id: str = "ct1", headers: dict[str, str] | None = None
) -> Request:
    body = json.dumps({"type": "SMS", "contactId": contact_id, "message": text}).encode()
    return Request(
        "POST", "/conversations/messages", {}, HEADERS if headers is None else headers, body
    )


def answered(outcome: Response | Broken) -> Response:
    assert isinstance(outcome, Response)
    return outcome


def broken(outcome: Response | Broken) -> Broken:
    assert isinstance(outcome, Broken)
    return outcome


def fields(outcome: Response | Broken) -> Any:
    return json.loads(answered(outcome).body)


class Clock:
    """A clock that moves when it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_an_accepted_message_is_answered_and_recorded() -> None:
    sandbox = Sandbox(clock=Clock())
    outcome = sandbox.handle(text_message())
    assert answered(outcome).status == 201
    [entry] = sandbox.ledger.accepted(contact_id="ct1", text="Hi Dana")
    assert fields(outcome) == {
        "conversationId": entry.conversation_id,
        "messageId": entry.message_id,
        "status": "pending",
    }
    assert (entry.number, entry.began_at, entry.accepted_at) == (1, 1_000_000, 1_000_000)
    assert (entry.operation, entry.status, entry.fault) == (Operation.SEND, 201, None)


def test_the_ledger_never_holds_the_token() -> None:
    sandbox = Sandbox()
    sandbox.handle(text_message())
    assert "pit-example" not in json.dumps(sandbox.ledger.to_json())
    assert sandbox.ledger.requests()[0].account.startswith("token-")


def test_ids_repeat_from_a_seed_and_differ_without_one() -> None:
    def first_id(seed: str | None) -> str:
        return str(fields(Sandbox(seed=seed).handle(text_message()))["messageId"])

    assert first_id("a") == first_id("a")
    assert first_id(None) != first_id(None)


def test_a_begun_request_is_on_the_ledger_before_it_is_decided() -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    request = text_message()
    number = sandbox.begin(request)
    assert [entry.began_at for entry in sandbox.ledger.requests()] == [1_000_000]
    assert sandbox.ledger.accepted() == []
    clock.now += 5
    sandbox.handle(request)
    [entry] = sandbox.ledger.requests()
    assert (entry.number, entry.began_at, entry.accepted_at) == (number, 1_000_000, 1_005_000)


def test_the_same_request_object_handled_twice_is_two_arrivals() -> None:
    sandbox = Sandbox()
    request = text_message()
    sandbox.handle(request)
    sandbox.handle(request)
    assert len(sandbox.ledger.accepted()) == 2


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"authorization": ""}, 401, "Invalid token: access token is invalid"),
        ({"authorization": "Basic abc"}, 401, "Invalid token: access token is invalid"),
        ({"Version": ""}, 401, "version header was not found."),
        ({"Version": "2020-01-01"}, 401, "version header is invalid"),
    ],
)
def test_a_request_without_proper_headers_is_refused(
    change: dict[str, str], status: int, message: str
) -> None:
    sandbox = Sandbox()
    outcome = sandbox.handle(text_message(headers={**HEADERS, **change}))
    assert answered(outcome).status == status
    assert fields(outcome)["message"] == message
    assert sandbox.ledger.accepted() == []
    assert [entry.status for entry in sandbox.ledger.sends()] == [status]


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        (b"{", 400, "Unexpected token in JSON"),
        (b"[]", 400, "Unexpected token in JSON"),
        (b'{"contactId":"c","message":"m"}', 422, "type must be one of"),
        (b'{"type":"Fax","contactId":"c","message":"m"}', 422, "type must be one of"),
        (b'{"type":"SMS","message":"m"}', 422, "contactId should not be empty"),
        (b'{"type":"SMS","contactId":7,"message":"m"}', 422, "contactId must be a string"),
        (b'{"type":"SMS","contactId":"c","message":7}', 422, "message must be a string"),
        (b'{"type":"SMS","contactId":"c","message":" "}', 422, "There is no message"),
        (b'{"type":"SMS","contactId":"c"}', 422, "There is no message"),
    ],
)
def test_a_body_that_breaks_the_rules_is_refused(body: bytes, status: int, problem: str) -> None:
    sandbox = Sandbox()
    outcome = sandbox.handle(Request("POST", "/conversations/messages", {}, HEADERS, body))
    assert answered(outcome).status == status
    assert problem in answered(outcome).body.decode()
    assert sandbox.ledger.accepted() == []


def test_a_body_that_is_not_called_json_is_not_read() -> None:
    sandbox = Sandbox()
    outcome = sandbox.handle(text_message(headers={**HEADERS, "Content-Type": "text/plain"}))
    assert answered(outcome).status == 422
    assert sandbox.ledger.accepted() == []


def test_configured_tokens_and_contacts_are_kept_apart() -> None:
    settings = Settings(tokens={"pit-example": "loc1"}, contacts={"ct1": "loc1", "ct2": "loc2"})
    sandbox = Sandbox(settings=settings)
    wrong = {**HEADERS, "authorization": "Bearer other"}
    assert answered(sandbox.handle(text_message(headers=wrong))).status == 401
    assert answered(sandbox.handle(text_message(contact_id="ct2"))).status == 403
    assert answered(sandbox.handle(text_message(contact_id="ct3"))).status == 404
    assert answered(sandbox.handle(text_message())).status == 201
    assert [entry.account for entry in sandbox.ledger.accepted()] == ["loc1"]


def test_an_unknown_path_is_not_found_and_recorded() -> None:
    sandbox = Sandbox()
    outcome = sandbox.handle(Request("POST", "/contacts/", {}, HEADERS, b"{}"))
    assert answered(outcome).status == 404
    assert [entry.operation for entry in sandbox.ledger.requests()] == [Operation.OTHER]


REFUSALS = {
    "dnd_sms": (400, "Cannot send message as DND is active for SMS."),
    "dnd_sms_status_key": (400, "Cannot send message as DND is active for SMS."),
    "dnd_all": (400, "Cannot send message as DND is active"),
    "dnd_email": (400, "Cannot send message as DND is active for Email."),
    "missing_email": (400, "Missing email"),
    "missing_phone": (400, "Missing phone number"),
    "unsubscribed": (400, "Cannot send message as +15550100001 has unsubscribed"),
    "invalid_country_code": (400, "Invalid country calling code"),
    "duplicate": (400, "Duplicate message"),
    "inactive_location": (400, "Cannot send message as the location is inactive"),
    "invalid_token": (401, "Invalid token: access token is invalid"),
    "invalid_jwt": (401, "Invalid JWT"),
    "insufficient_balance": (402, "Insufficient wallet balance"),
    "forbidden": (403, "The token does not have access to this location."),
    "contact_not_found": (404, "Contact not found"),
    "unprocessable": (422, ["contactId must be a string", "contactId should not be empty"]),
    "too_many_requests": (429, "Too Many Requests"),
}


def test_every_refusal_is_specified_here() -> None:
    provider, *_ = Sandbox().providers
    assert set(provider.refusals) == set(REFUSALS)


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_the_providers_status_and_text_and_takes_nothing(name: str) -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.REFUSE, refusal=name))
    outcome = sandbox.handle(text_message())
    status, message = REFUSALS[name]
    assert answered(outcome).status == status
    assert fields(outcome)["message"] == message
    key = "status" if name == "dnd_sms_status_key" else "statusCode"
    assert fields(outcome)[key] == status
    assert sandbox.ledger.accepted() == []
    assert [entry.fault for entry in sandbox.ledger.requests()] == ["refuse"]


def test_too_many_requests_shows_the_limits_and_may_say_when_to_come_back() -> None:
    sandbox = Sandbox()
    sandbox.program(
        Fault(Kind.REFUSE, refusal="too_many_requests"),
        Fault(Kind.REFUSE, refusal="too_many_requests", retry_after="7"),
    )
    first, second = (answered(sandbox.handle(text_message())) for _ in range(2))
    assert first.headers["X-RateLimit-Remaining"] == "0"
    assert first.headers["X-RateLimit-Interval-Milliseconds"] == "10000"
    assert "Retry-After" not in first.headers
    assert second.headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("kind", "how", "accepted", "answers"),
    [
        (Kind.RESET_BEFORE, Break.RESET, False, None),
        (Kind.RESET_AFTER, Break.RESET, True, None),
        (Kind.STALL_BEFORE, Break.STALL, False, None),
        (Kind.STALL_AFTER, Break.STALL, True, 201),
        (Kind.DRIP, Break.DRIP, True, 201),
        (Kind.FREEZE_CLIENT, Break.FREEZE_CLIENT, True, 201),
    ],
)
def test_a_broken_connection_says_whether_the_message_was_taken(
    kind: Kind, how: Break, accepted: bool, answers: int | None
) -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(kind, seconds=3))
    outcome = broken(sandbox.handle(text_message()))
    assert (outcome.how, outcome.accepted) == (how, accepted)
    [entry] = sandbox.ledger.sends()
    assert (entry.accepted, entry.status, entry.fault) == (accepted, None, kind.value)
    if answers is None:
        assert outcome.resume is None
    else:
        assert outcome.resume is not None
        assert outcome.resume().status == answers
        assert sandbox.ledger.sends()[0].status == answers


def test_a_late_provider_accepts_only_when_it_resumes_and_only_once() -> None:
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    sandbox.program(Fault(Kind.ACCEPT_LATE, seconds=30))
    outcome = broken(sandbox.handle(text_message()))
    assert sandbox.ledger.accepted() == []
    clock.now += 30
    assert outcome.resume is not None
    assert outcome.resume() == outcome.resume()
    [entry] = sandbox.ledger.accepted()
    assert (entry.began_at, entry.accepted_at, entry.status) == (1_000_000, 1_030_000, 201)


def test_a_late_provider_accepts_nothing_after_a_reset() -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.ACCEPT_LATE, seconds=30))
    outcome = broken(sandbox.handle(text_message()))
    sandbox.reset()
    assert outcome.resume is not None
    assert outcome.resume().status == 503
    assert sandbox.ledger.requests() == []


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        (Fault(Kind.DUPLICATE), 400, False),
        (Fault(Kind.DUPLICATE, status=409), 409, False),
        (Fault(Kind.SERVER_ERROR_BEFORE), 500, False),
        (Fault(Kind.SERVER_ERROR_BEFORE, status=502), 502, False),
        (Fault(Kind.SERVER_ERROR_AFTER, status=503), 503, True),
        (Fault(Kind.SERVER_ERROR_REFUSAL, refusal="dnd_sms", status=500), 500, False),
        (Fault(Kind.EMPTY_SUCCESS), 201, True),
        (Fault(Kind.EMPTY_SUCCESS, accepts=False), 201, False),
        (Fault(Kind.HTML_SUCCESS), 200, True),
        (Fault(Kind.SUCCESS_WITHOUT_ID), 201, True),
        (Fault(Kind.SUCCESS_ERROR_BODY), 200, False),
        (Fault(Kind.SUCCESS_ERROR_BODY, accepts=True), 200, True),
        (Fault(Kind.REDIRECT), 302, False),
        (Fault(Kind.REDIRECT, status=307), 307, False),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else None,
)
def test_a_wrong_answer_has_its_status_and_takes_the_message_or_not(
    fault: Fault, status: int, accepted: bool
) -> None:
    sandbox = Sandbox()
    sandbox.program(fault)
    outcome = answered(sandbox.handle(text_message()))
    [entry] = sandbox.ledger.sends()
    assert (outcome.status, entry.status, entry.accepted) == (status, status, accepted)


def test_faults_are_met_in_order_and_used_up() -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.SERVER_ERROR_BEFORE, times=2), Fault(Kind.REFUSE, refusal="dnd_sms"))
    statuses = [answered(sandbox.handle(text_message())).status for _ in range(4)]
    assert statuses == [500, 500, 400, 201]
    assert sandbox.faults() == []


def test_a_fault_for_ever_stays_until_it_is_cleared() -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.SERVER_ERROR_BEFORE, times=None))
    assert {answered(sandbox.handle(text_message())).status for _ in range(9)} == {500}
    sandbox.clear_faults()
    assert answered(sandbox.handle(text_message())).status == 201


def test_a_fault_meets_only_its_contact_its_text_and_its_turn() -> None:
    sandbox = Sandbox()
    sandbox.program(
        Fault(Kind.REFUSE, refusal="dnd_sms", contact_id="ct2"),
        Fault(Kind.REFUSE, refusal="missing_phone", text_contains="part 2"),
        Fault(Kind.SERVER_ERROR_BEFORE, skip=1, contact_id="ct3"),
    )

    def status(text: str, contact_id: str) -> int:
        return answered(sandbox.handle(text_message(text, contact_id))).status

    assert status("part 1", "ct1") == 201
    assert status("part 2", "ct1") == 400
    assert status("part 1", "ct2") == 400
    assert status("part 1", "ct3") == 201
    assert status("part 1", "ct3") == 500
    assert sandbox.faults() == []


def test_a_fault_for_sends_leaves_look_ups_alone_and_the_other_way_round() -> None:
    sandbox = Sandbox()
    look_up = Request("GET", "/conversations/search", {"locationId": "loc1"}, HEADERS)
    sandbox.program(Fault(Kind.SERVER_ERROR_BEFORE, times=None))
    assert answered(sandbox.handle(look_up)).status == 200
    sandbox.clear_faults()
    sandbox.program(Fault(Kind.REFUSE, refusal="too_many_requests", operation=Operation.LOOK_UP))
    assert answered(sandbox.handle(text_message())).status == 201
    assert answered(sandbox.handle(look_up)).status == 429


def test_an_invalid_request_does_not_use_up_a_fault() -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.RESET_AFTER))
    sandbox.handle(text_message(headers={}))
    assert len(sandbox.faults()) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "explode"},
        {"kind": "refuse"},
        {"kind": "5xx_refusal"},
        {"kind": "stall_after"},
        {"kind": "drip", "seconds": 0},
        {"kind": "reset_after", "times": 0},
        {"kind": "reset_after", "skip": -1},
        {"kind": "reset_after", "colour": "red"},
        {"kind": "reset_after", "operation": "dance"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Fault.from_json(fields)


def test_an_unknown_refusal_is_refused_and_nothing_is_programmed() -> None:
    sandbox = Sandbox()
    with pytest.raises(ValueError, match="No refusal is called rude"):
        sandbox.program(Fault(Kind.RESET_AFTER), Fault(Kind.REFUSE, refusal="rude"))
    assert sandbox.faults() == []


def test_reset_forgets_everything_but_goes_on_counting() -> None:
    sandbox = Sandbox()
    sandbox.handle(text_message())
    sandbox.program(Fault(Kind.RESET_AFTER))
    sandbox.reset()
    assert (sandbox.ledger.requests(), sandbox.faults()) == ([], [])
    sandbox.handle(text_message())
    assert [entry.number for entry in sandbox.ledger.requests()] == [2]


def test_many_threads_lose_nothing_and_share_no_number() -> None:
    sandbox = Sandbox()
    sandbox.program(Fault(Kind.RESET_AFTER, times=100))
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(lambda _: sandbox.handle(text_message()), range(400)))
    entries = sandbox.ledger.accepted()
    assert sorted(entry.number for entry in entries) == list(range(1, 401))
    assert len({entry.message_id for entry in entries}) == 400
    assert sum(isinstance(outcome, Broken) for outcome in outcomes) == 100
