"""One HTTP request with one total deadline, which tells whether its first byte was written.

requests reports failures by what broke, not by when. Whether a message may have left depends
only on the when: nothing can have been accepted before the first byte of the request went out.
So the connection itself notes that moment, and asks for permission right before it.
"""

import http.client
import http.cookiejar
import io
import socket
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from system_sender.codes import Code
from system_sender.world import World

CONNECT_SECONDS = 3.0
# A pooled connection that lay idle longer may be dead at the other end; writing to it would look
# like a reset after the request began, which nobody can tell from a message that left.
IDLE_SECONDS = 4.0
# No provider's answer to a send is larger; more is not worth reading.
LARGEST_ANSWER = 256 * 1024
# A page of a provider's records has whole e-mails in it; cut off, it would be unreadable.
LARGEST_PAGE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a provider, ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    query: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer came. If `began` is false, the provider cannot have seen the request."""

    began: bool
    code: Code


class Withheld(Exception):
    """Raised by a guard: the request must not begin."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code


Guard = Callable[[], None]


class Transport(Protocol):
    """Sends one request, once."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send the request unless the guard, asked right before the first byte, raises Withheld.

        Args:
            seconds: the total time limit, from now to the last byte of the answer.
        """
        ...

    def forget_connections(self) -> None:
        """Open fresh connections from here on: this process may have been frozen since."""
        ...


class _Flight:
    """One request on its way: whether it began, and how much of its time is left."""

    def __init__(self, world: World, seconds: float, guard: Guard) -> None:
        self.began = False
        self.world = world
        self._ends_at = world.monotonic() + seconds
        self._guard = guard

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return self._left() <= 0

    def begin(self) -> None:
        """Ask for permission and note that from here on the provider may see the request."""
        self._guard()
        if self.expired:
            raise Withheld(Code.UNREACHABLE)
        self.began = True

    def limit(self, connection: socket.socket) -> None:
        """Let the next operation on the connection take what is left of the time, and no more.

        Raises:
            TimeoutError: nothing is left.
        """
        left = self._left()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)

    def _left(self) -> float:
        return self._ends_at - self.world.monotonic()


_flight: ContextVar[_Flight] = ContextVar("flight")


class _LimitedReader(io.RawIOBase):
    """Reads an answer under one time limit.

    requests' timeouts are per read, so an answer that drips in would never end.
    """

    def __init__(self, connection: socket.socket, flight: _Flight) -> None:
        self._connection = connection
        self._flight = flight
        self._file = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._flight.limit(self._connection)
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_LimitedReader(sock, _flight.get()))


class _NotingConnection(HTTPConnection):
    response_class = _LimitedResponse
    used_at: int | None = None

    @property
    def is_connected(self) -> bool:
        return super().is_connected and _is_fresh(self.used_at)

    def send(self, data: Any) -> None:
        self.used_at = _begin(self)
        super().send(data)


class _NotingSecureConnection(_NotingConnection, HTTPSConnection):
    pass


def _is_fresh(used_at: int | None) -> bool:
    """Say whether a connection was in use a moment ago; the pool replaces one that was not."""
    if used_at is None:
        return True
    # Where the clock was set back, nobody knows how long ago it was.
    return 0 <= _flight.get().world.now() - used_at <= IDLE_SECONDS * 1000


def _begin(connection: HTTPConnection) -> int:
    flight = _flight.get()
    if connection.sock is None:
        connection.connect()
    if not flight.began:
        flight.begin()
    flight.limit(connection.sock)
    return flight.world.now()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _NotingConnection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _NotingSecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class HttpTransport:
    """Sends requests with a pooled session: no retries, no redirects, no cookies, no netrc."""

    def __init__(self, world: World, pool_size: int = 64) -> None:
        self._world = world
        self._session = requests.Session()
        # Otherwise requests would let a netrc file replace the Authorization header.
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_maxsize=pool_size, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def forget_connections(self) -> None:
        """Open fresh connections from here on; see :class:`Transport`."""
        self._session.close()

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request; see :class:`Transport`."""
        flight = _Flight(self._world, seconds, guard)
        token = _flight.set(flight)
        try:
            return self._exchange(request, seconds)
        except Withheld as withheld:
            return NoAnswer(began=False, code=withheld.code)
        except (requests.RequestException, HTTPError, OSError, UnicodeError):
            # The exception's text carries the URL, which some providers put a key into.
            return NoAnswer(began=flight.began, code=_failure_code(flight))
        finally:
            _flight.reset(token)

    def _exchange(self, request: Request, seconds: float) -> Answer:
        with self._session.request(
            request.method,
            request.url,
            params=request.query,
            data=request.body,
            headers=dict(request.headers),
            timeout=(min(CONNECT_SECONDS, seconds), seconds),
            allow_redirects=False,
            stream=True,
        ) as response:
            largest = LARGEST_PAGE if request.method == "GET" else LARGEST_ANSWER
            body = response.raw.read(largest, decode_content=True)
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                body,
            )


def _failure_code(flight: _Flight) -> Code:
    if not flight.began:
        return Code.UNREACHABLE
    return Code.PROVIDER_TIMEOUT if flight.expired else Code.PROVIDER_RESET
