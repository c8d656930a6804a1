"""One HTTP/1.1 connection, read and written by hand.

A web framework hides exactly what is needed here: the moment of the first byte, requests that stop
half-way, answers in one piece or drop by drop, and connections that end with a reset.
"""

import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Event
from urllib.parse import parse_qsl, unquote

from devstack.sandbox.wire import Request, Response

_LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 16 * 1024 * 1024
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class MalformedRequestError(ValueError):
    """The bytes are not a request that this server reads. ``status`` is the answer to it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Arrival:
    """A request, when its first bytes were read (epoch seconds UTC), and whether it is whole."""

    began_at: float
    request: Request
    whole: bool


class Connection:
    """A connection from a client."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.client: tuple[str, int] = sock.getpeername()
        self.server: tuple[str, int] = sock.getsockname()

    def read(self) -> Arrival | None:
        """Waits for the next request; ``None`` when the client has closed between requests.

        Raises:
            MalformedRequestError: no length that can be used, or too long.
        """
        if not self._buffer and not self._fill():
            return None
        began_at = time.time()
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEAD:
                raise MalformedRequestError(431, "The header of the request is too long.")
            if not self._fill():
                return Arrival(began_at, _read_head(self._buffer), whole=False)
        head = _read_head(self._buffer[:end])
        length = _body_length(head.headers)
        stop = end + 4 + length
        whole = True
        while len(self._buffer) < stop and whole:
            whole = self._fill()
        body, self._buffer = self._buffer[end + 4 : stop], self._buffer[stop:]
        request = Request(head.method, head.path, head.query, head.headers, body)
        return Arrival(began_at, request, whole)

    def write(self, response: Response, *, last: bool = False) -> None:
        """Sends the answer in one piece; ``last`` tells the client that no other follows."""
        self._socket.sendall(_encode(response, last))

    def drip(self, response: Response, seconds: float, stopping: Event) -> None:
        """Sends the answer byte by byte, evenly over ``seconds``."""
        octets = _encode(response, last=True)
        begin = time.monotonic()
        for index in range(len(octets)):
            self._socket.sendall(octets[index : index + 1])
            due = begin + seconds * (index + 1) / len(octets)
            if stopping.wait(max(0.0, due - time.monotonic())):
                return

    def reset(self) -> None:
        """Ends the connection with a RST segment, not with an orderly close."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _fill(self) -> bool:
        octets = self._socket.recv(65536)
        self._buffer += octets
        return bool(octets)


def _read_head(octets: bytes) -> Request:
    lines = octets.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    method = parts[0]
    path, _, query = (parts[1] if len(parts) > 1 else "").partition("?")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(
        method,
        unquote(path),
        dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers,
    )


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise MalformedRequestError(411, "A request to the sandbox needs a Content-Length.")
    text = headers.get("content-length", "0")
    if not text.isdecimal():
        raise MalformedRequestError(400, "The Content-Length of the request is not a number.")
    if int(text) > _LONGEST_BODY:
        raise MalformedRequestError(413, "The body of the request is too long.")
    return int(text)


def _encode(response: Response, last: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
    lines.extend(f"{name}: {value}" for name, value in response.headers.items())
    if response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"Content-Length: {len(response.body)}")
    if last:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + response.body
