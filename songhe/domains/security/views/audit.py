"""Pages of the audit: the search, the history of a person, the chain, and who looked."""

from __future__ import annotations

from datetime import date
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
from songhe.domains.security import (
    audit_reads,
    audit_services,
    chain_reads,
    history_reads,
    looks,
    whom,
)
from songhe.domains.security.audit_forms import ChooseForm, ExportForm, SearchForm
from songhe.domains.security.workflow import RECORD
from songhe.kit.asks import actor_of


class AuditSearch(View):
    """Search reads, changes and refusals."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        form = SearchForm(request.GET or None)
        asked = form.asked
        found = audit_reads.search(actor, asked, at=now, before=request.GET.get("before", ""))
        context: dict[str, Any] = {
            "form": form,
            "found": found,
            "choose": ChooseForm(request.GET or None),
            "choices": _choices(request, actor),
            "whom": whom.chosen(actor, audit_reads.SEARCH, asked.person) if asked.person else None,
            "who": audit_reads.accounts([asked.user], at=now).get(asked.user)
            if asked.user
            else None,
            "export": ExportForm(),
            "may_export": actor.may(audit_reads.EXPORT),
            "kept": request.GET.urlencode(),
            "kind_words": {kind: audit_reads.kind_words(kind) for kind in ("read", "change")},
        }
        return render(request, "security/audit/search.html", context)


def _choices(request: HttpRequest, actor: Actor) -> list[tuple[str, str, str]]:
    """Return who was found by name: (words, second line, address of the search about them)."""
    rest = {
        key: value
        for key, value in request.GET.items()
        if key in {"kind", "action", "since", "until", "person", "user"} and value
    }
    found = []
    words = request.GET.get("person_words", "")[:40]
    if words.strip():
        for person in whom.named_in_full(actor, audit_reads.SEARCH, words):
            year = str(person.birth_on.year) if person.birth_on else ""
            found.append((person.name, year, "?" + urlencode(rest | {"person": person.id})))
    staff = audit_reads.choose_accounts(request.GET.get("user_words", "")[:40], at=timezone.now())
    found += [(who.name, who.post, "?" + urlencode(rest | {"user": who.id})) for who in staff]
    return found


class AuditExport(View):
    """Give what was found as a text table."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted, why = SearchForm(request.GET or None), ExportForm(request.POST)
        if not why.is_valid():
            messages.error(request, _("Say what the export is for."))
            return HttpResponseRedirect(
                f"{reverse('security:audit_search')}?{request.GET.urlencode()}"
            )
        now = timezone.now()
        body, _count = audit_services.export_entries(
            actor=actor_of(request), wanted=wanted.asked, reason=why.cleaned_data["reason"], at=now
        )
        name = f"audit-{timezone.localtime(now):%Y%m%d-%H%M}.csv"
        response = HttpResponse(body, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class PersonHistory(View):
    """What was changed of a person, by whom and when."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        found = history_reads.history_of(
            actor_of(request), person_id, at=timezone.now(), before=request.GET.get("before", "")
        )
        context = {
            "history": found,
            "may_search": actor_of(request).may(audit_reads.SEARCH),
            "may_record": actor_of(request).may(RECORD),
        }
        return render(request, "security/audit/history.html", context)


class Chain(View):
    """How far the chain is sealed, and what the last look over it found."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        context = {
            "chain": chain_reads.chain(actor),
            "may_verify": actor.may(chain_reads.VERIFY),
        }
        return render(request, "security/audit/chain.html", context)


class VerifyChain(View):
    """Ask for a look over the whole chain."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        chain_reads.ask_check(actor=actor_of(request), at=timezone.now())
        return HttpResponseRedirect(reverse("security:chain"))


class WhoLooked(View):
    """Tell a person who looked at her data."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            until = date.fromisoformat(request.GET.get("until", ""))
        except ValueError:
            until = None
        found = looks.looks(actor_of(request), at=timezone.now(), until=until)
        return render(request, "security/audit/looks.html", {"looks": found})
