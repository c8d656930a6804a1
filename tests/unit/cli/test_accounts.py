"""`sender integrations`: a workspace's accounts at its providers, and their health."""

from system_sender.codes import Code
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender


def test_each_account_is_shown_with_its_channels_and_its_set_up(
    sender: Sender, scene: Scene
) -> None:
    scene.integrate(
        "emailbison",
        base_url="https://send.example.com",
        senders=["58"],
        mailboxes=["sam@out.example.com"],
    )

    document = sender.json("integrations", "acme")

    gohighlevel, emailbison = document["integrations"]
    assert (gohighlevel["provider"], gohighlevel["channels"]) == ("gohighlevel", ["sms", "email"])
    assert (gohighlevel["account"], gohighlevel["webhook"]) == (scene.location, "marketplace")
    assert (emailbison["base_url"], emailbison["senders"]) == ("https://send.example.com", ["58"])
    assert (gohighlevel["mailboxes"], emailbison["mailboxes"]) == ([], ["sam@out.example.com"])
    assert gohighlevel["healthy"] is emailbison["healthy"] is True
    assert "no refusal" in sender.says("integrations", "acme")


def test_a_refused_account_tells_why_what_to_do_and_when_it_is_tried_again(
    sender: Sender, scene: Scene
) -> None:
    until = scene.world.now() + 60_000
    scene.integrate("unipile", unhealthy_until=until, unhealthy_code="account_disconnected")

    account = sender.json("integrations", "acme")["integrations"][-1]

    assert (account["healthy"], account["unhealthy_until"]) == (False, until)
    assert account["unhealthy_code"] == "account_disconnected"
    assert account["sentence"] == Code.ACCOUNT_DISCONNECTED.sentence
    shown = sender.says("integrations", "acme")
    assert "tried again at" in shown
    assert "connect it again" in shown


def test_a_refusal_that_has_passed_is_forgotten(sender: Sender, scene: Scene) -> None:
    past = scene.world.now() - 1
    scene.integrate("unipile", unhealthy_until=past, unhealthy_code="account_disconnected")

    account = sender.json("integrations", "acme")["integrations"][-1]

    assert (account["healthy"], account["unhealthy_code"]) == (True, None)


def test_an_unknown_workspace_is_named(sender: Sender, scene: Scene) -> None:
    assert sender.refuses("integrations", "nobody")["code"] == "workspace_not_found"
