"""What a stranger may do to an HTTP port of ours: uvicorn's protocol with limits it has not.

uvicorn waits for the head of a request for ever and takes one of any size. Here a head has a time
and a size, and when too many connections wait, the one that has waited longest for a whole request
makes room. So neither slow nor endless heads keep others out, the supervisor among them.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
HEAD_BYTES = 64 * 1024
WAITING = 2000
# A body that nobody reads any more (its answer is sent) may still arrive for so long.
REST_S = 15.0


class LimitedHttp(HttpToolsProtocol):
    """One HTTP connection. `waiting`: those without a request in work, longest first."""

    waiting: dict[LimitedHttp, None] = {}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._deadline: Any = None
        self._is_in_head = False
        self._head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Admit a connection; let the one go that has waited longest when there are too many."""
        super().connection_made(transport)
        self._wait(HEAD_S)
        if len(self.waiting) > WAITING:
            next(iter(self.waiting)).close_now()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._work()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; a head that grows beyond its size ends the connection."""
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.close_now()

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A whole head: from here on the application limits what happens."""
        self._is_in_head = False
        self._work()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """An answer is sent: the next request must be there in time."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait(REST_S)

    def close_now(self) -> None:
        """Drop the connection, whatever is still to be written."""
        self._work()
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        self._work()
        self.waiting[self] = None
        self._deadline = self.loop.call_later(seconds, self.close_now)

    def _work(self) -> None:
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
