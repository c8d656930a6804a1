"""The files of payloads, as they came or were published, with invented people."""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "payloads"


def payloads_in(provider: str) -> dict[str, dict[str, Any]]:
    """Return every payload of a provider, by the name of its file."""
    files = sorted((_FOLDER / provider).glob("*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}
