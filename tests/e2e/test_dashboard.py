"""Dashboards call the deployed API as they do on AWS: with requests signed by an IAM user's keys."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devstack.deployment import LocalSystem
from devstack.ministack import REGION
from tests.e2e.conftest import Agency

Call = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def keys(local_system: LocalSystem) -> Credentials:
    """The keys of an IAM user of the local account."""
    iam: Any = boto3.client("iam", **local_system.client_options)  # type: ignore[call-overload]
    iam.create_user(UserName="kim")
    made = iam.create_access_key(UserName="kim")["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


@pytest.fixture
def call(agency: Agency, keys: Credentials) -> Call:
    def signed(method: str, operation: str, **parts: Any) -> requests.Response:
        url = f"{agency.system.api_url}/api/{agency.name}/{operation}"
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
    assert (submitted.status_code, submitted.json()["state"]) == (200, "needs_review")
    (draft,) = call("GET", "drafts", params={"state": "needs_review"}).json()["drafts"]
    decision = {"draft_id": draft["draft_id"], "revision": 1}
    call("POST", "draft/edit", json={**decision, "text": "Hi Dana, it's Kim"})
    stale = call("POST", "draft/approve", json=decision)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_revision")
    approved = call("POST", "draft/approve", json={**decision, "revision": 2})
    assert approved.json()["result"]["outcome"] == "sent"
    assert approved.json()["draft"]["user"].endswith(":user/kim")
    assert [entry.text for entry in agency.accepted()] == ["Hi Dana, it's Kim"]
    thread = call("GET", "thread", params={"lead_id": agency.lead}).json()
    assert {"draft", "decision", "outbound"} <= {entry["kind"] for entry in thread["entries"]}


def test_nobody_is_let_in_without_a_name(agency: Agency) -> None:
    url = f"{agency.system.api_url}/api/{agency.name}/switches"
    answer = requests.get(url, timeout=60)
    assert answer.status_code in (401, 403)
