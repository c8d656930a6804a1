"""What the template promises, read from the file that is deployed."""

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load
from pynamodb.models import Model

from devstack import paths
from system_sender import telemetry
from system_sender.codes import Code
from system_sender.models import MODELS
from system_sender.outcome import Outcome, OutcomeKind
from system_sender.providers import CHANNELS_OF
from system_sender.settings import Settings
from system_sender.settlement import MOST_ATTEMPTS, UNHEALTHY_MILLISECONDS, draft_fate
from system_sender.webhook import provider_of_route
from system_sender.work_queue import BATCH, INLINE, QUEUE

PROJECT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = json.loads(json.dumps(load(str(PROJECT / "template.yaml"))))
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]
WEBHOOKS = {
    "WebhookSmsFunction": {"gohighlevel"},
    "WebhookEmailFunction": {"emailbison", "smartlead", "instantly"},
    "WebhookLinkedinFunction": {"unipile"},
}
SLACK = "SlackInteractionsFunction"
DASHBOARD, AUTHORIZER = "DashboardApiFunction", "DashboardAuthorizerFunction"
SWEEP, WORKER = "FollowupCronFunction", "SendWorkerFunction"
# Those that do the system's work, with its rows and its secrets.
WORKERS = (*WEBHOOKS, SLACK, DASHBOARD, SWEEP, WORKER)
FUNCTIONS = (*WORKERS, AUTHORIZER)
MODELS_OF_BEDROCK = {
    # A profile may answer from any region of its group.
    "arn:${AWS::Partition}:bedrock:*::foundation-model/*",
    "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/*",
    "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:application-inference-profile/*",
}
ROLES = tuple(name.replace("Function", "Role") for name in WORKERS)
METRICS = "SystemSender"


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: body for name, body in RESOURCES.items() if body["Type"] == kind}


def properties(name: str) -> dict[str, Any]:
    return dict(RESOURCES[name]["Properties"])


TABLES = of_type("AWS::DynamoDB::Table")


