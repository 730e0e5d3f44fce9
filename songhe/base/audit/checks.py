"""Looks over the whole chain that somebody asked for: asked, done by a job, kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction

from songhe.base.audit import services
from songhe.base.audit.jobs import check
from songhe.base.audit.models import ChainCheck

if TYPE_CHECKING:
    from songhe.base.access.actor import Actor

LOST = timedelta(hours=2)


@transaction.atomic
def ask(*, actor: Actor, action: str, at: datetime) -> ChainCheck:
    """Ask for a check; one that waits or runs already is taken, unless it was lost hours ago."""
    with connection.cursor() as cursor:  # of two who ask at once the second sees the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit.check'))")
    open_one = ChainCheck.objects.filter(ended_at=None, asked_at__gt=at - LOST).first()
    if open_one is not None:
        return open_one
    asked = ChainCheck.objects.create(asked_by=actor.user_id, asked_at=at)
    services.record_change(actor=actor, action=action, ref=f"audit.ChainCheck/{asked.pk}", at=at)
    check.defer(check_id=str(asked.pk))
    return asked


def last_checks(limit: int = 5) -> list[ChainCheck]:
    """Return the last checks, the newest first; 1 query."""
    return list(ChainCheck.objects.order_by("-asked_at")[:limit])
