"""What `sam build` and `sam deploy` made of the template."""

import io
import json
import zipfile
from typing import Any

import boto3
import pytest

from devstack import invoke, prepare, sam
from devstack.deployment import LocalSystem
from system_sender.models import MODELS

LARGEST_LAYER = 12_000_000
FUNCTIONS = ("webhook-sms", "webhook-email", "webhook-linkedin", "followup-cron")
ROLES = ("WebhookSmsRole", "WebhookEmailRole", "WebhookLinkedinRole", "FollowupCronRole")
# Whose secrets each may read.
READERS = {
    "gohighlevel": "WebhookSmsRole",
    "emailbison": "WebhookEmailRole",
    "smartlead": "WebhookEmailRole",
    "instantly": "WebhookEmailRole",
    "unipile": "WebhookLinkedinRole",
}
PROVIDED_BY_RUNTIME = ("boto3", "botocore", "jmespath", "s3transfer", "dateutil")


class TestLayer:
    def test_it_brings_the_package_and_not_what_the_runtime_has(
        self, local_system: LocalSystem
    ) -> None:
        brought = {path.name for path in (sam.OUTPUT / "SystemSenderLayer" / "python").iterdir()}
        assert {"system_sender", "pynamodb", "aws_lambda_powertools", "requests"} <= brought
        assert not brought & set(PROVIDED_BY_RUNTIME)

    def test_it_is_small_enough_to_start_quickly(self, local_system: LocalSystem) -> None:
        content = io.BytesIO()
        folder = sam.OUTPUT / "SystemSenderLayer"
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in folder.rglob("*"):
                archive.write(path, path.relative_to(folder))
        assert content.tell() <= LARGEST_LAYER


class TestDeployment:
    def test_an_invocation_is_never_repeated_by_the_platform(
        self, local_system: LocalSystem
    ) -> None:
        functions = boto3.client("lambda", **local_system.client_options)
        for noun in FUNCTIONS:
            config = functions.get_function_event_invoke_config(
                FunctionName=local_system.function_name(noun), Qualifier="$LATEST"
            )
            assert config["MaximumRetryAttempts"] == 0

    def test_the_sweep_is_scheduled_each_minute(self, local_system: LocalSystem) -> None:
        scheduler = boto3.client("scheduler", **local_system.client_options)
        schedule = scheduler.get_schedule(
            GroupName=local_system.stack_name, Name=f"{local_system.stack_name}-sweep"
        )
        assert schedule["ScheduleExpression"] == "rate(1 minute)"
        assert schedule["Target"]["Arn"].endswith(local_system.function_name("followup-cron"))

    def test_every_log_group_forgets(self, local_system: LocalSystem) -> None:
        logs = boto3.client("logs", **local_system.client_options)
        groups = logs.describe_log_groups()["logGroups"]
        assert {group.get("retentionInDays") for group in groups} == {30}

    def test_every_model_has_its_table(self, local_system: LocalSystem) -> None:
        tables = boto3.client("dynamodb", **local_system.client_options)
        nouns = {str(model.Meta.table_name).rsplit("-", 1)[-1] for model in MODELS}
        deployed = set(tables.list_tables()["TableNames"])
        assert deployed == {f"{local_system.stack_name}-{noun}" for noun in nouns}


class TestRights:
    """The deployed roles, judged by the local AWS as every request of a function is."""

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize(
        ("action", "resource", "decision"),
        [
            ("ssm:GetParameter", "ssm:{here}:parameter/other/acme/x", "implicitDeny"),
            ("ssm:PutParameter", "ssm:{here}:parameter/system-sender/acme/x", "implicitDeny"),
            ("dynamodb:PutItem", "dynamodb:{here}:table/system-sender-messages", "allowed"),
            ("dynamodb:DeleteItem", "dynamodb:{here}:table/system-sender-messages", "implicitDeny"),
            ("dynamodb:Scan", "dynamodb:{here}:table/system-sender-leads", "implicitDeny"),
            ("dynamodb:UpdateItem", "dynamodb:{here}:table/system-sender-switches", "implicitDeny"),
            ("dynamodb:GetItem", "dynamodb:{here}:table/another-stack-leads", "implicitDeny"),
        ],
    )
    def test_a_function_may_do_its_work_and_no_more(
        self, local_system: LocalSystem, role: str, action: str, resource: str, decision: str
    ) -> None:
        arn = "arn:aws:" + resource.format(here=self.here(local_system))
        assert self.decision(local_system, role, action, arn) == decision

    @pytest.mark.parametrize("role", ROLES)
    @pytest.mark.parametrize("provider", READERS)
    def test_a_webhook_reads_the_secrets_of_its_own_channel_only(
        self, local_system: LocalSystem, role: str, provider: str
    ) -> None:
        secret = f"parameter/system-sender/acme/{provider}/token"
        arn = f"arn:aws:ssm:{self.here(local_system)}:{secret}"
        # The sweep sends on every channel.
        allowed = role in (READERS[provider], "FollowupCronRole")
        expected = "allowed" if allowed else "implicitDeny"
        assert self.decision(local_system, role, "ssm:GetParameter", arn) == expected

    def here(self, system: LocalSystem) -> str:
        identity = boto3.client("sts", **system.client_options).get_caller_identity()
        return f"{system.client_options['region_name']}:{identity['Account']}"

    def decision(self, system: LocalSystem, role: str, action: str, resource: str) -> str:
        iam = boto3.client("iam", **system.client_options)
        formation = boto3.client("cloudformation", **system.client_options)
        found = formation.describe_stack_resource(
            StackName=system.stack_name, LogicalResourceId=role
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        answer = iam.simulate_principal_policy(
            PolicySourceArn=iam.get_role(RoleName=name)["Role"]["Arn"],
            ActionNames=[action],
            ResourceArns=[resource],
        )
        (result,) = answer["EvaluationResults"]
        return str(result["EvalDecision"])


def test_awss_runtime_emulator_gives_the_answer_of_the_deployed_function(
    local_system: LocalSystem,
) -> None:
    prepare.prepare("runtime")
    event: dict[str, Any] = {"headers": {}, "body": "{}", "pathParameters": {"workspace": "acme"}}
    emulated = invoke.invoke(
        "webhook_sms", json.dumps(event).encode(), local_system.function_environment("webhook-sms")
    )
    functions = boto3.client("lambda", **local_system.client_options)
    deployed = functions.invoke(
        FunctionName=local_system.function_name("webhook-sms"), Payload=json.dumps(event)
    )
    assert json.loads(emulated) == json.loads(deployed["Payload"].read())
    assert json.loads(emulated)["statusCode"] == 401