class TestTables:
    @pytest.mark.parametrize("name", TABLES)
    def test_a_table_outlives_its_stack_and_can_be_restored(self, name: str) -> None:
        table = TABLES[name]
        assert table["DeletionPolicy"] == "Retain"
        assert table["UpdateReplacePolicy"] == "Retain"
        recovery = table["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery == {"PointInTimeRecoveryEnabled": True}
        assert table["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert TEMPLATE["Parameters"]["DeletionProtection"]["Default"] == "true"

    @pytest.mark.parametrize("name", TABLES)
    def test_a_table_is_paid_by_request(self, name: str) -> None:
        assert TABLES[name]["Properties"]["BillingMode"] == "PAY_PER_REQUEST"

    def test_every_model_has_its_table_and_every_table_its_model(self) -> None:
        nouns = {noun_of(table["Properties"]["TableName"]) for table in TABLES.values()}
        assert nouns == {noun_of_model(model) for model in MODELS}

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
    def test_keys_and_indexes_of_a_model_are_those_of_its_table(self, model: type[Model]) -> None:
        table = table_of(model)
        schema: Any = model._get_schema()
        assert table["KeySchema"] == keys(schema["key_schema"])
        assert attributes(table["AttributeDefinitions"]) == attributes(
            schema["attribute_definitions"]
        )
        assert indexes(table.get("GlobalSecondaryIndexes", [])) == indexes(
            schema["global_secondary_indexes"]
        )


class TestFunctions:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_lambda_never_repeats_an_invocation_by_itself(self, name: str) -> None:
        assert properties(name)["EventInvokeConfig"]["MaximumRetryAttempts"] == 0

    @pytest.mark.parametrize("name", WEBHOOKS)
    def test_a_webhook_gives_up_before_api_gateway_does(self, name: str) -> None:
        assert properties(name)["Timeout"] == 28

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_a_functions_code_is_built_by_the_target_of_its_own_name(self, name: str) -> None:
        makefile = (PROJECT / properties(name)["CodeUri"] / "Makefile").read_text()
        assert f"build-{name}:" in makefile
        assert RESOURCES[name]["Metadata"] == {"BuildMethod": "makefile"}

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_a_function_runs_in_the_role_of_its_own_name(self, name: str) -> None:
        role = name.replace("Function", "Role")
        assert properties(name)["Role"] == {"Fn::GetAtt": [role, "Arn"]}

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_a_function_finds_its_code_and_handler(self, name: str) -> None:
        handler = TEMPLATE["Globals"]["Function"]["Handler"]
        assert handler == "app.handler"
        assert (PROJECT / properties(name)["CodeUri"] / "app.py").is_file()

    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_a_function_writes_to_the_log_group_that_the_template_keeps(self, name: str) -> None:
        group = properties(name)["LoggingConfig"]["LogGroup"]["Ref"]
        function = properties(name)["FunctionName"]["Fn::Sub"]
        assert properties(group)["LogGroupName"]["Fn::Sub"] == f"/aws/lambda/{function}"

    def test_the_environment_is_the_one_that_the_code_reads(self) -> None:
        variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
        defaults = {
            name: TEMPLATE["Parameters"][value["Ref"]]["Default"]
            for name, value in variables.items()
            if isinstance(value, dict) and not value["Ref"].startswith("AWS::")
        }
        assert Settings.from_environment(defaults) == Settings.from_environment({})
        named = (*CHANNELS_OF, "slack")
        assert {f"{name.upper()}_BASE_URL" for name in named} <= set(variables)
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == METRICS
        assert "POWERTOOLS_IDEMPOTENCY_DISABLED" not in variables

    def test_all_functions_run_the_same_layer_on_the_same_processor(self) -> None:
        assert TEMPLATE["Globals"]["Function"]["Layers"] == [{"Ref": "SystemSenderLayer"}]
        layer = properties("SystemSenderLayer")
        assert layer["CompatibleArchitectures"] == TEMPLATE["Globals"]["Function"]["Architectures"]
        assert layer["CompatibleRuntimes"] == [TEMPLATE["Globals"]["Function"]["Runtime"]]


class TestSchedule:
    def test_the_sweep_starts_each_minute_and_a_failed_minute_is_not_repeated(self) -> None:
        schedule = properties("SweepEachMinute")
        assert schedule["ScheduleExpression"] == "rate(1 minute)"
        assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
        assert TEMPLATE["Parameters"]["SweepSchedule"]["Default"] == "ENABLED"

    def test_the_schedule_may_start_the_sweep_and_nothing_else(self) -> None:
        (statement,) = statements("SweepScheduleRole")
        assert statement["Action"] == "lambda:InvokeFunction"
        assert statement["Resource"] == {"Fn::GetAtt": ["FollowupCronFunction", "Arn"]}


class TestFrontDoor:
    def test_bodies_reach_the_function_as_the_bytes_that_were_signed(self) -> None:
        assert properties("WebhookApi")["BinaryMediaTypes"] == ["*~1*"]

    def test_a_crash_or_a_time_out_is_answered_so_that_every_provider_comes_again(self) -> None:
        responses = properties("WebhookApi")["GatewayResponses"]
        assert responses["DEFAULT_5XX"]["StatusCode"] == 429

    def test_requests_are_throttled(self) -> None:
        (settings,) = properties("WebhookApi")["MethodSettings"]
        assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
        assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottlingRate"}
        assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottlingBurst"}

    def test_logs_hold_no_header_no_body_and_no_address(self) -> None:
        (settings,) = properties("WebhookApi")["MethodSettings"]
        assert settings["DataTraceEnabled"] is False
        assert settings["LoggingLevel"] == "OFF"
        written = properties("WebhookApi")["AccessLogSetting"]["Format"]
        fields = set(re.findall(r"\$context\.([\w.]+)", written))
        assert fields == {
            "requestId",
            "requestTime",
            "httpMethod",
            "resourcePath",
            "status",
            "integration.status",
            "responseLatency",
            "responseLength",
            "error.responseType",
        }
        json.loads(written)

    def test_each_provider_has_one_way_in_and_only_gohighlevel_a_shared_one(self) -> None:
        ways = {
            (event["Properties"]["Method"], event["Properties"]["Path"], name)
            for name in FUNCTIONS
            for event in properties(name).get("Events", {}).values()
            if event["Type"] == "Api"
        }
        assert ways == {
            *(
                ("POST", f"/webhooks/{provider}/{{workspace}}", name)
                for name, providers in WEBHOOKS.items()
                for provider in providers
            ),
            ("POST", "/webhooks/gohighlevel", "WebhookSmsFunction"),
            ("POST", "/slack/interactions/{workspace}", SLACK),
            ("GET", "/api/{workspace}/{proxy+}", DASHBOARD),
            ("POST", "/api/{workspace}/{proxy+}", DASHBOARD),
        }
        assert set().union(*WEBHOOKS.values()) == set(CHANNELS_OF)

    def test_the_routes_name_the_provider_as_the_code_reads_them(self) -> None:
        for name, providers in WEBHOOKS.items():
            routes = [event["Properties"]["Path"] for event in properties(name)["Events"].values()]
            assert {provider_of_route({"resource": route}) for route in routes} == providers


class TestDashboards:
    def test_a_route_needs_a_caller_unless_it_says_that_it_authenticates_itself(self) -> None:
        auth = properties("WebhookApi")["Auth"]
        assert auth["DefaultAuthorizer"] == {"Ref": "DashboardAuthorization"}
        assert auth["InvokeRole"] == "NONE"
        open_to_all = {
            name
            for name in FUNCTIONS
            for event in properties(name).get("Events", {}).values()
            if event["Properties"].get("Auth") == {"Authorizer": "NONE"}
        }
        assert open_to_all == {*WEBHOOKS, SLACK}
        for name in open_to_all:
            for event in properties(name)["Events"].values():
                assert event["Properties"]["Auth"] == {"Authorizer": "NONE"}

    def test_callers_sign_with_iam_unless_tokens_are_chosen(self) -> None:
        parameter = TEMPLATE["Parameters"]["DashboardAuthorization"]
        assert parameter["Default"] == "AWS_IAM"
        authorizers = properties("WebhookApi")["Auth"]["Authorizers"]
        assert {"AWS_IAM", *authorizers} == set(parameter["AllowedValues"])
        assert authorizers["JWT"]["FunctionArn"] == {"Fn::GetAtt": [AUTHORIZER, "Arn"]}

    @pytest.mark.parametrize(
        ("chosen", "scheme"), [({}, "AWS_IAM"), ({"DashboardAuthorization": "JWT"}, "JWT")]
    )
    def test_sam_makes_the_choice_of_the_parameter(
        self, chosen: dict[str, str], scheme: str
    ) -> None:
        paths = translated(chosen)["paths"]
        route = paths["/api/{workspace}/{proxy+}"]
        assert set(route) == {"get", "post"}
        assert all(method["security"] == [{scheme: []}] for method in route.values())
        others = [path for path in paths if not path.startswith("/api/")]
        assert others
        assert all(paths[path]["post"]["security"] == [{"NONE": []}] for path in others)

    def test_refusals_of_api_gateway_say_what_those_of_the_function_would(self) -> None:
        responses = properties("WebhookApi")["GatewayResponses"]
        for kind, code in (
            ("UNAUTHORIZED", Code.UNAUTHENTICATED),
            ("ACCESS_DENIED", Code.FORBIDDEN),
        ):
            body = json.loads(responses[kind]["ResponseTemplates"]["application/json"])
            assert body == {"code": code.value, "message": code.sentence, "detail": []}

    def test_the_authorizer_reads_its_settings_and_touches_nothing_else(self) -> None:
        variables = properties(AUTHORIZER)["Environment"]["Variables"]
        assert set(variables) == {"JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"}
        actions = {a for s in statements("DashboardAuthorizerRole") for a in listed(s["Action"])}
        assert actions == {"logs:CreateLogStream", "logs:PutLogEvents"}


_TRANSLATE = """
import json, sys
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

class NoPolicies:
    def load(self):
        return {}

template = yaml_parse(open(sys.argv[1]))
for resource in template["Resources"].values():
    for uri in {"CodeUri", "ContentUri"} & set(resource["Properties"]):
        resource["Properties"][uri] = "s3://built/code.zip"
made = transform(template, json.loads(sys.argv[2]), NoPolicies())
print(json.dumps(made["Resources"]["WebhookApi"]["Properties"]["Body"]))
"""


def translated(parameters: dict[str, str]) -> dict[str, Any]:
    """Return the description of the REST API that SAM makes of the template."""
    given = {name: body["Default"] for name, body in TEMPLATE["Parameters"].items()}
    made = subprocess.run(
        [
            *(str(paths.SAM_VENV / "bin" / "python"), "-c", _TRANSLATE),
            *(str(PROJECT / "template.yaml"), json.dumps({**given, **parameters})),
        ],
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
        text=True,
    )
    body: dict[str, Any] = json.loads(made.stdout)
    return body


class TestQueue:
    """What is there only where Dispatch is queue."""

    def test_inline_is_the_default_and_makes_nothing_of_a_queue(self) -> None:
        assert TEMPLATE["Parameters"]["Dispatch"]["Default"] == "inline"
        assert TEMPLATE["Conditions"]["UseQueue"] == {"Fn::Equals": [{"Ref": "Dispatch"}, "queue"]}
        of_queues = {
            *of_type("AWS::SQS::Queue"),
            *(WORKER, "SendWorkerRole", "SendWorkerLogs", "SendWorkerErrorsAlarm"),
            *("SendWorkerThrottlesAlarm", "DeadWorkAlarm", "OldestWorkAlarm"),
        }
        conditional = {
            name for name, body in RESOURCES.items() if body.get("Condition") == "UseQueue"
        }
        assert conditional == of_queues

    def test_the_sweep_is_told_the_mode_as_the_code_reads_it(self) -> None:
        variables = properties(SWEEP)["Environment"]["Variables"]
        assert variables == {
            "DISPATCH": {"Ref": "Dispatch"},
            "WORK_QUEUE_URL": {"Fn::If": ["UseQueue", {"Ref": "WorkQueue"}, ""]},
        }
        assert TEMPLATE["Parameters"]["Dispatch"]["AllowedValues"] == [INLINE, QUEUE]

    def test_an_item_that_waits_is_dropped_and_each_workspace_has_its_own_pace(self) -> None:
        queue = properties("WorkQueue")
        assert queue["FifoQueue"] is True
        assert queue["QueueName"]["Fn::Sub"].endswith(".fifo")
        # A body repeats its item; its deduplication is the code's to say.
        assert queue["ContentBasedDeduplication"] is False
        assert queue["DeduplicationScope"] == "messageGroup"
        assert queue["FifoThroughputLimit"] == "perMessageGroupId"

    @pytest.mark.parametrize("name", ["WorkQueue", "DeadWorkQueue"])
    def test_a_queue_is_encrypted_by_a_key_of_kms(self, name: str) -> None:
        assert properties(name)["KmsMasterKeyId"] == "alias/aws/sqs"

    def test_what_kills_its_workers_is_put_aside_and_kept_for_longer(self) -> None:
        redrive = properties("WorkQueue")["RedrivePolicy"]
        assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadWorkQueue", "Arn"]}
        assert redrive["maxReceiveCount"] == 3
        kept, kept_dead = (
            properties(name)["MessageRetentionPeriod"] for name in ("WorkQueue", "DeadWorkQueue")
        )
        assert kept_dead > kept

    def test_a_message_stays_hidden_for_six_times_the_workers_time(self) -> None:
        assert properties("WorkQueue")["VisibilityTimeout"] == 6 * properties(WORKER)["Timeout"]

    def test_messages_fail_one_by_one_and_workers_are_limited(self) -> None:
        (work,) = properties(WORKER)["Events"].values()
        assert work["Type"] == "SQS"
        assert work["Properties"] == {
            "Queue": {"Fn::GetAtt": ["WorkQueue", "Arn"]},
            "BatchSize": BATCH,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": {"Ref": "WorkerConcurrency"}},
        }

    def test_the_sweep_only_fills_the_queue_and_the_worker_only_empties_it(self) -> None:
        used = {
            role: {
                (action, resource["Fn::GetAtt"][0])
                for statement in statements(role)
                for action in listed(statement["Action"])
                for resource in listed(statement["Resource"])
                if action.startswith("sqs:")
            }
            for role in of_type("AWS::IAM::Role")
        }
        assert {role: actions for role, actions in used.items() if actions} == {
            "FollowupCronRole": {("sqs:SendMessage", "WorkQueue")},
            "SendWorkerRole": {
                ("sqs:ReceiveMessage", "WorkQueue"),
                ("sqs:DeleteMessage", "WorkQueue"),
                ("sqs:GetQueueAttributes", "WorkQueue"),
                ("sqs:SendMessage", "DeadWorkQueue"),
            },
        }

    def test_dead_work_and_old_work_raise_alarms(self) -> None:
        dead = alarm_on("ApproximateNumberOfMessagesVisible")
        assert dead["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["DeadWorkQueue", "QueueName"]}
        assert (dead["Statistic"], dead["Threshold"]) == ("Maximum", 1)
        old = alarm_on("ApproximateAgeOfOldestMessage")
        assert old["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["WorkQueue", "QueueName"]}
        assert (old["Statistic"], old["Threshold"]) == ("Maximum", 600)


class TestRetention:
    @pytest.mark.parametrize("name", of_type("AWS::Logs::LogGroup"))
    def test_log_lines_are_kept_for_a_time_and_not_for_ever(self, name: str) -> None:
        assert properties(name)["RetentionInDays"] == {"Ref": "LogRetentionDays"}


class TestPolicies:
    @pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
    def test_no_policy_allows_every_action_or_every_resource(self, role: str) -> None:
        for statement in statements(role):
            for action in listed(statement["Action"]):
                assert re.fullmatch(r"[a-z]+:[A-Za-z]+", action), action
            for resource in listed(statement["Resource"]):
                assert resource != "*"

    @pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
    def test_a_resource_that_ends_in_a_wildcard_names_its_service_and_place(
        self, role: str
    ) -> None:
        wild = [
            resource["Fn::Sub"]
            for statement in statements(role)
            for resource in listed(statement["Resource"])
            if isinstance(resource, dict) and "*" in resource.get("Fn::Sub", "")
        ]
        here = "${AWS::Region}:${AWS::AccountId}"
        secrets = f"arn:${{AWS::Partition}}:ssm:{here}:parameter${{SecretsPrefix}}"
        of_providers = {f"{secrets}/*/{provider}/*" for provider in (*CHANNELS_OF, "slack")}
        assert set(wild) <= {
            f"{secrets}/*",
            f"arn:${{AWS::Partition}}:kms:{here}:key/*",
            *of_providers,
            *MODELS_OF_BEDROCK,
        }

    def test_only_who_performs_due_work_may_ask_models(self) -> None:
        asking = {
            role: listed(statement["Resource"])
            for role in of_type("AWS::IAM::Role")
            for statement in statements(role)
            if any("bedrock" in action for action in listed(statement["Action"]))
        }
        assert set(asking) == {"FollowupCronRole", "SendWorkerRole"}
        for resources in asking.values():
            assert {resource["Fn::Sub"] for resource in resources} == MODELS_OF_BEDROCK

    @pytest.mark.parametrize("name", WEBHOOKS)
    def test_a_webhook_reads_only_the_secrets_of_its_own_providers(self, name: str) -> None:
        role = name.replace("Function", "Role")
        (read,) = [s for s in statements(role) if s["Action"] == "ssm:GetParameter"]
        patterns = [
            resource["Fn::Sub"].split("${SecretsPrefix}")[1] for resource in read["Resource"]
        ]
        assert set(patterns) == {f"/*/{provider}/*" for provider in WEBHOOKS[name]}

    def test_clicks_read_only_the_secrets_of_slack_and_may_ask_only_the_sweep(self) -> None:
        allowed = list(statements(SLACK.replace("Function", "Role")))
        (read,) = [s for s in allowed if s["Action"] == "ssm:GetParameter"]
        (secrets,) = read["Resource"]
        assert secrets["Fn::Sub"].endswith("${SecretsPrefix}/*/slack/*")
        (invoke,) = [s for s in allowed if s["Action"] == "lambda:InvokeFunction"]
        assert invoke["Resource"] == {"Fn::GetAtt": ["FollowupCronFunction", "Arn"]}
        variables = properties(SLACK)["Environment"]["Variables"]
        assert variables == {"FOLLOWUP_CRON_FUNCTION": {"Ref": "FollowupCronFunction"}}

    @pytest.mark.parametrize("role", ROLES)
    def test_keys_open_only_this_systems_secrets_and_only_through_parameter_store(
        self, role: str
    ) -> None:
        (decrypt,) = [s for s in statements(role) if s["Action"] == "kms:Decrypt"]
        assert set(decrypt["Condition"]["StringEquals"]) == {"kms:ViaService"}
        secrets = decrypt["Condition"]["StringLike"]["kms:EncryptionContext:PARAMETER_ARN"]
        (read,) = [s for s in statements(role) if s["Action"] == "ssm:GetParameter"]
        assert secrets == read["Resource"]

    @pytest.mark.parametrize("role", ROLES)
    def test_no_function_may_delete_or_scan_rows(self, role: str) -> None:
        allowed = {
            action
            for statement in statements(role)
            for action in listed(statement["Action"])
            if action.startswith("dynamodb:")
        }
        assert allowed <= {
            "dynamodb:GetItem",
            "dynamodb:BatchGetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:Query",
        }

    @pytest.mark.parametrize("role", ROLES)
    def test_only_dashboards_may_throw_a_switch_and_nobody_touches_an_owner(
        self, role: str
    ) -> None:
        written = {
            resource["Fn::GetAtt"][0]
            for statement in statements(role)
            if {"dynamodb:PutItem", "dynamodb:UpdateItem"} & set(listed(statement["Action"]))
            for resource in listed(statement["Resource"])
        }
        assert not written & {"OwnersTable", "CampaignsTable", "WorkspacesTable"}
        assert ("SwitchesTable" in written) is (role == "DashboardApiRole")

    @pytest.mark.parametrize("policy", of_type("AWS::IAM::ManagedPolicy"))
    def test_a_tables_policy_fits_at_the_longest_name_of_a_stack(self, policy: str) -> None:
        # A function's name ends at 64 characters, which bounds the stack's.
        stack = "s" * (64 - len("-webhook-linkedin"))
        table = f"arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/{stack}-"
        spelled = json.dumps(
            [
                {
                    **statement,
                    "Resource": [
                        table + resource["Fn::GetAtt"][0].removesuffix("Table").lower()
                        if "Fn::GetAtt" in resource
                        else table + "inbound/index/attention"
                        for resource in listed(statement["Resource"])
                    ],
                }
                for statement in policy_of(policy)
            ],
            separators=(",", ":"),
        )
        # IAM's limit of a managed policy is 6,144 characters without white space.
        assert len(spelled) < 6_000

    def test_every_named_index_exists(self) -> None:
        named = {
            tuple(re.findall(r"\$\{(\w+)\.Arn\}/index/(\w+)", resource["Fn::Sub"])[0])
            for role in ROLES
            for statement in statements(role)
            for resource in listed(statement["Resource"])
            if isinstance(resource, dict) and "/index/" in resource.get("Fn::Sub", "")
        }
        existing = {
            (name, index["IndexName"])
            for name, table in TABLES.items()
            for index in table["Properties"].get("GlobalSecondaryIndexes", [])
        }
        assert named
        assert named <= existing


class TestAlarms:
    def test_work_that_waits_too_long_raises_an_alarm(self) -> None:
        alarm = alarm_on("OldestDueAgeSeconds")
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 600)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (3, 5)

    def test_a_parked_delivery_raises_an_alarm(self) -> None:
        alarm = alarm_on("ParkedDeliveries")
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"

    @pytest.mark.parametrize("metric", ["NewlyParked", "DraftsFailed", "WebhooksNotStored"])
    def test_what_happens_once_raises_an_alarm_which_the_next_one_can_raise_again(
        self, metric: str
    ) -> None:
        alarm = alarm_on(metric)
        assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 1, 300)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"

    def test_a_draft_that_is_held_up_raises_an_alarm_from_one_try_to_the_next(self) -> None:
        alarm = alarm_on("DraftHeldUpSeconds")
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 600)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 1)
        tries = [retry_after(number) for number in range(1, MOST_ATTEMPTS)]
        assert alarm["Period"] > max(*tries, UNHEALTHY_MILLISECONDS) / 1000

    def test_an_agency_that_hears_from_few_leads_is_told_of_refused_webhooks_too(self) -> None:
        alarm = alarm_on("WebhooksRefused")
        assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 3, 6 * 3600)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"

    @pytest.mark.parametrize("function", WEBHOOKS)
    def test_one_event_that_breaks_a_webhook_function_raises_an_alarm(self, function: str) -> None:
        (alarm,) = [
            body["Properties"]
            for body in of_type("AWS::CloudWatch::Alarm").values()
            if body["Properties"]["MetricName"] == "Errors"
            and body["Properties"]["Dimensions"][0]["Value"] == {"Ref": function}
        ]
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 1)

    @pytest.mark.parametrize("name", of_type("AWS::CloudWatch::Alarm"))
    def test_whoever_is_rung_up_finds_the_alarm_among_the_operations(self, name: str) -> None:
        page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
        table, _, _ = page.partition("\n## A parked delivery\n")
        first_column = " ".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE))
        told = re.findall(r"`([\w*-]+)`", first_column)
        alarm = properties(name)["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        assert any(fnmatchcase(alarm, pattern) for pattern in told)

    def test_a_sweep_that_does_not_finish_raises_an_alarm_even_when_nothing_is_measured(
        self,
    ) -> None:
        alarm = alarm_on("SweepFinished")
        assert (alarm["Statistic"], alarm["Threshold"], alarm["Period"]) == ("Sum", 1, 300)
        assert alarm["ComparisonOperator"] == "LessThanThreshold"
        assert alarm["TreatMissingData"] == "breaching"

    def test_a_question_that_is_not_shown_raises_an_alarm(self) -> None:
        alarm = alarm_on("ReviewsNotShown")
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 1)
        assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (3, 5)

    def test_each_of_the_systems_own_metrics_is_watched_where_it_is_written(self) -> None:
        variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
        assert emitted_metrics()
        for metric in emitted_metrics():
            alarm = alarm_on(metric)
            assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
            service = variables["POWERTOOLS_SERVICE_NAME"]
            assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]

    @pytest.mark.parametrize("metric", ["Errors", "Throttles"])
    def test_failures_and_refusals_of_all_functions_raise_an_alarm(self, metric: str) -> None:
        watched = {
            alarm["Properties"]["Dimensions"][0]["Value"]["Ref"]
            for alarm in of_type("AWS::CloudWatch::Alarm").values()
            if alarm["Properties"]["MetricName"] == metric
        }
        assert watched == set(FUNCTIONS)


