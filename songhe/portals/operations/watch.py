"""A thread of the web process that looks at the platform every few seconds, so that no page must.

The jobs process cannot say that it is down itself; the pages can: the newest sample is too old.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from songhe.base.health import freshness
from songhe.base.health import selectors as health
from songhe.domains.monitoring import selectors as monitoring
from songhe.engines.alarms.terms import Priority

EVERY_S = 5.0
# A thread that did not look for so long is stuck: then nothing is known.
TRUSTED = timedelta(seconds=60)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the thread saw: whether the database answered, the newest sample, the grave troubles."""

    looked_at: datetime
    database_up: bool
    sampled_at: datetime | None = None
    grave: tuple[str, ...] = field(default=())

    @property
    def watch_silent(self) -> bool:
        """Tell whether nobody took samples any more when the thread looked."""
        return self.database_up and freshness.is_stale(self.sampled_at, at=self.looked_at)


_lock = threading.Lock()
_seen: Seen | None = None
_began_at: datetime | None = None


def look(*, at: datetime) -> Seen:
    """Look once and remember it for the pages of this process."""
    global _seen
    try:
        newest = health.newest_at()
        grave = (
            tuple(
                one.rule
                for one in monitoring.platform_troubles(at=at)
                if one.priority == Priority.HIGH and one.lasted
            )
            if not freshness.is_stale(newest, at=at)
            else ()
        )
        seen = Seen(at, True, newest, grave)
    except DatabaseError:
        seen = Seen(at, False)
    with _lock:
        _seen = seen
    return seen


def forget() -> None:
    """Know nothing, as a process that has just started."""
    global _seen, _began_at
    with _lock:
        _seen = _began_at = None


def seen(*, at: datetime) -> Seen | None:
    """Return what was seen lately; None where no thread looks, or it has just begun."""
    with _lock:
        found, began_at = _seen, _began_at
    if found is None or at - found.looked_at > TRUSTED:
        return None
    just_begun = began_at is not None and at - began_at < freshness.stale_after()
    return None if found.watch_silent and just_begun else found


def start() -> None:
    """Begin to look; called once in every worker of the web process."""
    global _began_at
    _began_at = timezone.now()
    threading.Thread(target=_run, name="platform watch", daemon=True).start()


def _run() -> None:
    while True:
        try:
            close_old_connections()
            look(at=timezone.now())
        except Exception:
            log.exception("platform_watch_failed")
        finally:
            close_old_connections()
        time.sleep(EVERY_S)
