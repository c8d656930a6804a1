"""Only people can be written to, so only their profiles have an identifier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_sender.linkedin import is_provider_id, public_identifier


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/in/dana-example",
        "https://www.linkedin.com/in/dana-example/",
        " https://www.linkedin.com/in/dana-example?trk=people#about ",
        "http://linkedin.com/in/dana-example",
        "https://uk.linkedin.com/in/dana-example/en",
        "https://www.linkedin.com/in/dana-example/details/experience/",
        "https://WWW.LinkedIn.com/IN/dana-example",
        "www.linkedin.com/in/dana-example",
        "linkedin.com/in/dana-example",
    ],
)
def test_a_persons_url_has_an_identifier_however_it_is_written(url: str) -> None:
    assert public_identifier(url) == "dana-example"


def test_a_percent_encoded_identifier_is_the_same_as_a_plain_one() -> None:
    encoded = public_identifier("https://www.linkedin.com/in/d%C3%A1na-ex%C3%A4mple")
    assert encoded == "d\u00e1na-ex\u00e4mple"
    assert public_identifier(f"https://www.linkedin.com/in/{encoded}") == encoded


def test_a_profile_that_is_named_by_its_provider_id_keeps_its_case() -> None:
    assert public_identifier("https://www.linkedin.com/in/ACoAAEXAMPLE/") == "ACoAAEXAMPLE"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/school/acme",
        "https://www.linkedin.com/sales/lead/ACwAAEXAMPLE",
        "https://www.linkedin.com/talent/profile/AEMAAEXAMPLE",
        "https://www.linkedin.com/groups/1",
        "https://www.linkedin.com/in/",
        "https://www.linkedin.com/in",
        "https://www.linkedin.com/",
        "https://www.linkedin.com/company/in/dana",
    ],
)
def test_what_is_no_person_has_none(url: str) -> None:
    assert public_identifier(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dana-example",
        "https://example.com/in/dana-example",
        "https://linkedin.com.example.com/in/dana-example",
        "https://notlinkedin.com/in/dana-example",
        "https://linkedin.com@example.com/in/dana-example",
        "ftp://www.linkedin.com/in/dana-example",
        "javascript://www.linkedin.com/in/dana-example",
        "https://[/in/dana-example",
    ],
)
def test_another_site_has_none(url: str) -> None:
    assert public_identifier(url) is None


@pytest.mark.parametrize(
    "part", ["..", ".", "a%2Fb", "a%3Fb", "a%00b", "a%0Ab", "a%20b", "a%FFb", "%252e", "a" * 201]
)
def test_an_identifier_that_would_leave_its_place_in_a_path_is_refused(part: str) -> None:
    assert public_identifier(f"https://www.linkedin.com/in/{part}") is None


@given(st.text())
def test_any_text_has_an_identifier_or_none(text: str) -> None:
    for url in (text, f"https://www.linkedin.com/in/{text}"):
        found = public_identifier(url)
        assert found is None or (found and "/" not in found and "?" not in found)


@pytest.mark.parametrize("value", ["ACoAAEXAMPLE", "ACwAAEXAMPLE_-1", "AEMAAEXAMPLE"])
def test_provider_ids_of_all_three_products_are_known(value: str) -> None:
    assert is_provider_id(value)


@pytest.mark.parametrize(
    "value", ["", "dana-example", "aCoAAEXAMPLE", "ACo", "ACoAA EXAMPLE", "ACoAAEXAMPLE\n", "12345"]
)
def test_other_names_are_no_provider_ids(value: str) -> None:
    assert not is_provider_id(value)
