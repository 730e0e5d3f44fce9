"""How the platform itself is, in one glance, and what to do when it is not well."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.health import failed_jobs
from songhe.portals.operations import bar, page


class Platform(View):
    """The page; asked for anew whenever a sample was taken."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        context = page.context(actor, at=timezone.now())
        return render(request, "operations/platform.html", context)


class RetryJob(View):
    """Let a failed job run again."""

    def post(self, request: HttpRequest, job: int) -> HttpResponse:
        actor = request.actor  # type: ignore[attr-defined]
        failed_jobs.retry_job(actor=actor, job_id=job, at=timezone.now())
        messages.success(request, _("The job is tried again."))
        return HttpResponseRedirect(reverse("operations:platform") + "#jobs")


class Bar(View):
    """The bar alone, for pages that stay open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(bar.panel(request))
