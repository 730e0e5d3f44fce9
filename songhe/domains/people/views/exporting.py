"""The page that takes a list along, with a reason."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.people import export_reads
from songhe.domains.people.forms import ExportForm, PersonFilter
from songhe.domains.people.views.people import region_choices
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Invalid
from songhe.kit.forms import refuse
from songhe.kit.imports import download


class Export(View):
    """Ask what the list is for, then hand it over."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, ExportForm(initial={"format": Format.XLSX}))

    def post(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        form = ExportForm(request.POST)
        if not form.is_valid():
            return self._show(request, form, status=422)
        asked = PersonFilter(request.GET, regions=region_choices(actor)).asked
        kind = Format(form.cleaned_data["format"])
        try:
            body = export_reads.export_persons(
                actor,
                words=asked["words"],
                region_prefix=asked["region"],
                reason=form.cleaned_data["reason"],
                kind=kind,
                at=timezone.now(),
            )
        except Invalid as error:
            refuse(form, error)
            return self._show(request, form, status=error.status)
        return download(body, "persons", kind)

    def _show(self, request: HttpRequest, form: ExportForm, *, status: int = 200) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        regions = region_choices(actor)
        asked = PersonFilter(request.GET, regions=regions).asked
        context = {
            "form": form,
            "asked": asked,
            "region": dict(regions).get(asked["region"], ""),
        }
        return render(request, "people/export.html", context, status=status)
