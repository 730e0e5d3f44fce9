"""The report of a shift."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.generic import View

from songhe.domains.dispatch import shift_reads
from songhe.domains.monitoring.panels import row as alarm_row

LONGEST_BACK = timedelta(days=400)


class ShiftReport(View):
    """The shift that is over, or another by its beginning (`since`)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        shift = shift_reads.shift_before(shift_reads.shift_at(now))
        try:
            asked = parse_datetime(request.GET.get("since", ""))
        except ValueError:
            asked = None
        if asked is not None and asked.tzinfo is not None and now - LONGEST_BACK < asked <= now:
            shift = shift_reads.shift_at(asked)
        following = shift_reads.shift_at(shift.until)
        found = shift_reads.report(actor, shift, at=now)
        context = {
            "report": found,
            "left": [alarm_row(actor, one, opened_id=None, at=now) for one in found.open_alarms],
            "urgent": [
                {
                    "line": one,
                    "taken": shift_reads.length(
                        (one.alarm.acknowledged_at - one.alarm.raised_at).total_seconds()
                    )
                    if one.alarm.acknowledged_at
                    else "",
                }
                for one in found.urgent
            ],
            "before": shift_reads.shift_before(shift),
            "after": following if following.since <= now else None,
            "goes_on": shift.until > now,
        }
        return render(request, "dispatch/shift.html", context)
