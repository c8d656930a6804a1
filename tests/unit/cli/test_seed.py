"""`sender seed`: a file is checked as a whole, then written so that a second run harms nothing."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pynamodb.models import Model

from devstack import paths
from system_sender.drafts import edit
from system_sender.followups.enrolment import enrol
from system_sender.followups.sequence import steps_of
from system_sender.inbound import EventKind
from system_sender.models import (
    Alias,
    Campaign,
    Draft,
    Enrolment,
    Inbound,
    Integration,
    Lead,
    Owner,
    Revision,
    Workspace,
    contact_alias,
    email_alias,
    linkedin_alias,
    owner_key,
    phone_alias,
)
from system_sender.store import Write
from tests.support.scene import Scene
from tests.unit.cli.conftest import Sender, empty_scene

EXAMPLE = paths.PROJECT / "devstack" / "seeds" / "example.json"


@pytest.fixture
def example() -> Any:
    return json.loads(EXAMPLE.read_text())


@pytest.fixture
def stored(tables: None) -> Scene:
    return empty_scene()


class Files:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, content: Any) -> str:
        path = self.folder / "seed.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


@pytest.fixture
def file(tmp_path: Path) -> Files:
    return Files(tmp_path)


def row(scene: Scene, model: type[Model], key: str) -> Any:
    found = scene.store.get(model, key)
    assert found is not None, f"{key} was not written"
    return found


@pytest.fixture(autouse=True)
def no_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of where providers answer."""
    for name in ("EMAILBISON_BASE_URL", "UNIPILE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def results(document: Any) -> dict[str, str]:
    return {item["id"]: item["result"] for item in document["rows"]}


# --- what it writes ------------------------------------------------------------------------------


def test_the_example_makes_workspaces_campaigns_leads_and_drafts(
    sender: Sender, stored: Scene
) -> None:
    document = sender.json("seed", str(EXAMPLE))

    assert set(results(document).values()) == {"created"}
    workspace = row(stored, Workspace, "acme")
    assert (workspace.region, workspace.time_zone) == ("US", "America/New_York")
    assert workspace.email_provider == "gohighlevel"
    assert workspace.default_campaign_id == "acme:autumn"
    assert row(stored, Campaign, "acme:autumn").response_mode == "AI_AUTO_SEND"
    assert row(stored, Draft, "acme:hello").state == "pending"
    assert row(stored, Draft, "birch:welcome").state == "needs_review"
    assert "acme:hello" in stored.lead_now().open_drafts


def test_each_account_becomes_an_integration_with_its_owner_row(
    sender: Sender, stored: Scene
) -> None:
    sender.json("seed", str(EXAMPLE))

    gohighlevel = row(stored, Integration, "acme:gohighlevel")
    assert (gohighlevel.account, gohighlevel.webhook) == ("acme-location", "marketplace")
    emailbison = row(stored, Integration, "acme:emailbison")
    assert emailbison.base_url == "https://send.example.com"
    assert (emailbison.senders, emailbison.bcc) == (["58"], ["archive@example.com"])
    for provider, account in {
        "gohighlevel": "acme-location",
        "smartlead": "301",
        "instantly": "acme-instantly",
        "unipile": "acme-linkedin",
    }.items():
        assert row(stored, Integration, f"acme:{provider}").account == account
        assert row(stored, Owner, owner_key(provider, account)).workspace == "acme"


def test_a_lead_is_found_by_every_name_it_has(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))

    aliases = [
        phone_alias("acme", "+15550100001"),
        email_alias("acme", "dana@example.com"),
        linkedin_alias("acme", "ACoAADanaExample"),
        contact_alias("acme", "gohighlevel", "contact-dana"),
        contact_alias("acme", "emailbison", "232313401"),
    ]
    assert {row(stored, Alias, alias).lead_id for alias in aliases} == {"acme:dana"}
    lead = stored.lead_now()
    assert (lead.email, lead.linkedin_id) == ("dana@example.com", "ACoAADanaExample")
    assert lead.linkedin_url == "https://www.linkedin.com/in/dana-example"
    assert lead.contacts["emailbison"] == "232313401"


