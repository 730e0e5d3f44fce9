"""Who works now, by weekly shifts and leave."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from songhe.domains.dispatch.models import Leave, WeeklyShift

_DAY = timedelta(days=1)


class Duty(TextChoices):
    """Whether somebody works now. UNKNOWN: the provider keeps no shifts."""

    ON = "on", _("on duty")
    OFF = "off", _("off duty")
    AWAY = "away", _("on leave")
    UNKNOWN = "unknown", ""


def duties(organization_id: UUID, users: Iterable[UUID], *, at: datetime) -> dict[UUID, Duty]:
    """Return who of a provider works at a moment; 2 queries whatever the number."""
    wanted, today = list(users), timezone.localdate(at)
    rows = list(
        WeeklyShift.objects.filter(
            organization=organization_id, period__overlap=(today - _DAY, today + _DAY)
        )
    )
    away = set(
        Leave.objects.filter(worker__in=wanted, period__contains=at).values_list(
            "worker", flat=True
        )
    )
    spans = ((row.worker_id, row.on(day)) for row in rows for day in (today - _DAY, today))
    working = {user for user, span in spans if span is not None and span[0] <= at < span[1]}
    rest = Duty.OFF if rows else Duty.UNKNOWN
    return {
        user: Duty.AWAY if user in away else Duty.ON if user in working else rest for user in wanted
    }
