"""HTTP beside MQTT: the same messages by POST, the state of the process, its measures."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import structlog
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from songhe.gateway import metrics
from songhe.gateway.batch import Inbound
from songhe.gateway.decoders import Refused
from songhe.gateway.front.listener import Listener
from songhe.gateway.registry import KINDS, TOPIC_ROOT
from songhe.gateway.settings import PAYLOAD_LIMIT
from songhe.kernel import exposition

log = structlog.get_logger("songhe.gateway.http")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_S = 10.0
STORE_S = 25.0
_PROBLEMS = {
    "unauthorised": (401, "Sign in with the device's key and secret (Basic)."),
    "metrics-token": (401, "Measures are read on this machine, or with the token."),
    "not-your-topic": (403, "This key belongs to another device."),
    "not-found": (404, "There is nothing here."),
    "method": (405, "This address takes another method."),
    "slow-body": (408, "The body did not arrive in time."),
    "too-large": (413, "A message holds at most 64 KiB."),
    "rate-limited": (429, "Too many messages; wait before the next one."),
    "unavailable": (503, "Nothing can be stored right now; send again later."),
}


class Problem(Exception):
    """An answer other than 200, as problem details (RFC 9457)."""

    def __init__(self, reason: str, **headers: str) -> None:
        self.reason = reason
        self.headers = headers
        super().__init__(reason)


class Call:
    """One POST on its way to the commit; it answers with what was refused."""

    def __init__(self) -> None:
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.count = 0
        self.rejected: list[dict[str, Any]] = []
        self.wholly = 0

    def begin(self, count: int) -> None:
        """Start the account of this body anew (a batch may be split and taken in again)."""
        self.count, self.rejected, self.wholly = count, [], 0

    def refuse(self, index: int, refused: Refused) -> bool:
        """Tell the caller, and keep a dead letter for the people who look after the device."""
        row: dict[str, Any] = {"index": index, "reason": refused.reason, "detail": refused.detail}
        if refused.is_partial:
            row["partial"] = True
        else:
            self.wholly += 1
        self.rejected.append(row)
        return True

    def overrun(self) -> None:
        """The answer still names every refusal; only their dead letters stop."""

    def settle(self, tokens: bytes) -> None:
        """Everything accepted is committed and judged."""
        if not self.done.done():
            self.done.set_result(True)

    def give_up(self) -> None:
        """Nothing is certain: the caller sends again, and what was stored is not stored twice."""
        if not self.done.done():
            self.done.set_result(False)

    def answer(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"accepted": self.count - self.wholly, "rejected": self.rejected}


class HttpFront:
    """The ASGI application."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            status, body, kind = await self._route(scope, receive)
            headers: dict[str, str] = {}
        except Problem as problem:
            status, title = _PROBLEMS[problem.reason]
            kind, headers = "application/problem+json", problem.headers
            fields = {"type": "about:blank", "title": title, "status": status}
            body = msgspec.json.encode(fields | {"code": problem.reason})
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        raw += [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    async def _route(self, scope: Scope, receive: Receive) -> tuple[int, bytes, str]:
        path, method = scope["path"], scope["method"]
        if path in ("/healthz", "/metrics"):
            if method not in ("GET", "HEAD"):
                raise Problem("method", Allow="GET, HEAD")
            return self._health() if path == "/healthz" else self._measures(scope)
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != "v1" or parts[3] not in KINDS:
            raise Problem("not-found")
        if method != "POST":
            raise Problem("method", Allow="POST")
        return await self._ingest(scope, receive, parts[2], parts[3])

    def _health(self) -> tuple[int, bytes, str]:
        is_down = self._listener.writer.is_down
        state = {"status": "no-database" if is_down else "ok"}
        return 503 if is_down else 200, msgspec.json.encode(state), "application/json"

    def _measures(self, scope: Scope) -> tuple[int, bytes, str]:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        peer = (scope.get("client") or ("", 0))[0]
        settings = self._listener.settings
        token = exposition.token_of(settings.metrics_token, settings.secret_key)
        if not exposition.is_admitted(peer, headers, token):
            raise Problem("metrics-token", **{"WWW-Authenticate": "Bearer"})
        metrics.note_queue(
            self._listener.writer, settings.gateway_queue_messages, self._listener.now_us()
        )
        return 200, generate_latest(metrics.REGISTRY), CONTENT_TYPE_LATEST

    async def _ingest(
        self, scope: Scope, receive: Receive, key: str, kind: str
    ) -> tuple[int, bytes, str]:
        listener, headers = self._listener, dict(scope["headers"])
        now_us = listener.now_us()
        name, secret = _basic(headers.get(b"authorization", b""))
        found = listener.registry.sign_in(name, secret, now_us)
        if found is None:
            raise Problem("unauthorised", **{"WWW-Authenticate": 'Basic realm="songhe"'})
        sender, _ = found
        topic = f"{TOPIC_ROOT}{key}/{kind}"
        route = listener.registry.route_to(sender, key, kind, topic)
        if route.refusal:
            raise Problem("not-your-topic")
        bucket = listener.bucket(sender, now_us)
        debt_s = bucket.debt_s(now_us)
        if debt_s > 0:
            raise Problem("rate-limited", **{"Retry-After": str(int(debt_s) + 1)})
        if listener.writer.is_down or listener.writer.full or listener.is_stopping:
            raise Problem("unavailable", **{"Retry-After": "5"})
        payload = await _body(headers, receive)
        received_us = listener.now_us()
        bucket.take(1 + (len(payload) >> 10), received_us)
        call = Call()
        # Of a body that comes again we cannot know it, as MQTT's DUP lets us: the sender
        # writes sent_at anew, or leaves it out.
        listener.writer.put(Inbound(call, b"", route, payload, received_us))
        try:
            stored = await asyncio.wait_for(call.done, STORE_S)
        except TimeoutError:
            stored = False
        if not stored:
            raise Problem("unavailable", **{"Retry-After": "5"})
        return 200, msgspec.json.encode(call.answer()), "application/json"


def _basic(header: bytes) -> tuple[str | None, bytes | None]:
    """Return (key, secret) of a Basic authorization header, or nothing usable."""
    scheme, _, rest = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None, None
    try:
        key, colon, secret = base64.b64decode(rest.strip(), validate=True).partition(b":")
        return (key.decode(), secret) if colon else (None, None)
    except (binascii.Error, UnicodeDecodeError):
        return None, None


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """Return a request's body of at most 64 KiB, however slowly it would like to come."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > PAYLOAD_LIMIT:
        raise Problem("too-large", Connection="close")
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem("slow-body")
                part = message.get("body", b"")
                size += len(part)
                if size > PAYLOAD_LIMIT:
                    raise Problem("too-large", Connection="close")
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Problem("slow-body", Connection="close") from None
