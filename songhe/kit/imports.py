"""Pages of an import, for every domain: upload, template, progress, stop, rows that are wrong.

urlpatterns += import_screens("people/import/", importer=PersonImport, name="import_persons",
                              menu=Menu(section="tools", label=…, icon="upload"))
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.engines.exchange import selectors, services
from songhe.engines.exchange.declaring import Importer, importer_of
from songhe.engines.exchange.sheets import MOST_BYTES
from songhe.engines.exchange.terms import CONTENT_TYPES, UNFINISHED, Format, RunState
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import KitForm, refuse
from songhe.kit.screens import Menu, screen


def import_screens(
    route: str, *, importer: type[Importer], name: str, menu: Menu | None = None, section: str = ""
) -> list[URLPattern]:
    """Return the five screens of an import under a route; `name` is the name of the first.

    The others are called `<name>_template`, `<name>_run`, `<name>_stop` and `<name>_wrong`.
    """
    pages: tuple[tuple[type[_ImportView], str, str], ...] = (
        (Upload, "", ""),
        (Template, "template/", "_template"),
        (Run, "<uuid:import_id>/", "_run"),
        (Stop, "<uuid:import_id>/stop/", "_stop"),
        (Wrong, "<uuid:import_id>/wrong/", "_wrong"),
    )
    return [
        screen(
            route + rest,
            type(view.__name__, (view,), {"kind": importer.kind, "name": name}),
            action=importer.action,
            name=name + suffix,
            menu=menu if not rest else None,
            section=section or (menu.section if menu else None),
        )
        for view, rest, suffix in pages
    ]


class UploadForm(KitForm):
    """A file to import; what is in it is looked at by its content, never by its name."""

    file = forms.FileField(
        label=_("Filled-in template"),
        help_text=_("Excel workbook (.xlsx) or text table (.csv), at most 32 MB and 200,000 rows."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )


class _ImportView(View):
    kind: ClassVar[str]
    name: ClassVar[str]

    def to(self, request: HttpRequest, suffix: str, *args: UUID) -> str:
        """Return the address of another page of this import."""
        space = request.resolver_match.namespace if request.resolver_match else ""
        return reverse(f"{space}:{self.name}{suffix}" if space else self.name + suffix, args=args)


class Upload(_ImportView):
    """Take a file; show the actor's last imports."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, UploadForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._show(request, form, status=422)
        actor: Actor = request.actor  # type: ignore[attr-defined]
        body = form.cleaned_data["file"].read(MOST_BYTES + 1)
        try:
            run = services.ask_import(actor=actor, kind=self.kind, body=body, at=timezone.now())
        except (Invalid, Conflict) as error:
            error.params.setdefault("field", "file")
            refuse(form, error)
            return self._show(request, form, status=error.status)
        return HttpResponseRedirect(self.to(request, "_run", run.pk))

    def _show(self, request: HttpRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        importer = importer_of(self.kind)
        context = {
            "form": form,
            "title": importer.title,
            "columns": importer.columns(actor, now),
            "template_url": self.to(request, "_template"),
            "runs": [
                (run, self.to(request, "_run", run.pk))
                for run in selectors.runs_of(actor, self.kind)
            ],
        }
        return render(request, "kit/import.html", context, status=status)


class Template(_ImportView):
    """The workbook to fill in, in the reader's language."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        body = selectors.template_of(actor, self.kind, timezone.now())
        return download(body, f"{self.kind}-template", Format.XLSX)


class Run(_ImportView):
    """How far an import is, and what came of it."""

    def get(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        run = selectors.get_run(actor, import_id)
        context: dict[str, Any] = {
            "run": run,
            "title": importer_of(self.kind).title,
            "running": run.state in UNFINISHED,
            "failed": run.state == RunState.FAILED,
            "percent": 100 * run.done // run.total if run.total else 0,
            "wrong": selectors.first_wrong(run) if run.state not in UNFINISHED else [],
            "upload_url": self.to(request, ""),
            "stop_url": self.to(request, "_stop", run.pk),
            "wrong_url": self.to(request, "_wrong", run.pk),
        }
        return render(request, "kit/import_run.html", context)


class Stop(_ImportView):
    """Stop an import that waits or runs."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        services.cancel_import(
            actor=request.actor,  # type: ignore[attr-defined]
            run_id=import_id,
            at=timezone.now(),
        )
        return HttpResponseRedirect(self.to(request, "_run", import_id))


class Wrong(_ImportView):
    """The rows that are wrong, with what is wrong, to fix and upload again."""

    def get(self, request: HttpRequest, import_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        body = selectors.wrong_sheet_of(actor, import_id, timezone.now())
        return download(body, f"{self.kind}-to-fix", Format.XLSX)


def download(body: bytes, name: str, kind: Format) -> HttpResponse:
    """Return a file that the browser saves; its name names no person."""
    return HttpResponse(
        body,
        content_type=CONTENT_TYPES[kind],
        headers={
            "Content-Disposition": content_disposition_header(
                as_attachment=True, filename=f"{name.replace('.', '-')}.{kind}"
            ),
            "Cache-Control": "no-store",
        },
    )
