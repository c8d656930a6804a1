"""What alarms and operators get to see: names, counts and codes."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from system_sender import telemetry
from system_sender.telemetry import (
    NAMESPACE,
    SERVICE,
    emit_contradiction,
    emit_failed_draft,
    emit_failure,
    emit_held_up,
    emit_parked,
    emit_sweep,
    emit_webhook_not_stored,
    emit_webhook_refused,
    log,
)


def emitted(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    [line] = capsys.readouterr().out.splitlines()
    value: dict[str, Any] = json.loads(line)
    return value


def test_a_round_emits_what_the_alarms_watch(capsys: pytest.CaptureFixture[str]) -> None:
    emit_sweep(12.5, 3, 1, 2)
    metrics = emitted(capsys)
    [block] = metrics["_aws"]["CloudWatchMetrics"]
    assert block["Namespace"] == NAMESPACE
    assert {metric["Name"] for metric in block["Metrics"]} == {
        "FailedItems",
        "OldestDueAgeSeconds",
        "ParkedDeliveries",
        "ReviewsNotShown",
        "SweepFinished",
    }
    assert (metrics["OldestDueAgeSeconds"], metrics["ParkedDeliveries"]) == ([12.5], [3])
    assert (metrics["SweepFinished"], metrics["FailedItems"]) == ([1], [1])
    assert metrics["ReviewsNotShown"] == [2]
    assert block["Dimensions"] == [["service"]]
    assert metrics["service"] == SERVICE


def test_rounds_do_not_add_up_in_one_process(capsys: pytest.CaptureFixture[str]) -> None:
    emit_sweep(1.0, 1, 0, 0)
    capsys.readouterr()
    emit_sweep(2.0, 0, 0, 0)
    assert emitted(capsys)["ParkedDeliveries"] == [0]


EVENTS: dict[str, Callable[[], None]] = {
    "Contradictions": emit_contradiction,
    "DraftsFailed": emit_failed_draft,
    "FailedItems": emit_failure,
    "NewlyParked": emit_parked,
    "WebhooksNotStored": emit_webhook_not_stored,
    "WebhooksRefused": emit_webhook_refused,
}


@pytest.mark.parametrize(("name", "emit"), EVENTS.items(), ids=EVENTS)
def test_what_happened_once_is_counted_once(
    capsys: pytest.CaptureFixture[str], name: str, emit: Callable[[], None]
) -> None:
    emit()
    metrics = emitted(capsys)
    [block] = metrics["_aws"]["CloudWatchMetrics"]
    assert block["Metrics"] == [{"Name": name, "Unit": "Count"}]
    assert (metrics[name], block["Dimensions"]) == ([1], [["service"]])


def test_a_wait_is_told_in_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    emit_held_up(930.5)
    metrics = emitted(capsys)
    [block] = metrics["_aws"]["CloudWatchMetrics"]
    assert block["Metrics"] == [{"Name": "DraftHeldUpSeconds", "Unit": "Seconds"}]
    assert metrics["DraftHeldUpSeconds"] == [930.5]


def test_threads_that_emit_at_once_neither_mix_nor_lose_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[str] = []

    class Pipe:
        def write(self, text: str) -> None:
            written.append(text)

    monkeypatch.setattr(sys, "stdout", Pipe())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: emit_parked(), range(200)))
    assert all(line.endswith("}\n") for line in written), "a line is written in one piece"
    assert sum(sum(json.loads(line)["NewlyParked"]) for line in written) == 200


def test_a_metric_that_cannot_be_written_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shut:
        def write(self, text: str) -> None:
            raise OSError

    warned: list[str] = []
    monkeypatch.setattr(telemetry.log, "warning", lambda text, **_: warned.append(text))
    monkeypatch.setattr(sys, "stdout", Shut())
    emit_parked()
    assert warned == ["metrics_not_emitted"]


def test_the_log_names_the_service_and_nothing_of_the_caller() -> None:
    assert log.service == SERVICE
