"""What a process does that races another for a worker's time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import services as dispatch
from songhe.domains.dispatch.services.visits import WorkerBusy
from songhe.domains.homecare import services
from songhe.domains.homecare.services.visiting import WithSomebodyElse
from songhe.domains.homecare.terms import Purpose


def take(how: str, what: str, worker: str, begins: list[str], at: str) -> dict[str, Any]:
    """Plan visits of an order, or arrange one for a bed, at some times; return which were got."""
    got = []
    now = datetime.fromisoformat(at)
    for moment in begins:
        begins_at = datetime.fromisoformat(moment)
        try:
            if how == "plan":
                dispatch.plan_visit(
                    actor=SYSTEM,
                    order_id=UUID(what),
                    worker_id=UUID(worker),
                    begins_at=begins_at,
                    ends_at=begins_at + timedelta(hours=1),
                    at=now,
                )
            else:
                services.arrange_visit(
                    actor=SYSTEM,
                    bed_id=UUID(what),
                    purpose=Purpose.ASSESS,
                    visitor_id=UUID(worker),
                    begins_at=begins_at,
                    at=now,
                )
        except (WorkerBusy, WithSomebodyElse):
            continue
        got.append(moment)
    return {"got": got}
