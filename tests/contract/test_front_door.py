"""Who gets in at every provider's front door: whoever has the workspace's secret, and nobody else.

GoHighLevel's signed events have a door of their own, at the end.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from devstack.sandbox.webhooks import Signer
from system_sender.codes import Code
from system_sender.inbound import EventRefused
from system_sender.providers import CHANNELS_OF, SignedRequest, provider_named
from system_sender.providers.gohighlevel import MARKETPLACE
from tests.contract.case import Door, Knock
from tests.contract.cases import DOORS

SECRET = "S3cret-of-this-workspace"

# Each is given where the right one would count.
WRONG: Mapping[str, str] = {
    "another_workspaces": "S3cret-of-that-workspace",
    "beginning": SECRET[:-1],
    "longer": SECRET + "x",
    "other_case": SECRET.lower(),
    "end": SECRET[1:],
    "doubled": SECRET * 2,
    "comma": f"{SECRET},{SECRET}",
    "quoted": f'"{SECRET}"',
    "none": "None",
    "null": "null",
    "star": "*",
    "zero": "\x00",
    "umlaut": "S3cret-öf-this-workspace",
    "emoji": "🔑",
    "lone_surrogate": "S3cret\udcff",
    "look_alike": SECRET.replace("o", "\u043e"),
    "huge": "x" * 100_000,
}


class Vault:
    """The workspace's secret, and how often it was read."""

    def __init__(self, secret: str | None = SECRET) -> None:
        self._secret = secret
        self.read = 0

    def __call__(self) -> str | None:
        """Return the secret."""
        self.read += 1
        return self._secret


def refused(door: Door, request: SignedRequest, vault: Vault) -> Code:
    with pytest.raises(EventRefused) as error:
        door.provider.authenticate(request, vault, ())
    assert SECRET not in str(error.value)
    return error.value.code


def knocks(name: str) -> Iterator[Any]:
    for door in DOORS:
        for place, knock in getattr(door, name).items():
            yield pytest.param(door, knock, id=f"{door.provider_name}-{place}")


PLACES, ELSEWHERE = list(knocks("places")), list(knocks("elsewhere"))
by_name: Mapping[str, Any] = {"argvalues": DOORS, "ids": lambda door: door.provider_name}


def test_every_provider_has_a_door() -> None:
    assert {door.provider_name for door in DOORS} == set(CHANNELS_OF)


@pytest.mark.parametrize(("door", "knock"), PLACES)
def test_the_right_secret_opens(door: Door, knock: Knock) -> None:
    vault = Vault()
    assert door.provider.authenticate(knock(SECRET), vault, ()) == door.kind
    assert vault.read == 1


@pytest.mark.parametrize(("door", "knock"), PLACES)
def test_a_secret_may_have_any_letters(door: Door, knock: Knock) -> None:
    for secret in ("Schlüssel", "🔑key", "a/b+c=="):
        assert door.provider.authenticate(knock(secret), Vault(secret), ()) == door.kind


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize(("door", "knock"), PLACES)
def test_a_wrong_secret_does_not(door: Door, knock: Knock, wrong: str) -> None:
    assert refused(door, knock(wrong), Vault()) is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(("door", "knock"), PLACES)
def test_without_a_configured_secret_nobody_gets_in(door: Door, knock: Knock) -> None:
    for configured in (None, ""):
        for given in (SECRET, "None", "null"):
            assert refused(door, knock(given), Vault(configured)) is Code.SIGNATURE_INVALID


@pytest.mark.parametrize(("door", "knock"), PLACES)
def test_an_empty_secret_is_none_and_nothing_is_read(door: Door, knock: Knock) -> None:
    for configured in (SECRET, None, ""):
        vault = Vault(configured)
        assert refused(door, knock(""), vault) is Code.SIGNATURE_MISSING
        assert vault.read == 0


@pytest.mark.parametrize(("door", "knock"), ELSEWHERE)
def test_the_right_secret_in_the_wrong_place_is_none(door: Door, knock: Knock) -> None:
    vault = Vault()
    assert refused(door, knock(SECRET), vault) is Code.SIGNATURE_MISSING
    assert vault.read == 0


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"secret_key": null}']
)
@pytest.mark.parametrize("door", **by_name)
def test_a_request_without_a_secret_reads_none(door: Door, body: bytes) -> None:
    vault = Vault()
    for headers in ({}, {"authorization": ""}, {"authorization": "Bearer"}, {"x-other": SECRET}):
        request = SignedRequest(body, headers, {"other": SECRET})
        assert refused(door, request, vault) is Code.SIGNATURE_MISSING
    assert vault.read == 0


@pytest.mark.parametrize("door", **by_name)
def test_a_trouble_with_the_secrets_is_no_refusal(door: Door) -> None:
    def broken() -> str | None:
        raise ConnectionError

    for knock in door.places.values():
        with pytest.raises(ConnectionError):
            door.provider.authenticate(knock(SECRET), broken, ())


# --- GoHighLevel's signature ---------------------------------------------------------------------

BODY = b'{"type": "InboundMessage", "body": "Gr\xc3\xbc\xc3\x9fe"}'
SIGNER, STRANGER = Signer(), Signer()


def signed(body: bytes, signature: str, **more: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return SignedRequest(body, {"x-ghl-signature": signature, **named}, {})


def test_a_signed_event_gets_in_without_a_secret() -> None:
    vault, provider = Vault(), provider_named("gohighlevel")
    request = signed(BODY, SIGNER.signature(BODY))
    keys = [STRANGER.public_key(), SIGNER.public_key()]
    assert provider.authenticate(request, vault, keys) == MARKETPLACE
    assert vault.read == 0


GOOD = SIGNER.signature(BODY)
FORGED: Mapping[str, tuple[bytes, str]] = {
    "another_body": (BODY + b" ", GOOD),
    "empty_body": (b"", GOOD),
    "a_strangers": (BODY, STRANGER.signature(BODY)),
    "cut": (BODY, GOOD[:-4]),
    "no_base64": (BODY, "not base64!"),
    "not_ascii": (BODY, "sïgnature"),
    "lone_surrogate": (BODY, "\udcff"),
    "short": (BODY, base64.b64encode(b"x").decode()),
    "zeros": (BODY, base64.b64encode(bytes(64)).decode()),
    "with_line_end": (BODY, GOOD + "\n"),
    "twice": (BODY, GOOD + GOOD),
}


@pytest.mark.parametrize(("body", "signature"), FORGED.values(), ids=FORGED)
def test_a_forged_signature_is_not_made_good_by_the_secret(body: bytes, signature: str) -> None:
    vault, provider = Vault(), provider_named("gohighlevel")
    request = signed(body, signature, x_webhook_secret=SECRET)
    with pytest.raises(EventRefused) as error:
        provider.authenticate(request, vault, [SIGNER.public_key()])
    assert error.value.code is Code.SIGNATURE_INVALID
    assert vault.read == 0


@pytest.mark.parametrize("signature", ["", "N/A"])
def test_no_signature_is_missing(signature: str) -> None:
    provider = provider_named("gohighlevel")
    with pytest.raises(EventRefused) as error:
        provider.authenticate(signed(BODY, signature), Vault(), [SIGNER.public_key()])
    assert error.value.code is Code.SIGNATURE_MISSING


def test_without_a_configured_key_no_signature_holds() -> None:
    with pytest.raises(EventRefused) as error:
        provider_named("gohighlevel").authenticate(signed(BODY, GOOD), Vault(), ())
    assert error.value.code is Code.SIGNATURE_INVALID
