"""Writes docs/codes.md from the code, so that the page cannot say anything else."""

from devstack import paths
from system_sender.codes import Code

PAGE = paths.PROJECT / "docs" / "codes.md"


def page() -> str:
    """Return the page's text."""
    lines = [
        "# Codes",
        "",
        "Every answer carries one of these, and so does what a draft, a delivery or an event came",
        "to, in its row and in the log. They are stable: programs may rely on them. The command's",
        "own are in [its manual](sender.md). `python -m devstack.codes_page` writes this page from",
        "the code.",
        "",
        "| code | what it means, and what to do |",
        "|---|---|",
        *(f"| `{code.value}` | {code.sentence} |" for code in sorted(Code)),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
