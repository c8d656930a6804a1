"""The operators' command, `sender`. It approves, edits and settles; the functions send.

Nothing outside this package may import it: its libraries are not in the layer.
"""


def main() -> None:
    """Run the command; the process exits with 0, 1 (refused or failed) or 2 (wrongly called)."""
    from system_sender.cli.app import app

    app(prog_name="sender")
