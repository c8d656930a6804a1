"""The whole system on this machine: the local AWS with the real template deployed on it, and the
provider sandbox in the providers' place.

with deployment.running() as system:
    requests.post(system.webhook_url("acme"), data=webhook.body, headers=webhook.headers)
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from devstack import ministack, paths, sam, servers
from devstack.ministack import REGION, MiniStack
from devstack.sandbox.client import SandboxClient
from devstack.sandbox.webhooks import Signer
from devstack.servers import ClientOptions, Server

STACK_NAME = "system-sender"
# As they write themselves, and as the template's parameters do.
PROVIDERS = {
    "gohighlevel": "GoHighLevel",
    "emailbison": "EmailBison",
    "smartlead": "SmartLead",
    "instantly": "Instantly",
    "unipile": "Unipile",
}
SECRETS_PREFIX = "/system-sender"
_SANDBOX_READY_SECONDS = 30
_STAGE = "v1"
_MODELS = "arn:aws:bedrock:*::foundation-model/*"
_QUEUES = f"arn:aws:sqs:{REGION}:*:{STACK_NAME}"
# By role, the local AWS's names of what the template allows, and of what.
_LOCAL_NAMES = {
    "FollowupCronRole": {
        "bedrock:Converse": _MODELS,
        "sqs:SendMessageBatch": f"{_QUEUES}-work.fifo",
    },
    "SendWorkerRole": {
        "bedrock:Converse": _MODELS,
        "sqs:SendMessageBatch": f"{_QUEUES}-dead-work.fifo",
    },
}


def _say_nothing(_: str) -> None:
    return


@dataclass(frozen=True)
class LocalSystem:
    """A running system."""

    aws: MiniStack
    sandbox_server: Server
    sandbox_url: str
    """Where the provider sandbox answers."""
    signer: Signer
    """Signs marketplace webhooks with the key that the deployed functions trust."""
    outputs: Mapping[str, str]
    """The stack's outputs."""
    parameters: Mapping[str, str]
    """What the template's parameters were deployed with, where it is not their default."""
    stack_name: str = STACK_NAME
    logs: Path = paths.LOGS
    """The folder of every log: the local AWS, the sandbox, SAM."""

    @property
    def endpoint_url(self) -> str:
        """Where the local AWS answers."""
        return self.aws.endpoint_url

    @property
    def api_url(self) -> str:
        """Where the deployed REST API answers, without a final slash."""
        api = self.outputs["WebhookApiId"]
        return f"{self.endpoint_url}/restapis/{api}/{_STAGE}/_user_request_"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead boto3, the `sender` command and AWS's own command line here."""
        return {
            **self.aws.environment,
            "TABLE_PREFIX": self.stack_name,
            "SECRETS_PREFIX": SECRETS_PREFIX,
            **{f"{name.upper()}_BASE_URL": self.sandbox_url for name in (*PROVIDERS, "slack")},
        }

    @property
    def client_options(self) -> ClientOptions:
        """Keyword arguments for `boto3.client(service, ...)`."""
        return self.aws.client_options

    @property
    def queue_url(self) -> str | None:
        """Where due work waits for a worker; None where the sweep performs it itself."""
        return self.outputs.get("WorkQueueUrl")

    def sandbox(self) -> SandboxClient:
        """A client of the provider sandbox: its ledger, and faults on demand."""
        return SandboxClient(self.sandbox_url)

    def webhook_url(self, workspace: str | None = None, provider: str = "gohighlevel") -> str:
        """Where a provider posts for one workspace; without one, for GoHighLevel's shared app."""
        url = f"{self.api_url}/webhooks/{provider}"
        return url if workspace is None else f"{url}/{workspace}"

    def slack_url(self, workspace: str) -> str:
        """Where Slack posts what a workspace's people click."""
        return f"{self.api_url}/slack/interactions/{workspace}"

    def function_name(self, noun: str) -> str:
        """The deployed name of a function, such as `webhook-sms` or `followup-cron`."""
        return f"{self.stack_name}-{noun}"

    def function_environment(self, noun: str) -> dict[str, str]:
        """A function's own variables, as deployed, and the AWS variables that lead here."""
        functions = boto3.client("lambda", **self.client_options)
        deployed = functions.get_function_configuration(FunctionName=self.function_name(noun))
        return {**self.aws.environment, **deployed["Environment"]["Variables"]}

    def log_lines(self, function: str) -> list[str]:
        """What a function, such as `webhook-sms`, has written, oldest line first."""
        pages = (
            boto3.client("logs", **self.client_options)
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{self.function_name(function)}")
        )
        return [event["message"].rstrip() for page in pages for event in page["events"]]

    def deployed_with(self, **parameters: str) -> "LocalSystem":
        """Deploy what is built again, with other parameters, and return the system as it is then.

        Raises:
            SamError: the deployment failed.
        """
        values = {**self.parameters, **parameters}
        with sam.alone():
            sam.deploy(self.stack_name, values, self.aws.environment)
        _grant_local_names(self.aws)
        return replace(self, outputs=_outputs(self.aws), parameters=values)

    def stop(self) -> None:
        """End everything; harmless when it has ended."""
        self.aws.stop()
        self.sandbox_server.stop()


