"""The stored readings behind a chart, one by one; and voiding one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.people import panels as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.forms import ReasonForm
from songhe.domains.telemetry.panels import charts
from songhe.domains.telemetry.panels.window import (
    RANGE_WORDS,
    TABLE_RANGES_DAYS,
    Window,
    asked_window,
)
from songhe.domains.telemetry.selectors import StoredReading, key_text, parse_key
from songhe.domains.telemetry.tables import ReadingRow, ReadingTable, Rows, reading_table
from songhe.domains.telemetry.terms import VOID_READING
from songhe.kernel.errors import Invalid, NotFound
from songhe.kernel.wire import EvidenceKey
from songhe.kit.forms import refuse


class Readings(View):
    """List the readings of one chart: measured, received, device, remarks."""

    def get(self, request: HttpRequest, person_id: UUID, chart: str) -> HttpResponse:
        if chart not in charts.CODES_OF:
            raise NotFound
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = people.frame(request, person_id, "now")
        window = asked_window(request, timezone.now(), TABLE_RANGES_DAYS)
        rows = _rows(actor, frame.person, chart, window)
        title = charts.chart_title(chart)
        selectors.opened(actor, [frame.person.id], at=window.now)
        table = reading_table(request, rows, caption=title, voidable=_may_void(actor, frame.person))
        context = {
            "frame": frame,
            "title": title,
            "back": reverse("people:person", args=[person_id]) + _asked(window),
            "table": table,
            "ranges": [(n, RANGE_WORDS[n], n == window.days) for n in TABLE_RANGES_DAYS],
        }
        return render(request, "telemetry/readings.html", context)


def _asked(window: Window) -> str:
    return "?" + urlencode({k: v for k, v in window.query().items() if v is not None})


def _may_void(actor: Actor, person: PersonView) -> bool:
    return actor.covers(VOID_READING, person.region_code)


def _rows(actor: Actor, person: PersonView, chart: str, window: Window) -> Rows:
    keys = charts.CODES_OF[chart]
    voidable = _may_void(actor, person)

    def fetch(limit: int, offset: int) -> tuple[list[Any], int]:
        found, total = selectors.readings_of(
            actor, person, keys, window.start, window.end, limit=limit, offset=offset
        )
        names = _device_names(found)
        rows = [
            ReadingRow(
                reading=row,
                main=keys,
                device=names.get(row.key.device, ""),
                void=_void_url(person.id, chart, row.key) if voidable else None,
            )
            for row in found
        ]
        return rows, total

    return Rows(fetch, ReadingTable.per_page)


def _device_names(found: list[StoredReading]) -> dict[UUID, str]:
    known = devices.by_ids({row.key.device for row in found})
    return {pk: f"{devices.type_of(row.type).name} {row.key}" for pk, row in known.items()}


def _void_url(person_id: UUID, chart: str, key: EvidenceKey) -> str:
    return reverse("telemetry:void", args=[person_id, chart, key_text(key)])


class VoidReading(View):
    """Take one reading out of use, with the reason."""

    def get(self, request: HttpRequest, person_id: UUID, chart: str, key: str) -> HttpResponse:
        return self._page(request, person_id, chart, _key(key), ReasonForm())

    def post(self, request: HttpRequest, person_id: UUID, chart: str, key: str) -> HttpResponse:
        wanted = _key(key)
        form = ReasonForm(request.POST)
        if form.is_valid():
            try:
                services.void_reading(
                    actor=request.actor,  # type: ignore[attr-defined]
                    key=wanted,
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except Invalid as error:
                refuse(form, error)
            else:
                messages.success(request, _("The reading is voided."))
                return HttpResponseRedirect(reverse("telemetry:readings", args=[person_id, chart]))
        return self._page(request, person_id, chart, wanted, form, status=422)

    def _page(
        self,
        request: HttpRequest,
        person_id: UUID,
        chart: str,
        key: EvidenceKey,
        form: ReasonForm,
        status: int = 200,
    ) -> HttpResponse:
        if chart not in charts.CODES_OF:
            raise NotFound
        frame = people.frame(request, person_id, "now")
        found, gone = selectors.readings_by_keys([key])
        if gone or key.subject not in frame.person.ids:
            raise services.NoSuchReading
        names = _device_names(found)
        row = ReadingRow(found[0], charts.CODES_OF[chart], names.get(key.device, ""), None)
        context = {
            "frame": frame,
            "row": row,
            "form": form,
            "title": charts.chart_title(chart),
            "back": reverse("telemetry:readings", args=[person_id, chart]),
        }
        return render(request, "telemetry/void.html", context, status=status)


def _key(text: str) -> EvidenceKey:
    try:
        return parse_key(text)
    except ValueError:
        raise services.NoSuchReading from None
