"""The command as a whole: the stack, --json, errors that people understand, plain pipes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from devstack import paths
from system_sender.cli.problem import Trouble, problem_of
from system_sender.store import AnswerLost
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender

READING = [
    ("status",),
    ("parked",),
    ("drafts",),
    ("draft", "show", "acme:hello"),
    ("thread", "acme:dana"),
]


def in_a_process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as its own process, with these variables and no others of AWS."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "system_sender.cli", *arguments],
        env={
            **kept,
            "PYTHONPATH": str(paths.LAYER),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
REGION = {"AWS_DEFAULT_REGION": "us-east-1"}


# --- --json and plain output ---------------------------------------------------------------------


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_json_may_stand_before_or_after_the_command(
    sender: Sender, scene: Scene, arguments: tuple[str, ...]
) -> None:
    scene.draft()

    after = sender.run(*arguments, "--json")
    before = sender.run("--json", *arguments)

    assert json.loads(after.stdout) == json.loads(before.stdout)


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_pipe_gets_no_colour_codes(
    sender: Sender, scene: Scene, arguments: tuple[str, ...]
) -> None:
    scene.draft()

    assert "\x1b" not in sender.says(*arguments)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nonsense",), "nonsense"),
        (("draft", "show"), "DRAFT"),
        (("drafts", "--limit", "0"), "--limit"),
        (("status", "--stack", "no/such"), "no/such"),
    ],
)
def test_a_wrong_call_is_explained_and_exits_with_2(
    sender: Sender, environment: None, arguments: tuple[str, ...], word: str
) -> None:
    refusal = sender.refuses(*arguments, exit_code=2)

    assert refusal["code"] == "usage"
    assert word in refusal["message"]
    result = sender.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert word in result.stderr


def test_a_mistyped_command_gets_a_suggestion(sender: Sender, environment: None) -> None:
    refusal = sender.refuses("draft", "aprove", "acme:hello", exit_code=2)

    assert "Did you mean 'approve'? See `sender draft --help`." in refusal["message"]


def test_without_a_command_it_lists_them(sender: Sender, environment: None) -> None:
    shown = sender.says()

    for command in ("seed", "secret", "drafts", "thread", "parked", "settle", "pause", "status"):
        assert command in shown


# --- errors of the surroundings ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "code", "word"),
    [
        (CREDENTIALS, "region_missing", "AWS_DEFAULT_REGION"),
        (REGION, "credentials_missing", "AWS_PROFILE"),
        ({**REGION, "AWS_PROFILE": "none-such"}, "aws_configuration", "none-such"),
        (
            {**REGION, **CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "endpoint_unreachable",
            "http://127.0.0.1:9",
        ),
    ],
)
@pytest.mark.parametrize("arguments", [("status",), ("pause", "--all")], ids=" ".join)
def test_what_is_missing_around_the_command_is_said(
    environment: dict[str, str], code: str, word: str, arguments: tuple[str, ...]
) -> None:
    done = in_a_process(*arguments, "--json", **environment)

    assert (done.returncode, done.stderr) == (1, "")
    refusal = json.loads(done.stdout)
    assert refusal["code"] == code
    assert word in refusal["message"]


def test_the_other_name_of_the_region_is_understood() -> None:
    done = in_a_process("status", "--json", AWS_REGION="us-east-1")

    assert json.loads(done.stdout)["code"] == "credentials_missing"


def test_a_write_whose_answer_was_lost_is_not_called_undone() -> None:
    from botocore.exceptions import ReadTimeoutError

    lost = AnswerLost("ReadTimeoutError")
    lost.__cause__ = ReadTimeoutError(endpoint_url="http://127.0.0.1")

    problem = problem_of(lost)

    assert problem is not None
    assert problem.code is Trouble.CHANGE_UNCERTAIN
    assert "may or may not" in problem.message


def test_a_bug_is_not_dressed_up_as_a_problem() -> None:
    assert problem_of(KeyError("state")) is None


# --- the stack -----------------------------------------------------------------------------------


class Tables:
    """A DynamoDB that has no tables and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.asked.append(body["TableName"])
                payload = json.dumps(
                    {"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}
                ).encode()
                self.send_response(400)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: Any) -> None:
                """Keep the tests' output to themselves."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def dynamodb() -> Iterator[Tables]:
    service = Tables()
    thread = Thread(target=service.server.serve_forever, args=(0.02,))
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.mark.parametrize(
    ("arguments", "environment", "table"),
    [
        ((), {}, "system-sender-drafts"),
        (("--stack", "other"), {}, "other-drafts"),
        ((), {"SENDER_STACK": "other"}, "other-drafts"),
        ((), {"TABLE_PREFIX": "other"}, "other-drafts"),
    ],
)
def test_the_stack_chooses_the_tables(
    dynamodb: Tables, arguments: tuple[str, ...], environment: dict[str, str], table: str
) -> None:
    everything = {**REGION, **CREDENTIALS, **environment, "AWS_ENDPOINT_URL": dynamodb.url}

    done = in_a_process(*arguments, "draft", "show", "acme:hello", "--json", **everything)

    assert json.loads(done.stdout)["code"] == "stack_not_found"
    assert set(dynamodb.asked) == {table}


def test_the_option_goes_before_the_environment_wherever_it_stands(dynamodb: Tables) -> None:
    everything = {**REGION, **CREDENTIALS, "AWS_ENDPOINT_URL": dynamodb.url}

    in_a_process("--stack", "mine", "thread", "acme:dana", **everything, SENDER_STACK="other")
    in_a_process("thread", "acme:dana", "--stack", "mine", **everything, SENDER_STACK="other")

    assert dynamodb.asked == ["mine-leads", "mine-leads"]


def test_another_stack_in_the_same_process_is_refused_loudly(sender: Sender, scene: Scene) -> None:
    with pytest.raises(RuntimeError, match="one stack"):
        sender.run("status", "--stack", "other")


# --- what the layer lacks ------------------------------------------------------------------------


def test_nothing_outside_the_command_imports_it_or_its_libraries() -> None:
    package = paths.LAYER / "system_sender"
    sources: list[Path] = [
        source for source in package.rglob("*.py") if package / "cli" not in source.parents
    ]
    assert sources
    for source in sources:
        text = source.read_text()
        for name in ("system_sender.cli", "import typer", "import rich"):
            assert name not in text, f"{source} needs {name}, which the layer does not have"
        # The dashboard's function brings pydantic itself.
        if package / "dashboard" not in source.parents:
            for name in ("pydantic", "system_sender.dashboard"):
                assert name not in text, f"{source} needs {name}, which only the dashboard has"
