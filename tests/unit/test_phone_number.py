"""Phone numbers in E.164."""

import pytest

from system_sender.phone_number import known_region, to_e164


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("+15550100001", "US", "+15550100001"),
        ("(555) 010-0001", "US", "+15550100001"),
        ("555.010.0001", "CA", "+15550100001"),
        ("1 555 010 0001", "US", "+15550100001"),
        ("+15550100001", "DE", "+15550100001"),
        ("\uff0b1 555 010 0001", "US", "+15550100001"),
        ("030 123456", "DE", "+4930123456"),
    ],
)
def test_a_number_is_read_in_a_region(number: str, region: str, expected: str) -> None:
    assert to_e164(number, region) == expected


@pytest.mark.parametrize("number", [None, "", "   ", "call me", "12", "+999", "0" * 300, "\ud800"])
def test_what_cannot_be_a_number_is_none(number: str | None) -> None:
    assert to_e164(number, "US") is None


def test_an_unknown_region_still_reads_international_numbers() -> None:
    assert to_e164("+15550100001", "XX") == "+15550100001"
    assert to_e164("555 010 0001", "XX") is None


def test_regions_are_iso_codes() -> None:
    assert known_region("US")
    assert not known_region("USA")
