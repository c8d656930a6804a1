"""How `make test` spreads the tests over processes."""

import pytest


@pytest.mark.xdist_group("together")
def test_tests_of_one_group_run_in_one_process(request: pytest.FixtureRequest) -> None:
    """Else each process deploys a stack, and lives the months, of its own: nothing else shows it.

    pytest-xdist tells its scheduler of a group by a suffix of the test's name. Where it does not
    fit pytest, the suffix is lost without a word.
    """
    if getattr(request.config.option, "loadgroup", False):
        assert request.node.nodeid.endswith("@together"), "pytest-xdist does not fit this pytest"
