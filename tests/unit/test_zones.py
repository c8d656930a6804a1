"""Whose clock counts, and what a phone number tells of it."""

import pytest

from system_sender.models import Lead, Workspace
from system_sender.zones import own_zone, possible_zones, zone_named

ACME = Workspace("acme", region="US", time_zone="America/New_York")


def keys(lead: Lead, workspace: Workspace = ACME) -> set[str]:
    return {zone.key for zone in possible_zones(lead, workspace)}


@pytest.mark.parametrize(
    "name", [None, "", "Nowhere/Atlantis", "America", "../America/New_York", "/etc/localtime", "\0"]
)
def test_what_is_no_zone_is_none(name: str | None) -> None:
    assert zone_named(name) is None


def test_a_lead_s_own_zone_goes_before_the_workspace_s() -> None:
    dana = Lead("acme:dana", time_zone="Europe/Berlin", phone="+12125550101")
    assert own_zone(dana, ACME) == zone_named("Europe/Berlin")
    assert keys(dana) == {"Europe/Berlin"}


def test_a_zone_that_does_not_exist_counts_for_nothing() -> None:
    dana = Lead("acme:dana", time_zone="Mars/Olympus", phone="+12125550101")
    assert own_zone(dana, ACME) == zone_named("America/New_York")
    assert keys(dana, Workspace("acme", region="US", time_zone="UTC")) == {"America/New_York"}


def test_a_number_tells_where_its_owner_may_be() -> None:
    assert keys(Lead("acme:dana", phone="+4915112345678")) == {"Europe/Berlin"}
    assert {"Australia/Sydney", "Australia/Perth"} < keys(Lead("acme:dana", phone="+61412345678"))


def test_a_number_without_its_country_is_read_in_the_workspace_s() -> None:
    german = Workspace("acme", region="DE", time_zone="America/New_York")
    assert keys(Lead("acme:dana", phone="0151 12345678"), german) == {"Europe/Berlin"}


@pytest.mark.parametrize("phone", [None, "", "not a number", "+999", "+15550100001"])
def test_a_lead_without_zone_and_telling_number_is_where_the_workspace_is(
    phone: str | None,
) -> None:
    assert keys(Lead("acme:dana", phone=phone)) == {"America/New_York"}


def test_nobody_is_anywhere_where_not_even_the_workspace_is() -> None:
    nowhere = Workspace("acme", region="US", time_zone="Nowhere")
    assert own_zone(Lead("acme:dana"), nowhere) is None
    assert keys(Lead("acme:dana"), nowhere) == set()