def test_an_email_address_is_stored_as_messages_are_compared_with_it(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["leads"][1]["email"] = "Eli@Example.COM"

    sender.json("seed", file(example))

    assert row(stored, Lead, "birch:eli").email == "eli@example.com"
    assert row(stored, Alias, email_alias("birch", "eli@example.com")).lead_id == "birch:eli"


def test_a_draft_of_each_channel_is_made(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))

    ids = ("acme:hello", "acme:hello-by-email", "acme:hello-on-linkedin")
    channels = [row(stored, Draft, draft_id).channel for draft_id in ids]
    assert channels == ["sms", "email", "linkedin"]
    revision = stored.store.get(Revision, "acme:hello-by-email", 1)
    assert revision is not None
    assert (revision.subject, revision.text.splitlines()[0]) == ("Tuesday", "Hi Dana,")


def received(scene: Scene, **changes: Any) -> Inbound:
    """Put an e-mail of the lead into the tables."""
    event = {
        "event_id": "acme:emailbison:reply-1",
        "workspace": "acme",
        "lead_id": scene.lead_id,
        "kind": EventKind.MESSAGE.value,
        "provider": "emailbison",
        "channel": "email",
        "sequence": 1,
        "received_at": scene.world.now(),
    }
    inbound = Inbound(**{**event, **changes})
    scene.put(inbound)
    return inbound


def answer(**changes: Any) -> Any:
    """Return a seed with a draft that answers that e-mail."""
    draft = {
        "id": "acme:answer",
        "lead": "acme:dana",
        "channel": "email",
        "reply_to": "acme:emailbison:reply-1",
        "text": "Tuesday it is",
    }
    return {"drafts": [{**draft, **changes}]}


def test_a_draft_may_answer_a_message_that_was_received(
    sender: Sender, scene: Scene, file: Files
) -> None:
    received(scene)

    sender.json("seed", file(answer()))

    assert row(scene, Draft, "acme:answer").reply_to == "acme:emailbison:reply-1"