class TestParameters:
    def test_every_parameter_has_a_default(self) -> None:
        assert [
            name for name, body in TEMPLATE["Parameters"].items() if "Default" not in body
        ] == []

    def test_the_webhooks_url_is_an_output(self) -> None:
        url = TEMPLATE["Outputs"]["WebhookUrl"]["Value"]["Fn::Sub"]
        stage = properties("WebhookApi")["StageName"]
        assert url.endswith(f"/{stage}/webhooks/{{provider}}/{{workspace}}")

    def test_every_functions_name_is_an_output(self) -> None:
        told = {output["Value"].get("Ref") for output in TEMPLATE["Outputs"].values()}
        assert set(FUNCTIONS) <= told

    @pytest.mark.parametrize("provider", [*CHANNELS_OF, "slack"])
    @pytest.mark.parametrize(
        ("url", "fits"),
        [
            ("", True),
            ("https://example.com:8443", True),
            ("http://127.0.0.1:8080", True),
            ("https://example.com/", False),
            ("example.com", False),
        ],
    )
    def test_a_base_url_is_a_scheme_and_a_host_or_nothing(
        self, provider: str, url: str, fits: bool
    ) -> None:
        (body,) = [
            body
            for name, body in TEMPLATE["Parameters"].items()
            if name.lower() == f"{provider}baseurl"
        ]
        assert bool(re.search(body["AllowedPattern"], url)) is fits
        assert body["Default"] == ""


