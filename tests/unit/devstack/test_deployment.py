"""The local system gives every provider of the package its place in the sandbox."""

from devstack import paths
from devstack.deployment import PROVIDERS
from system_sender.providers import CHANNELS_OF

TEMPLATE = (paths.PROJECT / "template.yaml").read_text(encoding="utf-8")


def test_every_provider_is_there() -> None:
    assert list(PROVIDERS) == list(CHANNELS_OF)


def test_the_template_lets_every_provider_be_somewhere_else() -> None:
    for provider, name in PROVIDERS.items():
        assert f"\n  {name}BaseUrl:\n" in TEMPLATE
        assert f"\n        {provider.upper()}_BASE_URL: !Ref {name}BaseUrl\n" in TEMPLATE


def test_the_template_has_a_route_for_every_provider() -> None:
    for provider in PROVIDERS:
        assert f"Path: /webhooks/{provider}/{{workspace}}\n" in TEMPLATE