def local_signer() -> Signer:
    """The key pair of every local stack: the same everywhere, so that events/ can be signed."""
    seed = hashlib.sha256(b"system-sender's local stack").digest()
    return Signer(Ed25519PrivateKey.from_private_bytes(seed))


def start(
    *,
    sweeps: bool = True,
    parameters: Mapping[str, str] | None = None,
    report: Callable[[str], None] = _say_nothing,
    tethered: bool = True,
) -> LocalSystem:
    """Start the system and wait until it is deployed.

    Where this process's environment says `DISPATCH=queue`, workers perform what is due.

    Args:
        sweeps: whether the schedule runs the sweep each minute.
        parameters: values for the template's parameters, over the local ones.
        report: called with a sentence as each step begins.
        tethered: end with this process. False leaves everything running.

    Raises:
        PreparationError, ServerError, SamError: a part could not be installed, started or deployed.
    """
    signer = local_signer()
    with ExitStack() as undo:
        report("Starting the provider sandbox.")
        sandbox_server, sandbox_url = _start_sandbox(tethered=tethered)
        undo.callback(sandbox_server.stop)
        report("Starting the local AWS.")
        aws = ministack.start(models=sandbox_url, tethered=tethered)
        undo.callback(aws.stop)
        with sam.alone():
            report("Building the functions and their layer: sam build.")
            remark = sam.build()
            if remark:
                report(remark)
            report("Deploying template.yaml: sam deploy.")
            values = {
                **{f"{name}BaseUrl": sandbox_url for name in (*PROVIDERS.values(), "Slack")},
                "OpenAiBaseUrl": f"{sandbox_url}/v1",
                "GoHighLevelWebhookPublicKeys": signer.public_key(),
                "SecretsPrefix": SECRETS_PREFIX,
                "SweepSchedule": "ENABLED" if sweeps else "DISABLED",
                "Dispatch": os.environ.get("DISPATCH") or "inline",
                "DeletionProtection": "false",
                **(parameters or {}),
            }
            sam.deploy(STACK_NAME, values, aws.environment)
        _grant_local_names(aws)
        system = LocalSystem(
            aws, sandbox_server, sandbox_url, signer, _outputs(aws), parameters=values
        )
        undo.pop_all()
    return system


@contextmanager
def running(
    *,
    sweeps: bool = True,
    parameters: Mapping[str, str] | None = None,
    report: Callable[[str], None] = _say_nothing,
) -> Iterator[LocalSystem]:
    """A system for the time of the block; the arguments are those of `start`."""
    system = start(sweeps=sweeps, parameters=parameters, report=report)
    try:
        yield system
    finally:
        system.stop()


def _start_sandbox(*, tethered: bool) -> tuple[Server, str]:
    port = servers.free_port()
    url = f"http://{servers.HOST}:{port}"
    server = Server.start(
        f"sandbox-{port}",
        [paths.VENV / "bin" / "python", "-m", "devstack.sandbox", "--port", str(port)],
        environment=servers.clean_environment(PYTHONUNBUFFERED="1"),
        tethered=tethered,
    )
    client = SandboxClient(url)
    server.wait_until(lambda: _is_healthy(client), seconds=_SANDBOX_READY_SECONDS)
    return server, url


def _is_healthy(client: SandboxClient) -> bool:
    try:
        client.health()
    except requests.ConnectionError:
        return False
    return True


def _grant_local_names(aws: MiniStack) -> None:
    """Give each role, under the local AWS's own name for it, a right that the template gives.

    AWS asks for `bedrock:InvokeModel` and `sqs:SendMessage`; the local one for a right of the
    call's own name, which AWS does not have.
    """
    formation = boto3.client("cloudformation", **aws.client_options)
    access = boto3.client("iam", **aws.client_options)
    for found in formation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]:
        for action, resource in _LOCAL_NAMES.get(found["LogicalResourceId"], {}).items():
            statement = {"Effect": "Allow", "Action": action, "Resource": resource}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            access.put_role_policy(
                RoleName=found["PhysicalResourceId"],
                PolicyName=action.replace(":", "-"),
                PolicyDocument=document,
            )


def _outputs(aws: MiniStack) -> dict[str, str]:
    formation = boto3.client("cloudformation", **aws.client_options)
    (stack,) = formation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
