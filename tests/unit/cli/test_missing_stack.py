"""Where the stack has no tables, every command says so."""

from tests.unit.cli.conftest import Sender


def test_a_stack_that_does_not_exist_is_named(sender: Sender, aws: None, environment: None) -> None:
    refusal = sender.refuses("draft", "show", "acme:hello")

    assert refusal["code"] == "stack_not_found"
    assert "'system-sender'" in refusal["message"]
    assert "us-east-1" in refusal["message"]


def test_a_missing_stack_is_also_named_where_something_is_written(
    sender: Sender, aws: None, environment: None
) -> None:
    assert sender.refuses("pause", "--all")["code"] == "stack_not_found"