def test_a_phone_number_is_read_in_the_region_of_its_workspace(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["leads"][1]["phone"] = "020 7946 0000"

    sender.json("seed", file(example))

    assert row(stored, Lead, "birch:eli").phone == "+442079460000"
    assert row(stored, Alias, phone_alias("birch", "+442079460000")).lead_id == "birch:eli"


def test_a_phone_number_is_read_in_the_lead_s_own_region_if_it_has_one(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["leads"][1] |= {"phone": "030 123456", "region": "DE"}

    sender.json("seed", file(example))

    assert row(stored, Lead, "birch:eli").phone == "+4930123456"
    assert row(stored, Alias, phone_alias("birch", "+4930123456")).lead_id == "birch:eli"


def test_an_approved_draft_is_due_at_its_time(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["drafts"][0] |= {"state": "approved", "due_at": "2030-01-01T09:00:00+01:00"}

    sender.json("seed", file(example))

    draft = row(stored, Draft, "acme:hello")
    assert (draft.state, draft.sent_by) == ("approved", "setter")
    assert draft.due_at == 1_893_484_800_000


def test_what_the_stack_holds_already_may_be_referred_to(
    sender: Sender, scene: Scene, file: Files
) -> None:
    draft = {"id": "acme:again", "lead": "acme:dana", "text": "Hi again"}

    assert results(sender.json("seed", file({"drafts": [draft]}))) == {"acme:again": "created"}


def test_the_rules_of_a_workspace_and_a_campaign_are_stored_as_the_file_says_them(
    sender: Sender, stored: Scene, example: Any
) -> None:
    sender.json("seed", str(EXAMPLE))

    said = example["workspaces"][1]
    workspace = row(stored, Workspace, "birch")
    assert workspace.schedule == said["schedule"]
    assert workspace.quiet_hours == said["quiet_hours"]
    assert (workspace.automated_per_hour, workspace.links) == (60, ["birch.example.com"])
    assert (workspace.slack_channel, workspace.slack_approvers) == ("C0123456789", ["U0123456789"])
    said = example["campaigns"][1]
    campaign = row(stored, Campaign, "birch:winter")
    assert (campaign.writer, campaign.model) == ("bedrock", said["model"])
    assert campaign.instructions == said["instructions"]
    assert (campaign.delay_min_seconds, campaign.delay_max_seconds) == (120, 300)
    assert (campaign.schedule, campaign.links) == (said["schedule"], said["links"])
    assert row(stored, Lead, "birch:eli").time_zone == "Europe/London"


def test_what_the_file_says_nothing_of_has_the_usual_rules(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    del example["campaigns"][0]["delay_seconds"]

    sender.json("seed", file(example))

    campaign = row(stored, Campaign, "acme:autumn")
    assert (campaign.delay_min_seconds, campaign.delay_max_seconds) == (180, 420)
    assert (campaign.writer, campaign.model, campaign.schedule) == ("template", None, None)
    workspace = row(stored, Workspace, "acme")
    assert workspace.schedule is workspace.quiet_hours is workspace.automated_per_hour is None
    assert workspace.slack_channel is workspace.slack_approvers is None
    assert stored.lead_now().time_zone is None
    assert not stored.lead_now().booked


def test_one_number_of_seconds_is_the_whole_delay(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))

    campaign = row(stored, Campaign, "acme:autumn")
    assert (campaign.delay_min_seconds, campaign.delay_max_seconds) == (0, 0)


def test_a_campaign_whose_writer_is_a_model_needs_no_template(
    sender: Sender, scene: Scene, file: Files
) -> None:
    campaign = {
        "id": "acme:spring",
        "name": "Spring",
        "response_mode": "AI_AUTO_SEND",
        "writer": "openai",
        "model": "gpt-oss-120b",
    }

    assert results(sender.json("seed", file({"campaigns": [campaign]}))) == {
        "acme:spring": "created"
    }


# --- running it again ----------------------------------------------------------------------------


def test_a_second_run_changes_nothing(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))
    before = stored.lead_now().serialize()

    document = sender.json("seed", str(EXAMPLE))

    assert set(results(document).values()) == {"unchanged"}
    assert stored.lead_now().serialize() == before


def test_a_second_run_keeps_a_leads_counters_and_only_raises_its_version(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    write = Write(stored.world.new_id())
    counters = [Lead.version.set(7), Lead.inbound_count.set(4), Lead.automated_today.set(2)]
    write.update("lead", Lead("acme:dana"), counters)
    stored.store.write(write)
    example["leads"][0]["first_name"] = "Danielle"

    assert results(sender.json("seed", file(example)))["acme:dana"] == "updated"

    lead = stored.lead_now()
    assert lead.first_name == "Danielle"
    assert (lead.version, lead.inbound_count, lead.automated_today) == (8, 4, 2)


def test_what_the_file_does_not_mention_stays(sender: Sender, stored: Scene, file: Files) -> None:
    sender.json("seed", str(EXAMPLE))

    sender.json("seed", file({"leads": [{"id": "acme:dana", "blacklisted": True}]}))

    lead = stored.lead_now()
    assert lead.blacklisted
    assert (lead.first_name, lead.phone) == ("Dana", "+15550100001")
    sender.json("seed", file({"leads": [{"id": "acme:dana", "last_name": "Other"}]}))
    assert stored.lead_now().blacklisted, "a blacklisted lead was let loose by a file without it"


@pytest.mark.parametrize(
    "change",
    [
        {"booked": True},
        {"blacklisted": True},
        {"time_zone": "Europe/Berlin"},
        {"campaign": "acme:spring"},
    ],
)
def test_a_change_that_may_forbid_a_message_raises_the_leads_version(
    sender: Sender, scene: Scene, file: Files, change: Any
) -> None:
    spring = {"id": "acme:spring", "name": "Spring", "response_mode": "SETTER_MANAGED"}
    content = file({"campaigns": [spring], "leads": [{"id": "acme:dana", **change}]})
    as_judged = scene.lead_now()

    assert results(sender.json("seed", content))["acme:dana"] == "updated"

    assert scene.lead_now().version == as_judged.version + 1, "a claim would pass on the old row"
    assert results(sender.json("seed", content))["acme:dana"] == "unchanged"
    assert scene.lead_now().version == as_judged.version + 1


def test_null_takes_a_rule_back(sender: Sender, stored: Scene, example: Any, file: Files) -> None:
    sender.json("seed", str(EXAMPLE))
    rules = {"schedule": None, "quiet_hours": None, "automated_per_hour": None, "slack": None}
    example["workspaces"][1] |= rules

    assert results(sender.json("seed", file(example)))["birch"] == "updated"

    workspace = row(stored, Workspace, "birch")
    assert workspace.schedule is workspace.quiet_hours is workspace.automated_per_hour is None
    assert workspace.slack_channel is workspace.slack_approvers is None
    assert workspace.links == ["birch.example.com"]


def test_a_draft_that_has_moved_on_is_kept(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))
    draft = row(stored, Draft, "acme:hello")
    edit(stored.store, stored.world, draft, "Another text")
    sender.json("draft", "reject", "birch:welcome")

    outcome = results(sender.json("seed", str(EXAMPLE)))

    assert outcome["acme:hello"] == outcome["birch:welcome"] == "kept"
    assert row(stored, Draft, "acme:hello").revision == 2
    assert row(stored, Draft, "birch:welcome").state == "rejected"


def campaign(**changes: Any) -> Any:
    """Return a campaign as a file says it."""
    return {"id": "acme:x", "name": "X", "response_mode": "SETTER_MANAGED", **changes}


def workspace(**changes: Any) -> Any:
    """Return a workspace as a file says it."""
    return {"id": "elm", "name": "Elm", "region": "US", "time_zone": "UTC", **changes}


# --- what it refuses -----------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_each_with_its_path(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][0]["region"] = "Narnia"
    example["workspaces"][1]["time_zone"] = "Mars/Olympus"
    example["workspaces"][1]["integrations"]["gohighlevel"]["webhook"] = "both"
    example["workspaces"][1]["automated_per_day"] = -1
    example["campaigns"][0]["reply_template"] = "Hi $nickname"
    example["campaigns"][1]["response_mode"] = "SOMETIMES"
    example["leads"].append({"id": "acme:twin", "contacts": {"gohighlevel": "contact-dana"}})
    example["leads"].append({"id": "dana"})
    example["drafts"][0]["text"] = "  "
    example["drafts"].append({"id": "acme:long", "lead": "acme:dana", "text": "x" * 2000})
    example["drafts"].append({"id": "birch:cross", "lead": "acme:dana", "text": "Hi"})
    example["extra"] = []

    refusal = sender.refuses("seed", file(example))

    assert refusal["code"] == "invalid_seed"
    told = {problem["path"]: problem["problem"] for problem in refusal["problems"]}
    assert set(told) == {
        "workspaces[0].region",
        "workspaces[1].time_zone",
        "workspaces[1].integrations.gohighlevel.webhook",
        "workspaces[1].automated_per_day",
        "campaigns[0].reply_template",
        "campaigns[1].response_mode",
        "leads[2].contacts.gohighlevel",
        "leads[3].id",
        "drafts[0].text",
        "drafts[4].text",
        "drafts[5].lead",
        "extra",
    }
    assert "IANA" in told["workspaces[1].time_zone"]
    assert "$nickname" in told["campaigns[0].reply_template"]
    assert "marketplace" in told["workspaces[1].integrations.gohighlevel.webhook"]
    assert stored.store.get(Workspace, "birch") is None, "something was written all the same"


@pytest.mark.parametrize(
    ("section", "item", "path", "word"),
    [
        ("leads", {"id": "acme:x", "token": "t"}, "leads[0].token", "is no field"),
        ("leads", {"id": "acme:x", "phone": "12"}, "leads[0].phone", "no phone number"),
        ("leads", {"id": "nobody:x"}, "leads[0].id", "'nobody'"),
        ("leads", {"id": "acme:x", "campaign": "acme:none"}, "leads[0].campaign", "acme:none"),
        ("leads", {"id": "acme:x", "first_name": 7}, "leads[0].first_name", "string"),
        ("leads", {"id": "acme:x", "email": "dana"}, "leads[0].email", "no e-mail address"),
        ("leads", {"id": "acme:x", "linkedin_url": "https://www.linkedin.com/company/acme"},
         "leads[0].linkedin_url", "a person's profile"),
        ("leads", {"id": "acme:x", "linkedin_id": "dana-example"},
         "leads[0].linkedin_id", "begin with ACo"),
        ("leads", {"id": "acme:x", "contacts": {"nobody": "1"}},
         "leads[0].contacts.nobody", "is no field"),
        ("drafts", {"id": "acme:x", "text": "Hi"}, "drafts[0].lead", "is missing"),
        ("drafts", {"id": "acme:x", "lead": "acme:dana", "channel": "fax", "text": "Hi"},
         "drafts[0].channel", "'sms', 'email' or 'linkedin'"),
        ("drafts", {"id": "acme:x", "lead": "acme:dana", "subject": "Hi", "text": "Hi"},
         "drafts[0]", "channel is email"),
        ("drafts", {"id": "acme:x", "lead": "acme:dana", "channel": "email", "text": "Hi"},
         "drafts[0]", "needs a subject"),
        ("drafts", {"id": "acme:x", "lead": "acme:dana", "channel": "email", "text": "Hi",
                    "subject": "Two\nlines"}, "drafts[0].subject", "line break"),
        ("drafts", {"id": "acme:x", "lead": "acme:dana", "channel": "linkedin",
                    "text": "x" * 8001}, "drafts[0].text", "too long"),
        ("drafts", {"id": "acme:x", "lead": "acme:no", "text": "Hi"}, "drafts[0].lead", "neither"),
        ("campaigns", {"id": "acme:x", "name": "X", "response_mode": "AI_AUTO_SEND"},
         "campaigns[0]", "reply_template"),
        ("leads", {"id": "acme:x", "time_zone": "Berlin"}, "leads[0].time_zone", "IANA"),
        ("campaigns", campaign(writer="bedrock"), "campaigns[0]", "name of a model"),
        ("campaigns", campaign(model="gpt-oss-120b"), "campaigns[0]", "bedrock or openai"),
        ("campaigns", campaign(writer="parrot"), "campaigns[0].writer", "'openai'"),
        ("campaigns", campaign(delay_seconds={"min": 9, "max": 3}),
         "campaigns[0].delay_seconds", "more than max"),
        ("campaigns", campaign(delay_seconds={"min": 9, "max": 3601}),
         "campaigns[0].delay_seconds.max", "3600"),
        ("campaigns", campaign(delay_seconds={"min": -1, "max": 3}),
         "campaigns[0].delay_seconds.min", "0"),
        ("campaigns", campaign(links=["https://calendar.example.com/dana"]),
         "campaigns[0].links[0]", "no host"),
        ("campaigns", campaign(schedule={"mode": "CUSTOM", "start": "09:00"}),
         "campaigns[0].schedule", "needs start, end and days"),
        ("campaigns", campaign(schedule={"mode": "NIGHTS"}),
         "campaigns[0].schedule.mode", "'BUSINESS_HOURS'"),
        ("campaigns", campaign(schedule={"blackout_dates": ["2027-02-29"]}),
         "campaigns[0].schedule.blackout_dates[0]", "no date"),
        ("workspaces", workspace(schedule={"holidays": {"country": "XX"}}),
         "workspaces[0].schedule", "holidays of this country"),
        ("workspaces", workspace(quiet_hours={"start": "08:00", "end": "20:00"}),
         "workspaces[0].quiet_hours", "in the evening"),
        ("workspaces", workspace(quiet_hours={"start": "8pm", "end": "09:00"}),
         "workspaces[0].quiet_hours.start", "must match"),
        ("workspaces", workspace(slack={"channel": "#leads", "approvers": ["U0123456789"]}),
         "workspaces[0].slack.channel", "must match"),
        ("workspaces", workspace(slack={"channel": "C0123456789", "approvers": []}),
         "workspaces[0].slack.approvers", "at least 1"),
        ("workspaces", workspace(automated_per_hour=0),
         "workspaces[0].automated_per_hour", "greater than or equal to 1"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_path(
    sender: Sender, scene: Scene, file: Files, section: str, item: Any, path: str, word: str
) -> None:
    (problem,) = sender.refuses("seed", file({section: [item]}))["problems"]

    assert problem["path"] == path
    assert word in problem["problem"]


def test_two_items_cannot_share_an_id_nor_two_leads_a_phone_number(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    twin = copy.deepcopy(example["leads"][0]) | {"contacts": {}, "email": "other@example.com"}
    del twin["linkedin_id"]
    example["leads"].append(twin)

    problems = sender.refuses("seed", file(example))["problems"]

    assert [problem["path"] for problem in problems] == ["leads[2].id", "leads[2].phone"]


@pytest.mark.parametrize(
    ("provider", "account"),
    [
        ("gohighlevel", {"account": "taken", "webhook": "marketplace"}),
        ("emailbison", {"account": "7", "base_url": "https://send.example.com"}),
        ("smartlead", {"account": "taken"}),
        ("instantly", {"account": "taken"}),
        ("unipile", {"account": "taken", "base_url": "https://linkedin.example.com"}),
    ],
)
def test_an_account_of_another_workspace_is_refused_before_anything_is_written(
    sender: Sender, stored: Scene, example: Any, file: Files, provider: str, account: Any
) -> None:
    acme, birch = example["workspaces"]
    sender.json("seed", file({"workspaces": [workspace_of(acme, provider, account)]}))

    refusal = sender.refuses("seed", file({"workspaces": [workspace_of(birch, provider, account)]}))

    assert refusal["code"] == "account_owned"
    (problem,) = refusal["problems"]
    assert problem["path"] == f"workspaces[0].integrations.{provider}.account"
    assert "'acme'" in problem["problem"]
    assert stored.store.get(Workspace, "birch") is None
    assert stored.store.get(Integration, f"birch:{provider}") is None


def workspace_of(example: Any, provider: str, account: Any) -> Any:
    """Return a workspace of the example with one account."""
    names = ("id", "name", "region", "time_zone")
    return {name: example[name] for name in names} | {"integrations": {provider: account}}


def test_two_workspaces_of_a_file_cannot_share_an_account(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][1]["integrations"]["instantly"] = {"account": "acme-instantly"}

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert problem["path"] == "workspaces[1].integrations.instantly.account"
    assert "workspaces[0]" in problem["problem"]


def test_two_hosts_of_emailbison_number_their_workspaces_on_their_own(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    other = {"account": "12", "base_url": "https://mail.example.org"}
    example["workspaces"][1]["integrations"]["emailbison"] = other

    sender.json("seed", file(example))

    owners = [
        row(stored, Owner, owner_key("emailbison", f"{host}/12")).workspace
        for host in ("send.example.com", "mail.example.org")
    ]
    assert owners == ["acme", "birch"]


def test_an_account_that_is_taken_while_the_seed_runs_is_refused_by_the_row_itself(
    sender: Sender, stored: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from system_sender.cli import seeding

    key = owner_key("gohighlevel", "acme-location")

    def taken_right_after_the_check(*_: Any) -> None:
        stored.put(Owner(key, workspace="rival"))

    monkeypatch.setattr(seeding, "_check_accounts", taken_right_after_the_check)

    assert sender.refuses("seed", str(EXAMPLE))["code"] == "account_owned"
    assert row(stored, Owner, key).workspace == "rival"
    assert stored.store.get(Workspace, "acme") is None


def test_a_workspace_keeps_its_account(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    example["workspaces"][0]["integrations"]["gohighlevel"]["account"] = "other-location"

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert "acme-location" in problem["problem"]
    assert row(stored, Integration, "acme:gohighlevel").account == "acme-location"


@pytest.mark.parametrize("provider", ["emailbison", "unipile"])
def test_a_provider_without_a_common_host_needs_one(
    sender: Sender,
    stored: Scene,
    example: Any,
    file: Files,
    provider: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del example["workspaces"][0]["integrations"][provider]["base_url"]
    variable = f"{provider.upper()}_BASE_URL"

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert problem["path"] == f"workspaces[0].integrations.{provider}.base_url"
    assert variable in problem["problem"]
    monkeypatch.setenv(variable, "https://elsewhere.example.com")
    sender.json("seed", file(example))


def test_a_host_that_is_known_need_not_be_repeated(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    del example["workspaces"][0]["integrations"]["emailbison"]["base_url"]

    document = sender.json("seed", file(example))

    assert set(results(document).values()) == {"unchanged"}
    assert row(stored, Integration, "acme:emailbison").base_url == "https://send.example.com"


@pytest.mark.parametrize(
    ("base_url", "word"),
    [
        ("http://send.example.com", "unencrypted"),
        ("https://send.example.com/api", "a scheme and a host"),
        ("https://user@send.example.com", "a scheme and a host"),
        ("send.example.com", "a scheme and a host"),
        ("https://[send.example.com", "a scheme and a host"),
    ],
)
def test_a_host_must_keep_the_token_secret(
    sender: Sender, stored: Scene, example: Any, file: Files, base_url: str, word: str
) -> None:
    example["workspaces"][0]["integrations"]["emailbison"]["base_url"] = base_url

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert problem["path"] == "workspaces[0].integrations.emailbison.base_url"
    assert word in problem["problem"]


def test_a_host_on_this_machine_may_be_without_encryption(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][0]["integrations"]["emailbison"]["base_url"] = "http://127.0.0.1:4010/"

    sender.json("seed", file(example))

    assert row(stored, Integration, "acme:emailbison").base_url == "http://127.0.0.1:4010"


def test_an_account_may_be_added_later_and_the_others_stay(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    example["workspaces"][1]["integrations"] = {"smartlead": {"account": "302"}}

    outcome = results(sender.json("seed", file(example)))

    assert outcome["birch:smartlead"] == "created"
    assert row(stored, Integration, "birch:gohighlevel").webhook == "workflow"


def test_a_changed_account_keeps_its_health_and_what_the_file_does_not_say(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    write = Write(stored.world.new_id())
    unhealthy = [Integration.unhealthy_until.set(7), Integration.unhealthy_code.set("unauthorized")]
    write.update("integration", Integration("acme:emailbison"), unhealthy)
    stored.store.write(write)
    own = {"account": "12", "senders": ["59"], "mailboxes": ["Sam@Out.example.com"]}
    example["workspaces"][0]["integrations"]["emailbison"] = own

    assert results(sender.json("seed", file(example)))["acme:emailbison"] == "updated"

    account = row(stored, Integration, "acme:emailbison")
    assert (account.senders, account.unhealthy_until) == (["59"], 7)
    assert account.mailboxes == ["sam@out.example.com"]
    assert (account.bcc, account.base_url) == (["archive@example.com"], "https://send.example.com")


def test_the_provider_that_begins_emails_must_be_an_integration(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][1]["email_provider"] = "smartlead"

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert problem["path"] == "workspaces[1].email_provider"
    assert "no integration" in problem["problem"]


def test_a_reply_template_must_fit_each_channel_the_workspace_has(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["campaigns"][0]["reply_template"] = "word " * 400

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert problem["path"] == "campaigns[0].reply_template"
    assert "sms" in problem["problem"]
    only_email = {"emailbison": example["workspaces"][0]["integrations"]["emailbison"]}
    example["workspaces"][0] |= {"integrations": only_email, "email_provider": "emailbison"}
    sender.json("seed", file(example))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"event_id": "acme:emailbison:reply-2"}, "no event"),
        ({"lead_id": "acme:bob"}, "another lead"),
        ({"channel": "linkedin"}, "another channel"),
        ({"kind": "status"}, "no event"),
    ],
)
def test_what_a_draft_answers_must_be_a_message_of_its_lead_on_its_channel(
    sender: Sender, scene: Scene, file: Files, changes: Any, word: str
) -> None:
    received(scene, **changes)

    (problem,) = sender.refuses("seed", file(answer()))["problems"]

    assert problem["path"] == "drafts[0].reply_to"
    assert word in problem["problem"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "dana@example.com"),
        ("linkedin_id", "ACoAAacme"),
        ("phone", "+15550100001"),
    ],
)
def test_a_name_of_another_lead_is_refused(
    sender: Sender, scene: Scene, file: Files, name: str, value: str
) -> None:
    lead = {"id": "acme:bob", name: value}

    (problem,) = sender.refuses("seed", file({"leads": [lead]}))["problems"]

    assert problem == {"path": f"leads[0].{name}", "problem": "belongs to the lead 'acme:dana'"}
    assert scene.store.get(Lead, "acme:bob") is None


def test_a_contact_id_is_added_to_those_that_are_known(
    sender: Sender, scene: Scene, file: Files
) -> None:
    lead = {"id": "acme:dana", "contacts": {"emailbison": "3301"}}

    sender.json("seed", file({"leads": [lead]}))

    assert scene.lead_now().contacts == {"gohighlevel": scene.contact, "emailbison": "3301"}


@pytest.mark.parametrize(
    ("content", "path"),
    [("{", "line 1, column 2"), ("[]", "the file"), ('{"leads": {}}', "leads")],
)
def test_a_file_that_is_no_seed_says_where(
    sender: Sender, tables: None, file: Files, content: str, path: str
) -> None:
    refusal = sender.refuses("seed", file(content))

    assert refusal["code"] == "invalid_seed"
    assert refusal["problems"][0]["path"] == path


def test_a_file_that_cannot_be_read_is_named(sender: Sender, tables: None, tmp_path: Path) -> None:
    refusal = sender.refuses("seed", str(tmp_path / "none.json"))

    assert refusal["code"] == "file_unreadable"
    assert "none.json" in refusal["message"]


def test_people_read_the_mistakes_one_a_line_on_standard_error(
    sender: Sender, tables: None, file: Files
) -> None:
    result = sender.run("seed", file({"leads": [{"id": "acme:x"}, {"id": "y"}]}))

    assert result.exit_code == 1
    assert result.stdout == ""
    first, *rest = result.stderr.splitlines()
    assert first.startswith("Error (invalid_seed): ")
    assert [line.split(": ")[0].strip() for line in rest] == ["leads[1].id"]


# --- the schema ----------------------------------------------------------------------------------


def test_the_schema_is_printed_without_any_aws(sender: Sender, environment: None) -> None:
    schema = sender.json("seed", "--schema")

    assert set(schema["properties"]) == {"workspaces", "campaigns", "leads", "drafts"}
    assert schema == json.loads(sender.says("seed", "--schema"))


def test_the_file_or_the_schema_must_be_asked_for(sender: Sender, environment: None) -> None:
    assert sender.refuses("seed", exit_code=2)["code"] == "usage"


def test_a_lead_that_the_file_books_is_looked_at_by_its_sequences(
    sender: Sender, stored: Scene, file: Files, example: Any
) -> None:
    sender.json("seed", str(EXAMPLE))
    steps = steps_of([{"key": "one", "day": 30, "channel": "sms", "template": "Hi"}])
    lead = row(stored, Lead, "acme:dana")
    enrol(stored.system(), lead, "acme:winter", steps, time_zone="UTC")
    example["leads"][0]["booked"] = True

    sender.json("seed", file(example))

    assert row(stored, Enrolment, "acme:winter/dana").due_at <= stored.world.now()
