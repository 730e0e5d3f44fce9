"""The ASGI application: `/stream?since=` as events, `/healthz`, `/metrics`.

The ticket of a stream is the body of a POST, or `ticket` of a GET while it is small: that of a
doctor with thousands of patients is longer than an address may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from songhe.kernel import exposition, tickets
from songhe.live.hub import Hub, Stream, frame
from songhe.live.listener import Listener
from songhe.live.metrics import registry_of
from songhe.live.settings import Settings
from songhe.live.watch import Watch

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

RETRY_MS = 2_000
TICKET_BYTES = 2**20
METHODS = {"/stream": "GET, POST", "/healthz": "GET", "/metrics": "GET"}
AGAIN_EVENT = b"event: again\n"
_OPEN: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def hostname(authority: str) -> str:
    """Return the host of an authority such as "localhost:8001" or "[::1]:8001", in lower case."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").lower()
    except ValueError:
        return ""


def is_same_host(origin: str, host: str) -> bool:
    """Tell whether a browser's origin has the hostname that it asked, whatever the ports."""
    try:
        asked_by = urlsplit(origin)
        name = (asked_by.hostname or "").lower()
    except ValueError:
        return False
    return asked_by.scheme in {"http", "https"} and name != "" and name == hostname(host)


class Live:
    """The application with what it holds: the hub of streams and the listener."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.secret = settings.secret()
        self.hub = Hub(queue_events=settings.live_queue_events, streams=settings.live_streams)
        self.listener = Listener(settings.database_url, self.hub)
        self.watch = Watch(settings.database_url, self.hub)
        self.registry = registry_of(self.hub, self.listener)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        tasks = [asyncio.create_task(one.run()) for one in (self.listener, self.watch)]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {k: v.decode("latin-1") for k, v in scope["headers"]}
        origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
        if origin and not is_same_host(origin, host):
            await _problem(send, 403, "live.other_origin")
            return
        allow: Headers = [(b"vary", b"Origin")]
        if origin:
            allow.append((b"access-control-allow-origin", origin.encode("latin-1")))
        methods = METHODS.get(scope["path"])
        if methods is None:
            await _problem(send, 404, "live.not_found", allow)
        elif scope["method"] not in methods.split(", "):
            await _problem(send, 405, "live.method", [*allow, (b"allow", methods.encode())])
        elif scope["path"] == "/healthz":
            await self._health(send)
        elif scope["path"] == "/metrics":
            await self._measures(scope, headers, send)
        else:
            await self._open(scope, receive, send, allow)

    async def _measures(self, scope: Message, headers: Mapping[bytes, str], send: Send) -> None:
        named = {name.decode("latin-1"): value for name, value in headers.items()}
        token = exposition.token_of(self.settings.metrics_token, self.secret)
        if not exposition.is_admitted((scope.get("client") or ("", 0))[0], named, token):
            await _problem(send, 401, "live.metrics_token", [(b"www-authenticate", b"Bearer")])
            return
        body = generate_latest(self.registry)
        await _whole(send, 200, body, kind=CONTENT_TYPE_LATEST.encode())

    async def _health(self, send: Send) -> None:
        """Answer 200 from the first successful LISTEN on; a database restart is not our fault."""
        body = {
            "listening": self.listener.listening,
            "streams": len(self.hub),
            "dropped": self.hub.dropped,
        }
        await _whole(send, 200 if self.listener.heard_once else 503, body)

    async def _open(self, scope: Message, receive: Receive, send: Send, allow: Headers) -> None:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        given = asked.get("ticket", [""])[0]
        if scope["method"] == "POST":
            given = await _body(receive)
        try:
            ticket = tickets.verify(given, self.secret, time.time())
        except tickets.BadTicket as error:
            await _problem(send, 403, error.code, allow)
            return
        if self.hub.is_cut(ticket):
            await _problem(send, 403, "live.ended", allow)
            return
        if self.hub.full:
            await _problem(send, 503, "live.full", [*allow, (b"retry-after", b"5")])
            return
        stream = self.hub.join(ticket, _drawn_at(asked.get("since", [""])[0]))
        await self._stream(stream, receive, send, allow)

    async def _stream(self, stream: Stream, receive: Receive, send: Send, allow: Headers) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: stream.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _OPEN + allow})
            await _piece(send, b"retry: %d\n\n" % RETRY_MS + frame("hello", at=_now()))
            await self._pump(stream, send)
            await _piece(send, b"", more=False)
        except TimeoutError:
            self.hub.dropped += 1
        finally:
            self.hub.leave(stream)
            gone.cancel()

    async def _pump(self, stream: Stream, send: Send) -> None:
        """Send until the stream is closed; raises TimeoutError for a reader that does not read.

        After `live_longest_s` the reader hears `again` and must come with a new ticket, so that
        a role that has ended ends here as well.
        """
        until = time.monotonic() + self.settings.live_longest_s
        while (left_s := until - time.monotonic()) > 0:
            piece = await stream.next(min(left_s, self.settings.live_beat_s))
            if piece == b"":
                return
            async with asyncio.timeout(self.settings.live_send_s):
                await _piece(send, self._beat() if piece is None else piece)
            if piece is not None and AGAIN_EVENT in piece:
                return
        await _piece(send, frame("again", at=_now()))

    def _beat(self) -> bytes:
        """Return a comment that keeps the line open, and `beat` only while we really listen."""
        comment = b": beat\n\n"
        return comment + frame("beat", at=_now()) if self.listener.listening else comment


def _drawn_at(asked: str) -> float | None:
    """Return when the asking page was drawn (epoch seconds); None when it does not say."""
    try:
        return datetime.fromisoformat(asked).timestamp()
    except ValueError:
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


async def _body(receive: Receive) -> str:
    """Return what was sent, "" where it is longer than any ticket or its sender is gone."""
    body = bytearray()
    while len(body) <= TICKET_BYTES:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect":
            return ""
        if not message.get("more_body", False):
            return body.decode("latin-1")
    return ""


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _piece(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _whole(
    send: Send,
    status: int,
    body: object,
    headers: Headers | None = None,
    kind: bytes = b"application/json",
) -> None:
    written = body if isinstance(body, bytes) else msgspec.json.encode(body)
    start: Headers = [
        (b"content-type", kind),
        (b"content-length", b"%d" % len(written)),
        (b"cache-control", b"no-store"),
        *(headers or []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await _piece(send, written, more=False)


async def _problem(send: Send, status: int, code: str, headers: Headers | None = None) -> None:
    body = {"type": "about:blank", "status": status, "code": code}
    await _whole(send, status, body, headers, b"application/problem+json")
