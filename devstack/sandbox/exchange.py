"""One understood request on its way to an answer, an ordinary one or a programmed fault."""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from devstack.sandbox.contract import Accepted, LookUp, Provider, Send, Settings
from devstack.sandbox.faults import Fault, Kind
from devstack.sandbox.ledger import Ledger
from devstack.sandbox.wire import Break, Broken, Request, Response


@dataclass
class Exchange:
    """A valid request, who answers it, and where that is written down.

    ``moment`` is when it is decided, epoch seconds UTC; ``lock`` is the sandbox's.
    """

    provider: Provider
    request: Request
    call: Send | LookUp
    number: int
    moment: float
    ledger: Ledger
    settings: Settings
    clock: Callable[[], float]
    lock: AbstractContextManager[bool]

    def serve(self) -> Response:
        """Does what was asked and gives the ordinary answer."""
        if isinstance(self.call, LookUp):
            return self.call.answer(self.moment - self.settings.visibility_delay_s)
        return self.provider.success(self._accept(self.call))

    def misbehave(self, fault: Fault) -> Response | Broken:
        """Does what the fault says."""
        return _BEHAVIOURS[fault.kind](self, fault)

    # -- no answer, or a slow one

    def _reset_before(self, _: Fault) -> Broken:
        return Broken(Break.RESET, accepted=False)

    def _reset_after(self, _: Fault) -> Broken:
        self.serve()
        return Broken(Break.RESET, accepted=self._is_send)

    def _stall_before(self, fault: Fault) -> Broken:
        return Broken(Break.STALL, accepted=False, seconds=fault.seconds)

    def _stall_after(self, fault: Fault) -> Broken:
        return self._serve_slowly(Break.STALL, fault)

    def _drip(self, fault: Fault) -> Broken:
        return self._serve_slowly(Break.DRIP, fault)

    def _freeze_client(self, fault: Fault) -> Broken:
        return self._serve_slowly(Break.FREEZE_CLIENT, fault)

    def _serve_slowly(self, how: Break, fault: Fault) -> Broken:
        answer = self.serve()

        @functools.cache
        def resume() -> Response:
            self.ledger.note(self.number, status=answer.status)
            return answer

        return Broken(how, self._is_send, fault.seconds, resume)

    def _accept_late(self, fault: Fault) -> Broken:
        @functools.cache
        def resume() -> Response:
            with self.lock:
                if not self.ledger.holds(self.number):
                    return self.provider.server_error(503)  # a reset came in between
                self.moment = self.clock()
                answer = self.serve()
                self.ledger.note(self.number, status=answer.status)
                return answer

        return Broken(Break.STALL, accepted=False, seconds=fault.seconds, resume=resume)

    # -- a wrong answer

    def _refuse(self, fault: Fault) -> Response:
        return self.provider.refusal(fault.refusal or "", fault.retry_after)

    def _duplicate(self, fault: Fault) -> Response:
        return self.provider.duplicate(fault.status or 400)

    def _server_error_before(self, fault: Fault) -> Response:
        return self.provider.server_error(fault.status or 500)

    def _server_error_after(self, fault: Fault) -> Response:
        self.serve()
        return self.provider.server_error(fault.status or 500)

    def _server_error_refusal(self, fault: Fault) -> Response:
        refusal = self._refuse(fault)
        return Response(fault.status or 500, refusal.headers, refusal.body)

    def _redirect(self, fault: Fault) -> Response:
        host = self.request.header("Host") or "127.0.0.1"
        location = f"http://{host}{self.request.path}?redirected=1"
        return Response(fault.status or 302, {"Location": location})

    # -- a strange success

    def _empty_success(self, fault: Fault) -> Response:
        self._accept_unless_told(fault, default=True)
        return Response(fault.status or 201)

    def _html_success(self, fault: Fault) -> Response:
        self._accept_unless_told(fault, default=True)
        page = b"<!DOCTYPE html><html><body>Please wait ...</body></html>"
        return Response(fault.status or 200, {"Content-Type": "text/html"}, page)

    def _success_without_id(self, fault: Fault) -> Response:
        return self.provider.success_without_id(self._accept_unless_told(fault, default=True))

    def _success_error_body(self, fault: Fault) -> Response:
        self._accept_unless_told(fault, default=False)
        return self.provider.success_error_body()

    # -- taking the message

    def _accept_unless_told(self, fault: Fault, *, default: bool) -> Accepted | None:
        accepts = default if fault.accepts is None else fault.accepts
        return self._accept(self.call) if accepts and isinstance(self.call, Send) else None

    def _accept(self, send: Send) -> Accepted:
        accepted = self.provider.accept(send, self.moment)
        self.ledger.note(
            self.number,
            accepted=True,
            accepted_at=int(self.moment * 1000),
            message_id=accepted.message_id,
            conversation_id=accepted.conversation_id,
        )
        return accepted

    @property
    def _is_send(self) -> bool:
        return isinstance(self.call, Send)


_BEHAVIOURS: dict[Kind, Callable[[Exchange, Fault], Response | Broken]] = {
    Kind.REFUSE: Exchange._refuse,
    Kind.DUPLICATE: Exchange._duplicate,
    Kind.RESET_BEFORE: Exchange._reset_before,
    Kind.RESET_AFTER: Exchange._reset_after,
    Kind.STALL_BEFORE: Exchange._stall_before,
    Kind.STALL_AFTER: Exchange._stall_after,
    Kind.ACCEPT_LATE: Exchange._accept_late,
    Kind.SERVER_ERROR_BEFORE: Exchange._server_error_before,
    Kind.SERVER_ERROR_AFTER: Exchange._server_error_after,
    Kind.SERVER_ERROR_REFUSAL: Exchange._server_error_refusal,
    Kind.EMPTY_SUCCESS: Exchange._empty_success,
    Kind.HTML_SUCCESS: Exchange._html_success,
    Kind.SUCCESS_WITHOUT_ID: Exchange._success_without_id,
    Kind.SUCCESS_ERROR_BODY: Exchange._success_error_body,
    Kind.REDIRECT: Exchange._redirect,
    Kind.DRIP: Exchange._drip,
    Kind.FREEZE_CLIENT: Exchange._freeze_client,
}