def noun_of(table_name: dict[str, str]) -> str:
    return table_name["Fn::Sub"].removeprefix("${AWS::StackName}-")


def noun_of_model(model: type[Model]) -> str:
    return str(model.Meta.table_name).rsplit("-", 1)[-1]


def table_of(model: type[Model]) -> dict[str, Any]:
    (table,) = [
        body["Properties"]
        for body in TABLES.values()
        if noun_of(body["Properties"]["TableName"]) == noun_of_model(model)
    ]
    return dict(table)


def keys(schema: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(
        ({"AttributeName": key["AttributeName"], "KeyType": key["KeyType"]} for key in schema),
        key=lambda key: key["KeyType"],
    )


def attributes(definitions: list[dict[str, str]]) -> dict[str, str]:
    return {item["AttributeName"]: item["AttributeType"] for item in definitions}


def indexes(definitions: list[dict[str, Any]]) -> dict[str, tuple[list[dict[str, str]], str]]:
    """Indexes by name, from the template's spelling or PynamoDB's."""
    found = {}
    for index in definitions:
        name = index.get("IndexName") or index["index_name"]
        key_schema = index.get("KeySchema") or index["key_schema"]
        projection = index.get("Projection") or index["projection"]
        found[name] = (keys(key_schema), projection["ProjectionType"])
    return found


def statements(role: str) -> Iterator[dict[str, Any]]:
    """All that a role may do, in its own policies and in those it shares with others."""
    for policy in properties(role).get("Policies", []):
        chosen = policy["Fn::If"][1] if "Fn::If" in policy else policy
        yield from chosen["PolicyDocument"]["Statement"]
    for shared in properties(role).get("ManagedPolicyArns", []):
        if "Ref" in shared:
            yield from policy_of(shared["Ref"])


def policy_of(name: str) -> list[dict[str, Any]]:
    return list(properties(name)["PolicyDocument"]["Statement"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def retry_after(attempts: int) -> int:
    """How long a draft waits after so many attempts that did not leave, in milliseconds."""
    outcome = Outcome(OutcomeKind.NOT_SENT, Code.UNREACHABLE)
    return draft_fate(outcome, attempts=attempts, is_last=True, now=0).due_at or 0


def emitted_metrics() -> set[str]:
    """The name of every metric that the code emits."""
    source = Path(telemetry.__file__).read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {
        keyword.arg or ""
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "_emit"
        for keyword in call.keywords
    }


def alarm_on(metric: str) -> dict[str, Any]:
    (alarm,) = [
        body["Properties"]
        for body in of_type("AWS::CloudWatch::Alarm").values()
        if body["Properties"]["MetricName"] == metric
    ]
    return dict(alarm)
