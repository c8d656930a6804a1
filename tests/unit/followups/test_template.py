"""Templates: values, choices and conditions, and nothing else."""

import gc
from collections.abc import Iterator

import pytest

from system_sender.followups.template import (
    LONGEST_RESULT,
    Missing,
    TemplateWrong,
    check_template,
    fill_in,
)

VALUES = {
    "first_name": "Dana",
    "city": "Köln",
    "braces": "{{ secret }}",
    "empty": " ",
    "nothing": None,
}


def filled(text: str, *, seed: str = "one", **values: str | None) -> str | Missing:
    return fill_in(text, {**VALUES, **values}, seed=seed)


def test_values_are_filled_in() -> None:
    assert filled("Hi {{ first_name }} in {{ city|upper }}") == "Hi Dana in KÖLN"


def test_a_value_is_text_whatever_it_looks_like() -> None:
    assert filled("{{ braces }}") == "{{ secret }}"


@pytest.mark.parametrize("name", ["unknown", "empty", "nothing"])
def test_a_value_that_is_not_known_or_empty_is_missing(name: str) -> None:
    assert filled(f"Hi {{{{ {name} }}}}") == Missing((name,))


@pytest.mark.parametrize(
    "text",
    [
        "{{ variant('Hi', company) }}",
        "{% if city == 'Bonn' %}{{ company }}{% endif %}Hi",
        "{% if company %}Hi{% else %}Hello{% endif %}",
        "{{ company or 'you' }}",
        "{{ 'Hi' if company == 'Dot' else 'Hello' }}",
        "{{ company|upper }}",
    ],
)
def test_every_value_that_is_named_must_be_known_whichever_way_it_goes(text: str) -> None:
    for seed in "abcdefgh":
        assert filled(text, seed=seed) == Missing(("company",))


def test_all_missing_values_are_named() -> None:
    assert filled("{{ product }} {{ company }} {{ product }}") == Missing(("company", "product"))


def test_conditions_choose() -> None:
    text = "{% if city == 'Bonn' %}there{% elif city == 'Köln' %}here{% else %}-{% endif %}"
    assert filled(text) == "here"


@pytest.fixture
def nothing_is_collected() -> Iterator[None]:
    """What is finalised at the bottom of a recursion has no stack left, whoever left it behind."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nothing_is_collected")
@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ first_name.__class__.__mro__ }}",
        "{{ first_name['__class__'] }}",
        "{{ first_name|attr('__class__') }}",
        "{{ first_name|map('upper') }}",
        "{{ first_name|default('you') }}",
        "{{ first_name|replace('a', 'aaaaaaaaaaaa') }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 2 ** 100000000 }}",
        "{{ 1 / 0 }}",
        "{% for letter in first_name %}{{ letter }}{% endfor %}",
        "{% set more = first_name %}{{ more }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
        "{% include 'other' %}",
        "{% extends 'other' %}",
        "{% filter upper %}hi{% endfilter %}",
        "{{ range(1000000) }}",
        "{{ lipsum(100) }}",
        "{{ cycler('a', 'b') }}",
        "{{ namespace(a=1) }}",
        "{{ self }}",
        "{{ caller }}",
        "{{ variant }}",
        "{{ variant() }}",
        "{{ variant(*first_name) }}",
        "{{ variant(a='b') }}",
        "{{ variant('a').join('b') }}",
        "{{ first_name is defined }}",
        "{{ [1, 2] }}",
        "{{ none }}",
        "{{ true }}",
        "{{ 7 }}",
        "{% if 1 < first_name %}Hi{% endif %}",
        "{{ first_name",
        "{% if first_name %}",
        "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
        "{{ " + "not " * 3_000 + "first_name }}",
        "{% if first_name %}" * 200 + "{% endif %}" * 200,
    ],
)
def test_what_is_no_text_with_values_is_refused_before_anybody_is_enrolled(text: str) -> None:
    with pytest.raises(TemplateWrong) as wrong:
        check_template(text)
    assert len(str(wrong.value)) < 200
    with pytest.raises(TemplateWrong):
        filled(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ first_name|upper('a', 'b') }}",
        "{% if city == 'Bonn' %}Hi{% endif %}",
        "{{ first_name|trim('Dna') }}",
    ],
)
def test_what_cannot_be_filled_in_with_these_values_is_refused(text: str) -> None:
    check_template(text)
    with pytest.raises(TemplateWrong):
        filled(text)


def test_a_huge_text_is_refused() -> None:
    with pytest.raises(TemplateWrong, match="characters"):
        filled("{{ first_name }}" * 2, first_name="a" * (LONGEST_RESULT // 2 + 1))


def test_the_text_of_an_error_quotes_nothing() -> None:
    with pytest.raises(TemplateWrong) as wrong:
        filled("{{ first_name|upper('x') }} secret-text")
    assert "secret" not in str(wrong.value)
    assert "Dana" not in str(wrong.value)


def test_variants_are_the_same_for_the_same_seed() -> None:
    text = "{{ variant('a', 'b', 'c') }}{{ variant('d', 'e', 'f') }}"
    assert len({str(filled(text, seed="acme:winter/dana#hello")) for _ in range(20)}) == 1


def test_variants_differ_between_leads_and_apart_from_each_other() -> None:
    text = "{{ variant('a', 'b') }}{{ variant('a', 'b') }}"
    seen = [str(filled(text, seed=f"acme:winter/{n:03d}#hello")) for n in range(400)]
    assert {word: seen.count(word) > 60 for word in ("aa", "ab", "ba", "bb")} == dict.fromkeys(
        ("aa", "ab", "ba", "bb"), True
    )
