"""`python -m system_sender.cli` is `sender`."""

from system_sender.cli import main

main()
