"""Who brings a token is let in to the workspaces it names, if the issuer signed it for us."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWKClientConnectionError

from system_sender.dashboard import token as tokens
from system_sender.dashboard.token import TokenAuthorizer, TokenSettings, Unauthorized
from system_sender.settings import ConfigurationError
from system_sender.world import World

ISSUER, AUDIENCE = "https://issuer.example.com/", "system-sender"
METHOD = "arn:aws:execute-api:eu-central-1:123456789012:abcde12345/v1/GET/api/acme/drafts"
FIRST = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECOND = ec.generate_private_key(ec.SECP256R1())


@dataclass
class Issuer:
    """A JWKS server on this machine; `keys` is what it publishes."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    fetched: int = 0
    broken: bool = False

    def publish(self, **by_id: Any) -> None:
        self.keys = [jwk_of(key, kid) for kid, key in by_id.items()]


def jwk_of(key: Any, kid: str) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    written = algorithm.to_jwk(key.public_key(), as_dict=True)
    return {**written, "kid": kid, "use": "sig"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetched += 1
            self.send_response(500 if issuer.broken else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": issuer.keys}).encode())

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}/jwks.json"
    issuer.publish(one=FIRST)
    yield issuer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def authorizer(issuer: Issuer) -> TokenAuthorizer:
    return TokenAuthorizer(World(), TokenSettings(issuer.url, ISSUER, AUDIENCE))


def token(key: Any = FIRST, kid: str | None = "one", alg: str = "RS256", **claims: Any) -> str:
    now = int(time.time())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "kim",
        "exp": now + 300,
        "workspaces": ["acme", "birch"],
        **claims,
    }
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, key, algorithm=alg, headers={"kid": kid} if kid else None)


def ask(authorizer: TokenAuthorizer, bearer: str, method: str = METHOD) -> dict[str, Any]:
    return authorizer.authorize(
        {"type": "TOKEN", "authorizationToken": f"Bearer {bearer}", "methodArn": method}
    )


def allowed(policy: dict[str, Any]) -> list[str]:
    (statement,) = policy["policyDocument"]["Statement"]
    return list(statement["Resource"]) if statement["Effect"] == "Allow" else []


def test_a_token_opens_the_workspaces_it_names_and_no_others(authorizer: TokenAuthorizer) -> None:
    policy = ask(authorizer, token())
    api = "arn:aws:execute-api:eu-central-1:123456789012:abcde12345/v1"
    assert policy["principalId"] == "kim"
    assert allowed(policy) == [f"{api}/*/api/acme/*", f"{api}/*/api/birch/*"]
    assert json.loads(policy["context"]["workspaces"]) == ["acme", "birch"]


@pytest.mark.parametrize(
    "claim", [None, [], "acme", {"acme": True}, ["*"], ["acme/*"], ["?"], [""], [7], ["a:b"]]
)
def test_a_claim_that_names_no_workspace_opens_none(
    authorizer: TokenAuthorizer, claim: object
) -> None:
    assert allowed(ask(authorizer, token(workspaces=claim))) == []


def test_more_workspaces_than_a_policy_holds_are_refused(authorizer: TokenAuthorizer) -> None:
    names = [f"w{number}" for number in range(tokens.MOST_WORKSPACES + 1)]
    with pytest.raises(Unauthorized):
        ask(authorizer, token(workspaces=names))


def _past() -> int:
    return int(time.time()) - tokens.LEEWAY_SECONDS - 5


@pytest.mark.parametrize(
    "claims",
    [
        lambda: {"exp": _past()},
        lambda: {"exp": None},
        lambda: {"nbf": int(time.time()) + tokens.LEEWAY_SECONDS + 60},
        lambda: {"aud": "another-api"},
        lambda: {"aud": None},
        lambda: {"iss": "https://elsewhere.example.com/"},
        lambda: {"iss": None},
        lambda: {"sub": None},
        lambda: {"sub": ""},
        lambda: {"sub": "a\nb"},
        lambda: {"sub": "k" * 300},
    ],
    ids=[
        "expired",
        "for-ever",
        "not-yet",
        "other-audience",
        "no-audience",
        "other-issuer",
        "no-issuer",
        "no-subject",
        "empty-subject",
        "odd-subject",
        "long-subject",
    ],
)
def test_a_token_whose_claims_do_not_fit_is_refused(
    authorizer: TokenAuthorizer, claims: Callable[[], dict[str, Any]]
) -> None:
    with pytest.raises(Unauthorized, match=r"^Unauthorized$"):
        ask(authorizer, token(**claims()))


