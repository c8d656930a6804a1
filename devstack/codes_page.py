"""Writes docs/codes.md from the code, so that the page cannot say anything else."""

from devstack import paths
from system_sender.codes import Code

PAGE = paths.PROJECT / "docs" / "codes.md"


def page() -> str:
    """Return the page's text."""
    lines = [
        "# Codes",
        "",
        "Every answer, log line and row carries one of these. They are stable: programs may rely",
        "on them. `python -m devstack.codes_page` writes this page from the code.",
        "",
        "| code | what it means, and what to do |",
        "|---|---|",
        *(f"| `{code.value}` | {code.sentence} |" for code in sorted(Code)),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
