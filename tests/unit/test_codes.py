"""Every code explains itself."""

import pytest

from system_sender.codes import SENTENCES, Code


def test_every_code_has_a_sentence_and_no_sentence_lacks_its_code() -> None:
    assert set(SENTENCES) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_a_sentence_begins_with_a_capital_and_ends_with_a_period(code: Code) -> None:
    assert code.sentence[0].isupper()
    assert code.sentence.endswith(".")
    assert not code.sentence.endswith("..")
    assert "  " not in code.sentence


def test_codes_are_lower_case_words() -> None:
    assert all(code.value.replace("_", "").isalnum() and code.value.islower() for code in Code)
