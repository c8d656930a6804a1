"""Values and bodies that nobody ought to send."""

import json
from typing import Any

# In the place of any field of a JSON body.
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    5,
    -1,
    1.5,
    1e400,
    10**30,
    "",
    " ",
    "0",
    "x",
    "lone \ud800 surrogate",
    "a\x00b\r\nBcc: eve@example.com",
    "../../admin?x=1#y",
    "x" * 70_000,
    [],
    [None],
    [[["x"]]],
    {},
    {"x": None},
    {"message_id": {"id": []}},
)

# In the place of the fields that an answer is judged by.
_IN_FIELDS: tuple[Any, ...] = (None, 0, "", "\ud800", [], [1, [None]], {}, {"x": [{}]}, True)

ODD_BODIES: tuple[bytes, ...] = (
    b"",
    b"\x00",
    b"\xff\xfe",
    b"{",
    b"[[[[]]]]",
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"NaN",
    b'{"id": NaN, "error": NaN}',
    b"9" * 10_000,
    b'"\\ud800"',
    *(
        json.dumps({name: value}).encode()
        for name in ("message", "error", "errors", "msg", "type", "data", "success", "ok", "id")
        for value in _IN_FIELDS
    ),
)
