"""What alarms and operators get to see: names, counts and codes."""

import json
from typing import Any

import pytest

from system_sender.telemetry import (
    NAMESPACE,
    SERVICE,
    emit_contradiction,
    emit_sweep,
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


def test_a_contradiction_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    emit_contradiction()
    assert emitted(capsys)["Contradictions"] == [1]


def test_the_log_names_the_service_and_nothing_of_the_caller() -> None:
    assert log.service == SERVICE
