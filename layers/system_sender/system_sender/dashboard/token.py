"""Lets in who brings a signed token (JWT), to the workspaces that it names and no others."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientConnectionError, PyJWTError

from system_sender.dashboard.caller import is_user, is_workspace
from system_sender.settings import ConfigurationError
from system_sender.telemetry import log
from system_sender.world import Effect, World

# Asymmetric only: with a shared secret, whoever can check a token can make one. "none" is none.
ALGORITHMS = ("RS256", "ES256")
# How far the clocks of the issuer and of Lambda may differ.
LEEWAY_SECONDS = 30
# A policy ends at 8 KB, and each workspace is a resource in it.
MOST_WORKSPACES = 30
LONGEST_TOKEN = 8_192
_FETCH_SECONDS = 3
_KEYS_LIFESPAN_SECONDS = 300
# An unknown key makes the keys be fetched again, but strangers may invent as many as they like.
_COOLDOWN_SECONDS = 30
_ARN = re.compile(r"(arn:[^:]+:execute-api:[^:]+:\d+:[^/]+/[^/]+)/.*")


class Unauthorized(Exception):
    """API Gateway answers 401 to an error of exactly this text, and to no other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@dataclass(frozen=True)
class TokenSettings:
    """Whose tokens are trusted.

    Attributes:
        jwks_url: where the issuer publishes its keys.
    """

    jwks_url: str
    issuer: str
    audience: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "TokenSettings":
        """Read the settings.

        Raises:
            ConfigurationError: one is missing, or the keys would travel unprotected.
        """
        names = ("JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise ConfigurationError(
                f"{', '.join(missing)} must be set for dashboards that bring tokens."
            )
        url, issuer, audience = (environment[name] for name in names)
        parts = urlsplit(url)
        local = parts.hostname == "127.0.0.1"
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise ConfigurationError(
                "JWT_JWKS_URL must start with https:// (plain http is for this machine only): "
                "whoever changes the keys on their way can sign any token."
            )
        return cls(url, issuer, audience)


@dataclass(frozen=True)
class TokenAuthorizer:
    """Checks tokens against one issuer's keys, which it keeps for some minutes."""

    world: World
    settings: TokenSettings

    @cached_property
    def _keys(self) -> PyJWKClient:
        return PyJWKClient(
            self.settings.jwks_url,
            timeout=_FETCH_SECONDS,
            lifespan=_KEYS_LIFESPAN_SECONDS,
            cooldown_duration=_COOLDOWN_SECONDS,
        )

    def authorize(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer API Gateway's question about a token with a policy.

        Raises:
            Unauthorized: the token is not one that counts here.
            PyJWKClientConnectionError: the issuer's keys could not be fetched; come again.
        """
        scheme, _, token = str(event.get("authorizationToken") or "").partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > LONGEST_TOKEN:
            raise _unauthorized("no_token")
        claims = self._claims(token)
        user, workspaces = claims.get("sub"), _workspaces(claims.get("workspaces"))
        if not isinstance(user, str) or not is_user(user):
            raise _unauthorized("no_subject")
        return _policy(user, workspaces, str(event.get("methodArn") or ""))

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
                # Before any key is fetched because of it.
                raise _unauthorized("wrong_algorithm")
            key = self.world.perform(
                Effect.SECRET, "signing_keys", lambda: self._keys.get_signing_key(kid)
            )
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                issuer=self.settings.issuer,
                audience=self.settings.audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except PyJWKClientConnectionError as error:
            log.error("signing_keys_not_fetched", extra={"error": type(error).__name__})
            raise
        except PyJWTError as error:
            raise _unauthorized(type(error).__name__) from None
        return claims


def _unauthorized(reason: str) -> Unauthorized:
    log.warning("token_refused", extra={"reason": reason})
    return Unauthorized()


def _workspaces(claim: Any) -> list[str]:
    """Return the workspaces of a claim that can be one's name: `*` would be all of them."""
    names = claim if isinstance(claim, list) else []
    sound = sorted({name for name in names if isinstance(name, str) and is_workspace(name)})
    if len(sound) > MOST_WORKSPACES:
        raise _unauthorized("too_many_workspaces")
    return sound


def _policy(user: str, workspaces: list[str], method_arn: str) -> dict[str, Any]:
    """Return what API Gateway may let this token do, whichever route it asked about.

    The answer is kept for a minute and used for every route, so it names all that is allowed.
    """
    found = _ARN.fullmatch(method_arn)
    if found is None:
        raise _unauthorized("no_method")
    allowed = [f"{found[1]}/*/api/{workspace}/*" for workspace in workspaces]
    effect, resources = ("Allow", allowed) if allowed else ("Deny", [f"{found[1]}/*"])
    return {
        "principalId": user,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
            ],
        },
        "context": {"workspaces": json.dumps(workspaces)},
    }
