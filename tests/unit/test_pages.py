"""README.md and docs/ lead where they say, and tell of every provider."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import paths
from devstack.deployment import PROVIDERS
from system_sender.providers import CHANNELS_OF

DOCS = paths.PROJECT / "docs"
PAGES = [paths.PROJECT / "README.md", *sorted(DOCS.glob("*.md"))]
PROVIDERS_PAGE = (DOCS / "providers.md").read_text(encoding="utf-8")


def links(page: Path) -> Iterator[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return (link for link in found if not link.startswith("http"))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_readme_s_list() -> None:
    listed = set(links(paths.PROJECT / "README.md"))
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= listed


@pytest.mark.parametrize("provider", CHANNELS_OF)
def test_every_provider_has_its_section_with_what_is_unconfirmed(provider: str) -> None:
    _, _, rest = PROVIDERS_PAGE.partition(f"\n## {PROVIDERS[provider]}\n")
    section, _, _ = rest.partition("\n## ")
    for said in ("`account`", "`token`", "look-up", "Unconfirmed"):
        assert said in section
