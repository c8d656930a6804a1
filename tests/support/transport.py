"""Leads requests to providers and models into an in-process sandbox instead of a socket."""

from collections.abc import Callable
from urllib.parse import urlsplit

from devstack.sandbox.provider import Break, Broken, Response, Sandbox
from devstack.sandbox.provider import Request as SandboxRequest
from system_sender.codes import Code
from system_sender.transport import Answer, Guard, NoAnswer, Request, Withheld

# Told of a request that timed out: how long it waited, and what the provider may still do.
TimedOut = Callable[[float, Callable[[], Response] | None], None]


class SandboxTransport:
    """Hands a request to the sandbox once the guard allows it, as a socket would."""

    def __init__(self, sandbox: Sandbox, *, timed_out: TimedOut | None = None) -> None:
        self.sandbox = sandbox
        self._timed_out = timed_out

    def forget_connections(self) -> None:
        """There are none."""

    def send(self, request: Request, *, seconds: float, guard: Guard) -> Answer | NoAnswer:
        """Send one request; see :class:`system_sender.transport.Transport`."""
        try:
            guard()
        except Withheld as withheld:
            return NoAnswer(began=False, code=withheld.code)
        arrived = SandboxRequest(
            request.method,
            urlsplit(request.url).path,
            dict(request.query or {}),
            dict(request.headers),
            request.body or b"",
        )
        models = self.sandbox.models
        answer = (models if models.serves(arrived) else self.sandbox).handle(arrived)
        if isinstance(answer, Broken):
            timed_out = answer.how is not Break.RESET and answer.seconds >= seconds
            if timed_out and self._timed_out is not None:
                self._timed_out(seconds, answer.resume)
            if answer.how is Break.RESET or timed_out or answer.resume is None:
                code = Code.PROVIDER_TIMEOUT if timed_out else Code.PROVIDER_RESET
                return NoAnswer(began=True, code=code)
            answer = answer.resume()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, headers, answer.body)
