"""Who may knock: Ed25519 signatures over the raw bytes, and shared secrets."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from devstack.sandbox.webhooks import Signer
from system_sender.codes import Code
from system_sender.inbound import EventRefused
from system_sender.inbound_fields import verify_secret
from system_sender.providers import SignedRequest
from system_sender.providers.gohighlevel import MARKETPLACE, PROVIDER, WORKFLOW, verify_signature
from system_sender.settings import GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY, ConfigurationError, Settings

BODY = '{"body": "Grüße \U0001f44b"}'.encode()
OLD, NEW = Signer(), Signer()
KEYS = (OLD.public_key(), NEW.public_key())


def refused(signature: str | None, body: bytes = BODY, keys: tuple[str, ...] = KEYS) -> Code:
    with pytest.raises(EventRefused) as refusal:
        verify_signature(body, signature, keys)
    return refusal.value.code


@pytest.mark.parametrize("signer", [OLD, NEW])
def test_any_of_the_configured_keys_may_have_signed(signer: Signer) -> None:
    verify_signature(BODY, signer.signature(BODY), KEYS)


@pytest.mark.parametrize("signature", [None, "", "N/A"])
def test_no_signature_and_its_placeholder_are_missing(signature: str | None) -> None:
    assert refused(signature) is Code.SIGNATURE_MISSING


@pytest.mark.parametrize("signature", ["no base64!", "AAAA", "é", base64.b64encode(b"x").decode()])
def test_what_is_no_signature_is_invalid(signature: str) -> None:
    assert refused(signature) is Code.SIGNATURE_INVALID


def test_a_single_changed_byte_invalidates() -> None:
    signature = OLD.signature(BODY)
    assert refused(signature, BODY + b" ") is Code.SIGNATURE_INVALID
    assert refused(signature, BODY.replace(b"body", b"bodY")) is Code.SIGNATURE_INVALID


def test_a_strangers_key_and_a_rotated_out_key_are_refused() -> None:
    assert refused(Signer().signature(BODY)) is Code.SIGNATURE_INVALID
    assert refused(OLD.signature(BODY), keys=(NEW.public_key(),)) is Code.SIGNATURE_INVALID


def test_without_keys_nobody_is_let_in() -> None:
    assert refused(OLD.signature(BODY), keys=()) is Code.SIGNATURE_INVALID


def test_the_published_key_is_an_ed25519_key() -> None:
    assert refused(OLD.signature(BODY), keys=(GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY,)) is (
        Code.SIGNATURE_INVALID
    )


def test_another_kind_of_key_is_a_configuration_error_and_not_an_answer() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(ConfigurationError, match="must hold Ed25519 keys"):
        verify_signature(BODY, OLD.signature(BODY), (base64.b64encode(encoded).decode(),))


@pytest.mark.parametrize("key", ["no base64!", "AAAA", GOHIGHLEVEL_WEBHOOK_PUBLIC_KEY[:-8]])
def test_a_key_that_is_none_is_refused_when_the_function_starts(key: str) -> None:
    with pytest.raises(ConfigurationError, match="must hold Ed25519 keys"):
        Settings.from_environment({"GOHIGHLEVEL_WEBHOOK_PUBLIC_KEYS": f"{KEYS[0]},{key}"})


def test_the_right_secret_is_let_in() -> None:
    verify_secret("s3cret-é", "s3cret-é")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, Code.SIGNATURE_MISSING),
        ("", Code.SIGNATURE_MISSING),
        ("s3cret", Code.SIGNATURE_INVALID),
        ("s3cret-é ", Code.SIGNATURE_INVALID),
        ("S3CRET-é", Code.SIGNATURE_INVALID),
        ("\ud800", Code.SIGNATURE_INVALID),
    ],
)
def test_a_missing_or_another_secret_is_refused(given: str | None, code: Code) -> None:
    with pytest.raises(EventRefused) as refusal:
        verify_secret(given, "s3cret-é")
    assert refusal.value.code is code
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize("expected", [None, ""])
def test_without_a_configured_secret_nobody_is_let_in(expected: str | None) -> None:
    with pytest.raises(EventRefused) as refusal:
        verify_secret("s3cret", expected)
    assert refusal.value.code is Code.SIGNATURE_INVALID


# --- GoHighLevel's two kinds of webhook ----------------------------------------------------------


Given = dict[str, str]


def kind_of(headers: Given, query: Given | None = None, secret: str | None = "s3cret") -> str:
    request = SignedRequest(BODY, headers, query or {})
    return PROVIDER.authenticate(request, lambda: secret, KEYS)


def not_let_in(headers: Given, secret: str | None = "s3cret") -> Code:
    with pytest.raises(EventRefused) as refusal:
        kind_of(headers, secret=secret)
    return refusal.value.code


def test_a_signed_request_is_an_apps() -> None:
    assert kind_of({"x-ghl-signature": NEW.signature(BODY)}) == MARKETPLACE


def test_a_request_with_the_secret_in_a_header_or_in_the_url_is_a_workflows() -> None:
    assert kind_of({"x-webhook-secret": "s3cret"}) == WORKFLOW
    assert kind_of({}, {"secret": "s3cret"}) == WORKFLOW


@pytest.mark.parametrize("signature", ["", "N/A", "AAAA"])
def test_a_secret_does_not_make_a_bad_signature_good(signature: str) -> None:
    headers = {"x-ghl-signature": signature, "x-webhook-secret": "s3cret"}
    missing = signature != "AAAA"
    assert not_let_in(headers) is (Code.SIGNATURE_MISSING if missing else Code.SIGNATURE_INVALID)


def test_neither_signature_nor_secret_is_missing_and_reads_no_secret() -> None:
    def secret() -> str | None:
        raise AssertionError("nobody gave a secret to compare with")

    with pytest.raises(EventRefused) as refusal:
        PROVIDER.authenticate(SignedRequest(BODY, {}, {}), secret, KEYS)
    assert refusal.value.code is Code.SIGNATURE_MISSING


def test_another_secret_and_one_that_is_not_configured_are_refused() -> None:
    headers = {"x-webhook-secret": "other"}
    assert not_let_in(headers) is Code.SIGNATURE_INVALID
    assert not_let_in(headers, secret=None) is Code.SIGNATURE_INVALID
