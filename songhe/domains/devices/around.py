"""What becomes of devices when the person or the home they serve changes.

A binding ends with the death, not with the day on which we heard of it: what a worn device measured
afterwards was not the dead. Readings already stored stay where they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services as audit
from songhe.domains.devices.models import Binding
from songhe.domains.devices.selectors import devices_of
from songhe.domains.devices.snapshots import write_snapshots
from songhe.domains.people import selectors as people


@transaction.atomic
def end_bindings_of_the_dead(*, person_id: UUID, died_on: date, at: datetime) -> int:
    """End what serves a person with the day of death; return how many bindings ended.

    One that began after it ends now: somebody bound it, and should see that.
    """
    ends = people.end_of_day(died_on)
    after = Q(period__endswith__gt=ends) | Q(period__upper_inf=True)
    open_rows = list(Binding.objects.select_for_update().filter(after, person=person_id))
    for row in open_rows:
        end = ends if row.period.lower < ends else max(at, row.period.lower)
        row.period = DateTimeTZRange(row.period.lower, end)
        row.save(update_fields=["period"])
        audit.record_change(
            actor=SYSTEM,
            action="devices.unbind_device",
            ref=f"devices.Device/{row.device_id}",
            at=at,
            detail={"person": str(person_id), "because": "died"},
        )
    write_snapshots([row.device_id for row in open_rows], at=at)
    return len(open_rows)


@transaction.atomic
def write_snapshots_around(*, person_id: UUID, home_ids: Iterable[UUID], at: datetime) -> None:
    """Write anew what the gateway knows of the devices of a person and of the rooms of homes."""
    found = {
        line.device.pk
        for home_id in [None, *home_ids]
        for line in devices_of(person_id=person_id, home_id=home_id, at=at)
    }
    write_snapshots(found, at=at)
