"""Pages of rules: all of them, one with its history, and changing one with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import phrases, rule_scopes, rule_words, selectors, services
from songhe.domains.monitoring.rule_forms import OverrideForm
from songhe.kernel.detectors.rules import BadParameter, Spec, catalogue
from songhe.kernel.errors import Invalid, NotFound
from songhe.kit.forms import refuse


class NoSuchRule(NotFound):
    code = "monitoring.no_such_rule"
    message = "There is no such rule."


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the list shows it."""

    id: str
    name: str
    priority: str
    conditions: str
    source: str
    status: str
    confirmed: bool
    enabled: bool
    changed: list[str]


def _line(row: Spec, changed: list[str]) -> RuleLine:
    return RuleLine(
        id=row.id,
        name=rule_words.name_of(row),
        priority=rule_words.LEVELS.get(row.level, ""),
        conditions=rule_words.conditions(row.id, row.params),
        source=phrases.source_words(row.source),
        status=phrases.status_words(row.status),
        confirmed=row.status not in phrases.UNCONFIRMED,
        enabled=row.enabled,
        changed=changed,
    )


class Rules(View):
    """All rules, the worst first, with what is changed for the reader's organisation."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        own = {scope.text: scope.name for scope in rule_scopes.organizations_of(actor)}
        made = selectors.effective(list(own))
        order = ("high", "medium", "low", "unknown", "")
        rows = [
            _line(row, [own[change.scope] for change in made.get(row.id, [])])
            for row in catalogue().rules.values()
        ]
        rows.sort(key=lambda line: order.index(line.priority))
        context = {
            "groups": [(p, [r for r in rows if r.priority == p]) for p in order],
            "version": catalogue().version,
            "count": len(rows),
            "off": sum(not row.enabled for row in rows),
            "unconfirmed": sum(not row.confirmed for row in rows),
        }
        return render(request, "monitoring/rules.html", context)


def _spec(rule: str) -> Spec:
    try:
        return catalogue().rules[rule]
    except KeyError:
        raise NoSuchRule from None


def _changes(
    params: Mapping[str, Any], names: Mapping[str, rule_words.Parameter]
) -> list[tuple[str, str]]:
    """Return changed parameters in words."""
    return [(names[n].label, names[n].show(value)) for n, value in params.items() if n in names]


class RulePage(View):
    """One rule: limits, where they come from, who changed it for whom and why."""

    def get(self, request: HttpRequest, rule: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        row = _spec(rule)
        shown = rule_words.parameters(rule)
        names = {one.name: one for one in shown}
        context = {
            "rule": row,
            "line": _line(row, []),
            "basis": phrases.BASIS_WORDS.get(row.basis, row.basis),
            "parameters": [(one.label, one.show(one.shipped)) for one in shown],
            "variants": [(v.name, _changes(v.params, names), v.enabled) for v in row.variants],
            "history": [
                (change, _changes(change.made.params, names))
                for change in rule_scopes.history(actor, rule)
            ],
            "scopes": rule_scopes.organizations_of(actor),
        }
        return render(request, "monitoring/rule.html", context)


class PickRule(View):
    """Lead from the choice of a rule on a person's page to its form."""

    def get(self, request: HttpRequest) -> HttpResponse:
        row = _spec(request.GET.get("rule", ""))
        scope = urlencode({"scope": request.GET.get("scope", "")})
        address = reverse("monitoring:change_rule", args=[row.id])
        return HttpResponseRedirect(f"{address}?{scope}")


class ChangeRule(View):
    """Ask, show the answers, change: three steps of one form."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, rule: str) -> HttpResponse:
        now = timezone.now()
        row, scope = self._found(request, rule, request.GET.get("scope", ""), now)
        params, enabled = rule_scopes.base_of(scope, rule)
        present = rule_scopes.present(scope, rule)
        if present is not None:
            params, enabled = params | present.params, present.enabled
        initial = {**params, "enabled": "yes" if enabled else "no"}
        form = self._form(scope, rule, initial=initial)
        return self._show(request, row, scope, form, present=present)

    def post(self, request: HttpRequest, rule: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        row, scope = self._found(request, rule, request.POST.get("scope", ""), now)
        form = self._form(scope, rule, data=request.POST)
        step = request.POST.get("step", "check")
        if not form.is_valid():
            return self._show(request, row, scope, form, status=422)
        if step != "save":
            return self._show(request, row, scope, form, check=step == "check")
        try:
            services.override_rule(
                actor=actor,
                scope=scope.text,
                rule=rule,
                params=form.changes,
                enabled=form.cleaned_data["enabled"] == "yes",
                reason=form.cleaned_data["reason"],
                at=now,
            )
        except BadParameter as error:
            name = str(error.params.get("name", ""))
            form.add_error(name if name in form.fields else None, _("This value cannot be used."))
            return self._show(request, row, scope, form, status=422)
        except Invalid as error:
            refuse(form, error)
            return self._show(request, row, scope, form, status=422)
        messages.success(request, _("Changed. The gateway judges by it from now on."))
        return HttpResponseRedirect(reverse("monitoring:rule", args=[rule]))

    def _found(
        self, request: HttpRequest, rule: str, text: str, now: datetime
    ) -> tuple[Spec, rule_scopes.Scope]:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return _spec(rule), rule_scopes.find(actor, text, at=now)

    def _form(self, scope: rule_scopes.Scope, rule: str, **given: Any) -> OverrideForm:
        base, _enabled = rule_scopes.base_of(scope, rule)
        return OverrideForm(parameters=rule_words.parameters(rule), base=base, **given)

    def _show(
        self,
        request: HttpRequest,
        row: Spec,
        scope: rule_scopes.Scope,
        form: OverrideForm,
        *,
        check: bool = False,
        present: Any = None,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "rule": row,
            "name": rule_words.name_of(row),
            "scope": scope,
            "form": form,
            "check": check,
            "present": present,
        }
        return render(request, "monitoring/change_rule.html", context, status=status)
