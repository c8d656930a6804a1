"""Dashboards call the deployed API as they do on AWS: with requests that an IAM user signs."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devstack.ministack import REGION
from tests.e2e.conftest import Agency

Call = Callable[..., requests.Response]


@pytest.fixture
def keys(agency: Agency) -> Credentials:
    """The keys of an IAM user who may call for this agency, and for no other."""
    system = agency.system
    iam: Any = boto3.client("iam", **system.client_options)
    iam.create_user(UserName=agency.name)
    api = f"arn:aws:execute-api:{REGION}:*:{system.outputs['WebhookApiId']}/v1"
    statement = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"{api}/*/api/{agency.name}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(
        UserName=agency.name, PolicyName="dashboard", PolicyDocument=json.dumps(policy)
    )
    made = iam.create_access_key(UserName=agency.name)["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture
def call(agency: Agency, keys: Credentials) -> Call:
    def signed(
        method: str, operation: str, workspace: str = agency.name, **parts: Any
    ) -> requests.Response:
        url = f"{agency.system.api_url}/api/{workspace}/{operation}"
        prepared = requests.Request(method, url, **parts).prepare()
        headers = {"Content-Type": "application/json"}
        request = AWSRequest(method, str(prepared.url), headers, prepared.body)
        SigV4Auth(keys, "execute-api", REGION).add_auth(request)
        return requests.request(
            method,
            str(prepared.url),
            data=prepared.body,
            headers=dict(request.headers),
            timeout=60,
        )

    return signed


def test_a_person_looks_at_a_draft_changes_it_and_lets_it_go(agency: Agency, call: Call) -> None:
    order = {"key": "one", "lead_id": agency.lead, "channel": "sms", "text": "Hi Dana"}
    submitted = call("POST", "drafts", json=order)
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["state"] == "needs_review"
    (draft,) = call("GET", "drafts", params={"state": "needs_review"}).json()["drafts"]
    decision = {"draft_id": draft["draft_id"], "revision": 1}
    call("POST", "draft/edit", json={**decision, "text": "Hi Dana, it's Kim"})
    stale = call("POST", "draft/approve", json=decision)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_revision")
    approved = call("POST", "draft/approve", json={**decision, "revision": 2})
    assert approved.json()["result"]["outcome"] == "sent"
    assert approved.json()["draft"]["user"].endswith(f":user/{agency.name}")
    assert [entry.text for entry in agency.accepted()] == ["Hi Dana, it's Kim"]
    thread = call("GET", "thread", params={"lead_id": agency.lead}).json()
    assert {"draft", "decision", "outbound"} <= {entry["kind"] for entry in thread["entries"]}


def test_a_policy_for_one_workspace_opens_no_other(call: Call) -> None:
    assert call("GET", "switches").status_code == 200
    assert call("GET", "switches", workspace="another").status_code in (403, 404)


def test_nobody_is_let_in_without_a_name(agency: Agency) -> None:
    url = f"{agency.system.api_url}/api/{agency.name}/switches"
    answer = requests.get(url, timeout=60)
    assert answer.status_code in (401, 403)
