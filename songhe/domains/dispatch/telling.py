"""Telling browsers that an order or a visit went on; ids only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db import connection

from songhe.base.regions.days import local
from songhe.domains.dispatch.models import Order
from songhe.kernel.wire import CHANNEL_LIVE, LiveEvent


def clock(moment: datetime) -> str:
    """Return a time of day as notices carry it, local: 10:24."""
    return local(moment).strftime("%H:%M")


def announce(order: Order, *, at: datetime, users: Iterable[UUID] = ()) -> None:
    """Announce at commit to whom the order may interest; users: workers beside the usual ones."""
    topics = [f"region:{order.region_code}", f"person:{order.person_id}"]
    if order.organization_id:
        topics.append(f"org:{order.organization_id}")
    topics += [f"user:{user}" for user in users]
    event = LiveEvent(topics=topics, kind="order", id=str(order.pk), at=at.isoformat())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s)", [CHANNEL_LIVE, msgspec.json.encode(event).decode()]
        )
