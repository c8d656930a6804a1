"""What the one connection of a process is made with."""

from typing import Any

import pytest
from pynamodb.connection import Connection

from system_sender import store


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return store.shared_connection.__wrapped__()


def test_the_user_agent_is_put_together_once_and_still_names_the_sdk(
    connection: Connection,
) -> None:
    config: Any = connection.client.meta.config
    assert config.user_agent == connection.session.user_agent()
    assert config.user_agent.startswith("Botocore/")


def test_the_limits_of_a_request_stand_beside_it(connection: Connection) -> None:
    config: Any = connection.client.meta.config
    assert config.connect_timeout == store.CONNECT_TIMEOUT_SECONDS
    assert config.read_timeout == store.READ_TIMEOUT_SECONDS
    assert config.max_pool_connections == store.POOL_CONNECTIONS
    assert config.retries == {"total_max_attempts": 1 + store.RETRY_ATTEMPTS, "mode": "standard"}
