"""Who listens to what: the open streams, and handing each the events of its topics.

A page is drawn before its stream is open. What was announced between the two is not lost: the page
says of when it is, and the stream begins with what came since.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from songhe.kernel.wire import LiveEvent, LiveTicket

REGION = "region:"
AGAIN = "again:"
_CLOSED = b""
KEPT = 2_000
KEPT_S = 120.0
MISSED = 50
# A ticket from before a sign-in ended opens no stream after it: longer than any ticket is good for.
CUT_KEPT_S = 180.0
# A fact may be dated a little before the commit that makes it visible.
COMMIT_S = 5.0


def matches(allowed: Iterable[str], topics: Iterable[str]) -> bool:
    """Tell whether a reader of the allowed topics hears an event of these topics.

    Topics are equal, or both are regions and the event's lies within the allowed one.
    """
    heard = tuple(topics)
    return any(
        topic == one or (one.startswith(REGION) and topic.startswith(one))
        for one in allowed
        for topic in heard
    )


def frame(kind: str, event: LiveEvent | None = None, *, at: str = "") -> bytes:
    """Return one server-sent event; its data carries kind, id and at, never the topics."""
    body = {"kind": kind, "id": event.id if event else "", "at": event.at if event else at}
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode(body))


def names_of(ticket: LiveTicket) -> tuple[str, str]:
    """Return under which names the streams of a ticket are cut: the account, and the sign-in."""
    return f"user:{ticket.user}", f"session:{ticket.session}"


class Stream:
    """One reader's bounded queue. When it is full the reader is too slow and is let go.

    `since` is when the reader's page was drawn (epoch seconds), less the time a commit may take.
    """

    def __init__(self, ticket: LiveTicket, limit: int, since: float) -> None:
        self.names = names_of(ticket)
        self.session = ticket.session
        self.topics = tuple(ticket.topics)
        self.since = since
        self._limit = limit
        self._queue: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self.closed = False

    def put(self, piece: bytes) -> None:
        """Queue a piece for the reader; a reader with a full queue is closed."""
        if self.closed:
            return
        if len(self._queue) >= self._limit:
            self.close()
            return
        self._queue.append(piece)
        self._filled.set()

    def close(self) -> None:
        """End the stream after nothing more; its browser comes back by itself."""
        self.closed = True
        self._queue.clear()
        self._filled.set()

    async def next(self, wait_s: float) -> bytes | None:
        """Return all that is queued; None when nothing came in time, b"" when it is closed."""
        if not self._filled.is_set():
            try:
                await asyncio.wait_for(self._filled.wait(), wait_s)
            except TimeoutError:
                return None
        if self.closed:
            return _CLOSED
        self._filled.clear()
        pieces = b"".join(self._queue)
        self._queue.clear()
        return pieces


class Hub:
    """All open streams of this process."""

    def __init__(self, *, queue_events: int, streams: int) -> None:
        self._queue_events = queue_events
        self._most = streams
        self._streams: set[Stream] = set()
        self._kept: deque[tuple[float, LiveEvent]] = deque(maxlen=KEPT)
        self._knows_from = time.time()
        self._cut: dict[str, float] = {}
        self.dropped = 0
        self.heard = 0
        self.delivered = 0
        self.stopping = False

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def full(self) -> bool:
        return self.stopping or len(self._streams) >= self._most

    def join(self, ticket: LiveTicket, drawn_at: float | None = None) -> Stream:
        """Open a stream for an admitted reader, beginning with what came since its page was drawn.

        `drawn_at` (epoch seconds) is None for a reader that shows nothing yet. Who asks for more
        than is kept hears `resync`.
        """
        now = time.time()
        since = now if drawn_at is None else min(drawn_at - COMMIT_S, now)
        stream = Stream(ticket, self._queue_events, since)
        self._streams.add(stream)
        missed = [
            event
            for at, event in self._kept
            if at >= since and matches(stream.topics, event.topics)
        ]
        if since < max(self._knows_from, now - KEPT_S) or len(missed) > MISSED:
            stream.put(frame("resync", at=_moment(now)))
            return stream
        for event in missed:
            stream.put(frame(event.kind, event))
        return stream

    def is_cut(self, ticket: LiveTicket) -> bool:
        """Tell whether the account or the sign-in of a ticket was ended after it was given."""
        return any(name in self._cut for name in names_of(ticket))

    def cut(self, payload: str) -> int:
        """End the streams of `user:<id>` or `session:<id>` and admit none of them; return how many.

        `again:<user id>` lets them come back with a new ticket: what they may hear has changed.
        """
        if payload.startswith(AGAIN):
            name = f"user:{payload.removeprefix(AGAIN)}"
            ended = [stream for stream in self._streams if name in stream.names]
            for stream in ended:
                stream.put(frame("again", at=_moment(time.time())))
            return len(ended)
        now = time.time()
        self._cut = {name: at for name, at in self._cut.items() if at > now - CUT_KEPT_S}
        self._cut[payload] = now
        ended = [stream for stream in self._streams if payload in stream.names]
        for stream in ended:
            stream.close()
        return len(ended)

    def sessions(self) -> set[str]:
        """Return the sign-ins that streams belong to."""
        return {stream.session for stream in self._streams if stream.session}

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.discard(stream)

    def watched(self, prefix: str) -> dict[UUID, float]:
        """Return the ids behind a prefix among all topics that are listened to.

        With each comes the earliest moment (epoch seconds) from which a reader wants to know.
        """
        wanted: dict[UUID, float] = {}
        for stream in self._streams:
            for topic in stream.topics:
                if topic.startswith(prefix):
                    one = UUID(topic.removeprefix(prefix))
                    wanted[one] = min(stream.since, wanted.get(one, stream.since))
        return wanted

    def publish(self, event: LiveEvent) -> int:
        """Give an event to the streams of its topics; return how many."""
        self._keep(event)
        piece = frame(event.kind, event)
        heard = [stream for stream in self._streams if matches(stream.topics, event.topics)]
        self.heard += 1
        for stream in heard:
            stream.put(piece)
            self.dropped += stream.closed
            self.delivered += not stream.closed
        return len(heard)

    def _keep(self, event: LiveEvent) -> None:
        now = time.time()
        if len(self._kept) == KEPT:
            self._knows_from = max(self._knows_from, self._kept[0][0])
        self._kept.append((now, event))

    def resync(self) -> None:
        """Tell every stream that what was said meanwhile is unknown; forget what was kept."""
        now = time.time()
        self._kept.clear()
        self._knows_from = now
        piece = frame("resync", at=_moment(now))
        for stream in list(self._streams):
            stream.put(piece)

    def stop(self) -> None:
        """End every stream and admit no more."""
        self.stopping = True
        for stream in list(self._streams):
            stream.close()


def _moment(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
