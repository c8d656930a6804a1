from devstack.codes_page import PAGE, page


def test_the_page_of_codes_says_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "Run: .venv/bin/python -m devstack.codes_page"
