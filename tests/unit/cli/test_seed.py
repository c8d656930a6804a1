"""`sender seed`: a file is checked as a whole, then written so that a second run harms nothing."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pynamodb.models import Model

from devstack import paths
from system_sender.drafts import edit
from system_sender.models import Alias, Campaign, Draft, Lead, Owner, Workspace
from system_sender.recording import contact_alias, phone_alias
from system_sender.store import Write
from system_sender.webhook import owner_key
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
    assert workspace.sms_webhook == "marketplace"
    assert workspace.default_campaign_id == "acme:autumn"
    assert row(stored, Campaign, "acme:autumn").response_mode == "AI_AUTO_SEND"
    assert row(stored, Draft, "acme:hello").state == "pending"
    assert row(stored, Draft, "birch:welcome").state == "needs_review"
    assert stored.lead_now().open_drafts == {"acme:hello"}


def test_a_location_gets_its_owner_row_and_a_lead_its_aliases(
    sender: Sender, stored: Scene
) -> None:
    sender.json("seed", str(EXAMPLE))

    assert row(stored, Owner, owner_key("acme-location")).workspace == "acme"
    by_contact = row(stored, Alias, contact_alias("acme", "contact-dana"))
    by_phone = row(stored, Alias, phone_alias("acme", "+15550100001"))
    assert by_contact.lead_id == by_phone.lead_id == "acme:dana"


def test_a_phone_number_is_read_in_the_region_of_its_workspace(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["leads"][1]["phone"] = "020 7946 0000"

    sender.json("seed", file(example))

    assert row(stored, Lead, "birch:eli").phone == "+442079460000"
    assert row(stored, Alias, phone_alias("birch", "+442079460000")).lead_id == "birch:eli"


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


def test_a_draft_that_has_moved_on_is_kept(sender: Sender, stored: Scene) -> None:
    sender.json("seed", str(EXAMPLE))
    draft = row(stored, Draft, "acme:hello")
    edit(stored.store, stored.world, draft, "Another text")
    sender.json("draft", "reject", "birch:welcome")

    outcome = results(sender.json("seed", str(EXAMPLE)))

    assert outcome["acme:hello"] == outcome["birch:welcome"] == "kept"
    assert row(stored, Draft, "acme:hello").revision == 2
    assert row(stored, Draft, "birch:welcome").state == "rejected"


# --- what it refuses -----------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_each_with_its_path(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][0]["region"] = "Narnia"
    example["workspaces"][1]["time_zone"] = "Mars/Olympus"
    example["workspaces"][1]["gohighlevel"]["sms_webhook"] = "both"
    example["workspaces"][1]["automated_per_day"] = -1
    example["campaigns"][0]["reply_template"] = "Hi $nickname"
    example["campaigns"][1]["response_mode"] = "SOMETIMES"
    example["leads"].append({"id": "acme:twin", "gohighlevel_contact_id": "contact-dana"})
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
        "workspaces[1].gohighlevel.sms_webhook",
        "workspaces[1].automated_per_day",
        "campaigns[0].reply_template",
        "campaigns[1].response_mode",
        "leads[2].gohighlevel_contact_id",
        "leads[3].id",
        "drafts[0].text",
        "drafts[2].text",
        "drafts[3].lead",
        "extra",
    }
    assert "IANA" in told["workspaces[1].time_zone"]
    assert "$nickname" in told["campaigns[0].reply_template"]
    assert "marketplace" in told["workspaces[1].gohighlevel.sms_webhook"]
    assert stored.store.get(Workspace, "birch") is None, "something was written all the same"


@pytest.mark.parametrize(
    ("section", "item", "path", "word"),
    [
        ("leads", {"id": "acme:x", "token": "t"}, "leads[0].token", "is no field"),
        ("leads", {"id": "acme:x", "phone": "12"}, "leads[0].phone", "no phone number"),
        ("leads", {"id": "nobody:x"}, "leads[0].id", "'nobody'"),
        ("leads", {"id": "acme:x", "campaign": "acme:none"}, "leads[0].campaign", "acme:none"),
        ("leads", {"id": "acme:x", "first_name": 7}, "leads[0].first_name", "string"),
        ("drafts", {"id": "acme:x", "text": "Hi"}, "drafts[0].lead", "is missing"),
        ("drafts", {"id": "acme:x", "lead": "acme:no", "text": "Hi"}, "drafts[0].lead", "neither"),
        ("campaigns", {"id": "acme:x", "name": "X", "response_mode": "AI_AUTO_SEND"},
         "campaigns[0]", "reply_template"),
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
    twin = copy.deepcopy(example["leads"][0]) | {"gohighlevel_contact_id": "contact-other"}
    example["leads"].append(twin)

    problems = sender.refuses("seed", file(example))["problems"]

    assert [problem["path"] for problem in problems] == ["leads[2].id", "leads[2].phone"]


def test_a_location_of_another_workspace_is_refused_before_anything_is_written(
    sender: Sender, scene: Scene, example: Any, file: Files
) -> None:
    example["workspaces"][1]["gohighlevel"]["location_id"] = scene.location
    del example["workspaces"][0], example["leads"][0], example["drafts"][0]
    del example["campaigns"][0]

    refusal = sender.refuses("seed", file(example))

    assert refusal["code"] == "account_owned"
    (problem,) = refusal["problems"]
    assert problem["path"] == "workspaces[0].gohighlevel.location_id"
    assert "'acme'" in problem["problem"]
    assert scene.store.get(Workspace, "birch") is None
    assert row(scene, Owner, owner_key(scene.location)).workspace == "acme"


def test_a_location_that_is_taken_while_the_seed_runs_is_refused_by_the_row_itself(
    sender: Sender, stored: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from system_sender.cli import seeding

    def taken_right_after_the_check(operator: Any, seed: Any) -> None:
        stored.put(Owner(owner_key("acme-location"), workspace="rival"))

    monkeypatch.setattr(seeding, "_check_accounts", taken_right_after_the_check)

    assert sender.refuses("seed", str(EXAMPLE))["code"] == "account_owned"
    assert row(stored, Owner, owner_key("acme-location")).workspace == "rival"
    assert stored.store.get(Workspace, "acme") is None


def test_a_workspace_keeps_its_location(
    sender: Sender, stored: Scene, example: Any, file: Files
) -> None:
    sender.json("seed", str(EXAMPLE))
    example["workspaces"][0]["gohighlevel"]["location_id"] = "other-location"

    (problem,) = sender.refuses("seed", file(example))["problems"]

    assert "acme-location" in problem["problem"]
    assert row(stored, Workspace, "acme").gohighlevel_location_id == "acme-location"


def test_a_phone_number_of_another_lead_is_refused(
    sender: Sender, scene: Scene, file: Files
) -> None:
    lead = {"id": "acme:bob", "phone": "+15550100001"}

    (problem,) = sender.refuses("seed", file({"leads": [lead]}))["problems"]

    assert problem == {"path": "leads[0].phone", "problem": "belongs to the lead 'acme:dana'"}
    assert scene.store.get(Lead, "acme:bob") is None


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
