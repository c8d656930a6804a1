"""A running sandbox, its control client, and a poster of text messages."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from devstack.sandbox.client import SandboxClient
from devstack.sandbox.server import SandboxServer

HEADERS = {"Authorization": "Bearer pit-example", "Version": "2021-04-15"}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def control(server: SandboxServer) -> Iterator[SandboxClient]:
    client = SandboxClient(server.url)
    yield client
    client.close()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def send(server: SandboxServer, http: requests.Session) -> Callable[..., requests.Response]:
    """Posts a text message the way GoHighLevel wants it; keywords go to requests."""

    def post(text: str = "Hi Dana", contact_id: str = "ct1", **options: Any) -> requests.Response:
        return http.post(
            f"{server.url}/conversations/messages",
            json={"type": "SMS", "contactId": contact_id, "message": text},
            headers=HEADERS,
            **{"timeout": 5, "allow_redirects": False, **options},
        )

    return post


@pytest.fixture
def look_up(server: SandboxServer, http: requests.Session) -> Callable[..., requests.Response]:
    """Reads a path under /conversations; keywords are the query."""

    def get(path: str, **query: str | int) -> requests.Response:
        url = f"{server.url}/conversations/{path}"
        return http.get(url, params=query, headers=HEADERS, timeout=5)

    return get
