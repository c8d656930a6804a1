"""What the code does to DynamoDB, and what the template lets a function do, in IAM's words."""

from typing import Any

from botocore.exceptions import ReadTimeoutError
from pynamodb.connection import Connection

from system_sender.settings import table_prefix

Permission = tuple[str, str]
_STEPS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
}


class ObservedConnection(Connection):
    """A connection that notes each (action, table or table/index) it asks for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.observed: set[Permission] = set()
        self.lose_next_claim = False

    def _make_api_call(
        self, operation_name: str, operation_kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        permissions = _permissions(operation_name, operation_kwargs)
        self.observed |= permissions
        answer = super()._make_api_call(operation_name, operation_kwargs)
        if self.lose_next_claim and ("ConditionCheckItem", "suppressions") in permissions:
            self.lose_next_claim = False
            raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
        return answer


def _permissions(operation: str, arguments: dict[str, Any]) -> set[Permission]:
    if operation == "TransactWriteItems":
        steps = [step for item in arguments["TransactItems"] for step in item.items()]
        return {(_STEPS[kind], _noun(body["TableName"])) for kind, body in steps}
    if operation == "BatchGetItem":
        return {(operation, _noun(table)) for table in arguments["RequestItems"]}
    index = arguments.get("IndexName")
    noun = _noun(arguments["TableName"])
    return {(operation, f"{noun}/index/{index}" if index else noun)}


def _noun(table: str) -> str:
    return table.removeprefix(f"{table_prefix()}-")


def granted(template: dict[str, Any], role: str) -> set[Permission]:
    """Return the DynamoDB permissions that a role of the template has."""
    resources = template["Resources"]
    permissions: set[Permission] = set()
    for document in _documents(resources, role):
        for statement in document["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if not action.startswith("dynamodb:"):
                    continue
                for resource in statement["Resource"]:
                    name = action.removeprefix("dynamodb:")
                    permissions.add((name, _resource(resources, resource)))
    return permissions


def _documents(resources: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """Return a role's own policies, and those it shares with other roles."""
    body = resources[role]["Properties"]
    chosen = [policy.get("Fn::If", [None, policy])[1] for policy in body["Policies"]]
    own = [policy["PolicyDocument"] for policy in chosen]
    names = [arn["Ref"] for arn in body.get("ManagedPolicyArns", [])]
    return own + [resources[name]["Properties"]["PolicyDocument"] for name in names]


def _resource(resources: dict[str, Any], arn: dict[str, Any]) -> str:
    """Return the noun, or noun/index/name, that a policy's resource means."""
    if "Fn::GetAtt" in arn:
        table = arn["Fn::GetAtt"]
        return _table_noun(resources, (table if isinstance(table, list) else table.split("."))[0])
    logical, _, index = arn["Fn::Sub"].removeprefix("${").partition(".Arn}")
    return _table_noun(resources, logical) + str(index)


def _table_noun(resources: dict[str, Any], logical: str) -> str:
    name = resources[logical]["Properties"]["TableName"]["Fn::Sub"]
    return str(name).removeprefix("${AWS::StackName}-")
