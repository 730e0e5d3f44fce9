"""Pages on which a programme is defined, and given another rule from a day on."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.regions.days import day_of
from songhe.domains.organizations import selectors as organizations
from songhe.domains.subsidies import selectors, services, words
from songhe.domains.subsidies.programme_forms import NewForm, RuleForm, Way
from songhe.domains.subsidies.selectors import NoSuchProgramme, RuleLine
from songhe.domains.subsidies.terms import KEEP_PROGRAMMES
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse


class Define(View):
    """Define a programme of one's own."""

    def get(self, request: HttpRequest) -> HttpResponse:
        start = {"from_on": day_of(timezone.now()), "way": Way.SHARE, "rank": 10}
        return _show(request, NewForm(initial=start, organizations=_funders(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewForm(request.POST, organizations=_funders(request))
        if form.is_valid():
            prefix = actor_of(request).prefixes(KEEP_PROGRAMMES)[0]
            code = form.cleaned_data["code"]
            if _defined(request, form, code, region_prefix=prefix, is_new=True):
                return HttpResponseRedirect(reverse("subsidies:programme", args=[code]))
        return _show(request, form, status=422)


class Change(View):
    """A programme with every rule it had, and another from a day on."""

    def get(self, request: HttpRequest, programme: str) -> HttpResponse:
        rules = _rules(programme)
        form = RuleForm(initial=_as_it_is(rules[0]), organizations=_funders(request))
        return _show(request, form, rules=rules)

    def post(self, request: HttpRequest, programme: str) -> HttpResponse:
        rules = _rules(programme)
        form = RuleForm(request.POST, organizations=_funders(request))
        prefix = rules[0].programme.region_prefix
        if form.is_valid() and _defined(request, form, programme, region_prefix=prefix):
            return HttpResponseRedirect(reverse("subsidies:programme", args=[programme]))
        return _show(request, form, rules=rules, status=422)


def _defined(
    request: HttpRequest, form: RuleForm, code: str, *, region_prefix: str, is_new: bool = False
) -> bool:
    given = form.cleaned_data
    try:
        services.define_programme(
            actor=actor_of(request),
            draft=form.draft(code),
            funder_id=UUID(given["funder"]),
            region_prefix=region_prefix,
            from_on=given["from_on"],
            until=given["until"],
            is_new=is_new,
            at=timezone.now(),
        )
    except (Conflict, Invalid) as error:
        refuse(form, error)
        return False
    messages.success(request, _("Kept. What was paid before stays as it was."))
    return True


def _rules(code: str) -> list[RuleLine]:
    rules = selectors.rules_of(code)
    if not rules:
        raise NoSuchProgramme
    return rules


def _funders(request: HttpRequest) -> list[tuple[str, str]]:
    rows = organizations.organizations_for(actor_of(request), KEEP_PROGRAMMES)
    return [(str(row.pk), organizations.name_of(row)) for row in rows]


def _as_it_is(line: RuleLine) -> dict[str, Any]:
    """Return the newest rule as the form shows it, to be changed from tomorrow's thought on."""
    rule = line.programme
    return {
        "name_zh": rule.name_zh,
        "name_en": rule.name_en,
        "payer": rule.payer,
        "funder": str(rule.funder_id),
        "item_kinds": list(rule.item_kinds),
        "way": Way.FIXED if rule.share_pct is None else Way.SHARE,
        "share_pct": rule.share_pct,
        "fixed": _yuan(rule.fixed_fen),
        "cap": _yuan(rule.cap_fen),
        "cap_visits": rule.cap_visits,
        "least_age": rule.least_age,
        "least_level": rule.least_level,
        "rank": line.rank,
        "source": rule.source,
    }


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{fen // 100}.{fen % 100:02d}"


def _state(line: RuleLine, today: date) -> str:
    if line.since > today:
        return _("begins later")
    if line.until is not None and line.until <= today:
        return _("is over")
    return _("in force")


def _show(
    request: HttpRequest, form: RuleForm, *, rules: list[RuleLine] | None = None, status: int = 200
) -> HttpResponse:
    today = day_of(timezone.now())
    funders = organizations.organizations_by_id({one.programme.funder_id for one in rules or ()})
    context = {
        "form": form,
        "name": rules[0].programme.name if rules else "",
        "code": rules[0].programme.code if rules else "",
        "rules": [
            {
                "line": one,
                "state": _state(one, today),
                "funder": organizations.name_of(funders[one.programme.funder_id]),
                "rule": words.rule_words(one.programme),
                "whom": words.for_words(one.programme),
                "kinds": words.kind_words(one.programme),
            }
            for one in rules or ()
        ],
    }
    return render(request, "subsidies/programme.html", context, status=status)