def test_a_token_signed_by_another_key_of_that_name_is_refused(
    authorizer: TokenAuthorizer,
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(Unauthorized):
        ask(authorizer, token(stranger))


def test_a_token_whose_claims_were_changed_is_refused(authorizer: TokenAuthorizer) -> None:
    head, _, signature = token().split(".")
    _, other, _ = token(workspaces=["cedar"]).split(".")
    with pytest.raises(Unauthorized):
        ask(authorizer, f"{head}.{other}.{signature}")


def test_a_token_without_a_signature_is_refused_unasked(
    authorizer: TokenAuthorizer, issuer: Issuer
) -> None:
    with pytest.raises(Unauthorized):
        ask(authorizer, jwt.encode({"sub": "kim"}, "", algorithm="none", headers={"kid": "one"}))
    assert issuer.fetched == 0


def test_a_public_key_is_no_shared_secret(authorizer: TokenAuthorizer, issuer: Issuer) -> None:
    # Signed with what anybody can fetch, in the hope that it is checked with the same.
    head = {"alg": "HS256", "kid": "one", "typ": "JWT"}
    forged = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head, {"sub": "kim", "iss": ISSUER, "aud": AUDIENCE, "exp": 9**10})
    )
    with pytest.raises(Unauthorized):
        ask(authorizer, f"{forged}.AAAA")
    assert issuer.fetched == 0


@pytest.mark.parametrize("alg", ["RS512", "PS256"])
def test_only_the_named_algorithms_count(authorizer: TokenAuthorizer, alg: str) -> None:
    with pytest.raises(Unauthorized):
        ask(authorizer, token(alg=alg))


def test_an_elliptic_key_counts_as_well(authorizer: TokenAuthorizer, issuer: Issuer) -> None:
    issuer.publish(two=SECOND)
    assert allowed(ask(authorizer, token(SECOND, "two", "ES256")))


def test_keys_are_fetched_once_for_many_tokens(authorizer: TokenAuthorizer, issuer: Issuer) -> None:
    for _ in range(3):
        ask(authorizer, token())
    assert issuer.fetched == 1


def test_strangers_cannot_make_the_keys_be_fetched_again_and_again(
    authorizer: TokenAuthorizer, issuer: Issuer
) -> None:
    for number in range(5):
        with pytest.raises(Unauthorized):
            ask(authorizer, token(kid=f"unknown-{number}"))
    assert issuer.fetched == 1


def test_a_rotated_key_counts_after_the_pause(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_COOLDOWN_SECONDS", 0)
    authorizer = TokenAuthorizer(World(), TokenSettings(issuer.url, ISSUER, AUDIENCE))
    ask(authorizer, token())
    issuer.publish(two=SECOND)
    assert allowed(ask(authorizer, token(SECOND, "two", "ES256")))
    with pytest.raises(Unauthorized):
        ask(authorizer, token())


@pytest.mark.parametrize("kid", [None, ""])
def test_a_token_that_names_no_key_is_refused(authorizer: TokenAuthorizer, kid: str | None) -> None:
    with pytest.raises(Unauthorized):
        ask(authorizer, token(kid=kid))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic a2lt", "Bearer a.b", None])
def test_what_is_no_bearer_token_is_refused(
    authorizer: TokenAuthorizer, header: str | None
) -> None:
    with pytest.raises(Unauthorized):
        authorizer.authorize({"authorizationToken": header, "methodArn": METHOD})


def test_a_token_of_any_length_is_not_even_read(
    authorizer: TokenAuthorizer, issuer: Issuer
) -> None:
    with pytest.raises(Unauthorized):
        ask(authorizer, token(padding="x" * tokens.LONGEST_TOKEN))
    assert issuer.fetched == 0


def test_keys_that_cannot_be_fetched_refuse_nobody_for_good(
    authorizer: TokenAuthorizer, issuer: Issuer
) -> None:
    issuer.broken = True
    with pytest.raises(PyJWKClientConnectionError):
        ask(authorizer, token())
    issuer.broken = False
    assert allowed(ask(authorizer, token()))


@pytest.mark.parametrize("missing", ["JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"])
def test_it_does_not_start_without_its_settings(missing: str) -> None:
    environment = {
        "JWT_JWKS_URL": "https://issuer.example.com/jwks.json",
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }
    assert TokenSettings.from_environment(environment).issuer == ISSUER
    with pytest.raises(ConfigurationError, match=missing):
        TokenSettings.from_environment({**environment, missing: ""})


def test_keys_do_not_travel_unprotected() -> None:
    environment = {
        "JWT_JWKS_URL": "http://issuer.example.com/jwks.json",
        "JWT_ISSUER": ISSUER,
        "JWT_AUDIENCE": AUDIENCE,
    }
    with pytest.raises(ConfigurationError, match="https"):
        TokenSettings.from_environment(environment)
