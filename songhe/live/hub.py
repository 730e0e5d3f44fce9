"""Who listens to what: the open streams, and handing each the events of its topics."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from uuid import UUID

import msgspec

from songhe.kernel.wire import LiveEvent, LiveTicket

REGION = "region:"
_CLOSED = b""


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


class Stream:
    """One reader's bounded queue. When it is full the reader is too slow and is let go."""

    def __init__(self, ticket: LiveTicket, limit: int) -> None:
        self.topics = tuple(ticket.topics)
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
        self.dropped = 0
        self.stopping = False

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def full(self) -> bool:
        return self.stopping or len(self._streams) >= self._most

    def join(self, ticket: LiveTicket) -> Stream:
        """Open a stream for an admitted reader."""
        stream = Stream(ticket, self._queue_events)
        self._streams.add(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.discard(stream)

    def watched(self, prefix: str) -> set[UUID]:
        """Return the ids behind a prefix among all topics that are listened to."""
        return {
            UUID(topic.removeprefix(prefix))
            for stream in self._streams
            for topic in stream.topics
            if topic.startswith(prefix)
        }

    def publish(self, event: LiveEvent) -> int:
        """Give an event to the streams of its topics; return how many."""
        piece = frame(event.kind, event)
        heard = [stream for stream in self._streams if matches(stream.topics, event.topics)]
        for stream in heard:
            stream.put(piece)
            self.dropped += stream.closed
        return len(heard)

    def tell_all(self, kind: str, at: str) -> None:
        """Give every stream a word of the process itself."""
        piece = frame(kind, at=at)
        for stream in list(self._streams):
            stream.put(piece)

    def stop(self) -> None:
        """End every stream and admit no more."""
        self.stopping = True
        for stream in list(self._streams):
            stream.close()
