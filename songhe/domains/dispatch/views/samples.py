"""Visits looked at by who supervises: a list by doubt, and one with its reasons."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from songhe.base.access import policies
from songhe.base.access.purposes import STATE
from songhe.domains.dispatch import (
    evidence_reads,
    mark_reads,
    proof_reads,
    rescue_reads,
    tables,
    terms,
)
from songhe.domains.dispatch.views.marks import BackForm, WhyForm
from songhe.domains.organizations import selectors as organizations
from songhe.kit.forms import KitForm

_BELOW = ((100, _("anything")), (80, _("something")), (50, _("a lot")))


class SampleFilter(KitForm):
    """Which visits one wants to see."""

    organization = forms.ChoiceField(
        label=_("Provider"), required=False, widget=forms.Select(attrs={"class": "input"})
    )
    days = forms.ChoiceField(
        label=_("Ended within"),
        required=False,
        choices=(("7", _("7 days")), ("31", _("31 days")), ("366", _("a year"))),
        widget=forms.Select(attrs={"class": "input"}),
    )
    below = forms.ChoiceField(
        label=_("Speaks against it"),
        required=False,
        choices=(("", _("all")), *((str(value), label) for value, label in _BELOW)),
        widget=forms.Select(attrs={"class": "input"}),
    )


class Samples(View):
    """The list, the most doubtful first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        seed = request.GET.get("chance", "")[:12]
        if seed == "new":  # the seed stands in the address, so that anybody can draw the same again
            asked_for = request.GET.copy()
            asked_for["chance"] = f"{secrets.randbelow(1_000_000):06d}"
            return HttpResponseRedirect(f"{request.path}?{asked_for.urlencode()}")
        form = SampleFilter({"days": "31"} | request.GET.dict())
        providers = organizations.organizations_for(actor, terms.SAMPLE)
        named = [(str(row.pk), organizations.name_of(row)) for row in providers]
        form.fields["organization"].choices = [("", _("all")), *named]  # type: ignore[attr-defined]
        asked: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
        found = evidence_reads.sampled(
            actor,
            organization_id=UUID(asked["organization"]) if asked.get("organization") else None,
            since=_since(asked.get("days") or "31", now),
            below=int(asked["below"]) if asked.get("below") else None,
            sort=tables.SampleTable.sort_of(request),
        )
        of = found.count() if seed else 0
        if seed:
            found = evidence_reads.drawn(found, seed)
        context = {
            "form": form,
            "table": tables.SampleTable(request, tables.SampleRows(actor, found)),
            "may_mark": actor.may(terms.MARK),
            "seed": seed,
            "of": of,
            "most": evidence_reads.DRAWN,
        }
        return render(request, "dispatch/samples.html", context)


def _since(days: str, now: datetime) -> datetime:
    return now - timedelta(days=int(days))


class Sample(View):
    """One visit: place, time, and what speaks against it."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        line = evidence_reads.one(actor, id, at=now)
        order = line.visit.order
        marks = mark_reads.of_visit(actor, id)
        faces = policies.can(actor, terms.VIEW, order)
        told = proof_reads.told_of(order, fields=line.fields, at=now, faces=faces)
        context = {
            "line": line,
            "points": evidence_reads.points_of(actor, line),
            "may_state": not line.shows_notes and actor.may(STATE),
            "told": [one for one in told if one.visit.pk == line.visit.pk],
            "may_mark": actor.may(terms.MARK),
            "held": next((one for one in marks if one.is_held), None),
            "let_go": [one for one in marks if not one.is_held],
            "why_form": WhyForm(),
            "back_form": BackForm(),
            "visit": line.visit,
            "arrival": rescue_reads.arrival_words(line.visit),
            "course": rescue_reads.course(line.visit.order, at=now),
        }
        return render(request, "dispatch/sample.html", context)
