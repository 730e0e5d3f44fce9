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
from songhe.domains.monitoring import (
    bounds,
    phrases,
    rule_access,
    rule_scopes,
    rule_words,
    selectors,
    services,
    trial_pages,
    trial_reads,
)
from songhe.domains.monitoring.bounds import NotConfirmed
from songhe.domains.monitoring.rule_forms import OverrideForm, RevertForm
from songhe.kernel.detectors.rules import BadParameter, Spec, catalogue
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kit.forms import KitForm, refuse
from songhe.kit.statuses import UNCONFIRMED, status_words


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
        status=status_words(row.status),
        confirmed=row.status not in UNCONFIRMED,
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
            "may_change": actor.may(rule_access.CHANGE),
            "count": len(rows),
            "off": sum(not row.enabled for row in rows),
            "unconfirmed": sum(not row.confirmed for row in rows),
        }
        return render(request, "monitoring/rules.html", context)


def found_spec(rule: str) -> Spec:
    """Return a rule that ships. Raises NoSuchRule."""
    try:
        return catalogue().rules[rule]
    except KeyError:
        raise NoSuchRule from None


def bad_parameter(form: KitForm, error: BadParameter) -> None:
    """Put the refusal of a parameter on its field."""
    name = str(error.params.get("name", ""))
    form.add_error(name if name in form.fields else None, _("This value cannot be used."))


def _changes(
    params: Mapping[str, Any], names: Mapping[str, rule_words.Parameter]
) -> list[tuple[str, str]]:
    """Return changed parameters in words."""
    return [(names[n].label, names[n].show(value)) for n, value in params.items() if n in names]


class RulePage(View):
    """One rule: limits, where they come from, who changed it for whom and why."""

    def get(self, request: HttpRequest, rule: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        row = found_spec(rule)
        shown = rule_words.parameters(rule)
        names = {one.name: one for one in shown}
        context = {
            "rule": row,
            "line": _line(row, []),
            "basis": phrases.BASIS_WORDS.get(row.basis, row.basis),
            "parameters": [(one.label, one.show(one.shipped)) for one in shown],
            "variants": [(v.name, _changes(v.params, names), v.enabled) for v in row.variants],
            "history": _versions(actor, rule),
            "scopes": rule_scopes.changeable(actor, rule),
            "may_try": actor.may(trial_reads.TRY) and trial_reads.is_replayed(row),
            "own": rule_scopes.organizations_of(actor),
            "trials": [(one, trial_pages.changes_of(one))
                       for one in trial_reads.trials_of(actor, rule)],
        }  # fmt: skip
        return render(request, "monitoring/rule.html", context)


@dataclass(frozen=True, slots=True)
class Version:
    """One line of a rule's history: who, for whom, what from what to, and whether to go back."""

    made: Any
    name: str
    by: str
    differences: list[tuple[str, str, str]]
    params: list[tuple[str, str]]
    is_held: bool
    back: str


def _versions(actor: Actor, rule: str) -> list[Version]:
    """Return a rule's changes, newest first. The newest of a scope holds; others can again."""
    names = {one.name: one for one in rule_words.parameters(rule)}
    found: list[Version] = []
    seen: set[str] = set()
    for change in rule_scopes.history(actor, rule):
        made = change.made
        is_held = made.scope not in seen
        seen.add(made.scope)
        may_go_back = change.scope is not None and rule_scopes.may_change(
            actor, rule_access.REVERT, rule, change.scope
        )
        back = "" if is_held or not may_go_back else urlencode(
            {"scope": made.scope, "to": made.number}
        )
        if is_held and may_go_back and not made.is_back:
            back = urlencode({"scope": made.scope, "to": 0})
        differences = []
        if made.before is not None and made.after is not None:
            differences = rule_words.differences(rule, made.before, made.after)
        found.append(
            Version(
                made=made,
                name=change.name,
                by=phrases.made_by(made.made_by, made.made_by_name),
                differences=differences,
                params=_changes(made.params, names) if made.before is None else [],
                is_held=is_held,
                back=back,
            )
        )
    return found


class PickRule(View):
    """Lead from the choice of a rule on a person's page to its form."""

    def get(self, request: HttpRequest) -> HttpResponse:
        row = found_spec(request.GET.get("rule", ""))
        scope = urlencode({"scope": request.GET.get("scope", "")})
        actor: Actor = request.actor  # type: ignore[attr-defined]
        tries = request.GET.get("do") == "try" or not actor.may(rule_access.CHANGE)
        step = "try_rule" if tries else "change_rule"
        address = reverse(f"monitoring:{step}", args=[row.id])
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
        actor: Actor = request.actor  # type: ignore[attr-defined]
        initial |= trial_pages.first_values(actor, rule, request.GET.get("trial", ""))
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
                confirmed=form.cleaned_data["confirmed"],
                at=now,
            )
        except BadParameter as error:
            bad_parameter(form, error)
            return self._show(request, row, scope, form, status=422)
        except NotConfirmed as error:
            refuse(form, error)
            return self._show(request, row, scope, form, check=True, status=422)
        except Invalid as error:
            refuse(form, error)
            return self._show(request, row, scope, form, status=422)
        messages.success(request, _("Changed. The gateway judges by it from now on."))
        return HttpResponseRedirect(reverse("monitoring:rule", args=[rule]))

    def _found(
        self, request: HttpRequest, rule: str, text: str, now: datetime
    ) -> tuple[Spec, rule_scopes.Scope]:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return found_spec(rule), rule_scopes.find(actor, text, at=now)

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
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if not rule_scopes.may_change(actor, rule_access.CHANGE, row.id, scope):
            raise Denied(action=rule_access.CHANGE)
        beyond = []
        if check:
            enabled = form.cleaned_data["enabled"] == "yes"
            held = {**form.base, **form.changes}
            beyond = bounds.departures(row.id, held, enabled=enabled)
        context = {
            "rule": row,
            "name": rule_words.name_of(row),
            "scope": scope,
            "form": form,
            "check": check,
            "present": present,
            "by": phrases.made_by(present.made_by, present.made_by_name) if present else "",
            "beyond": rule_words.departure_words(row.id, beyond),
            "may_try": actor.may(trial_reads.TRY) and trial_reads.is_replayed(row),
        }
        return render(request, "monitoring/change_rule.html", context, status=status)


class RevertRule(View):
    """Ask why an earlier version shall hold again, and let it."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, rule: str) -> HttpResponse:
        return self._show(request, rule, request.GET, RevertForm())

    def post(self, request: HttpRequest, rule: str) -> HttpResponse:
        form = RevertForm(request.POST)
        if not form.is_valid():
            return self._show(request, rule, request.POST, form, status=422)
        try:
            services.revert_rule(
                actor=request.actor,  # type: ignore[attr-defined]
                scope=request.POST.get("scope", ""),
                rule=rule,
                number=_number(request.POST.get("to", "")),
                reason=form.cleaned_data["reason"],
                confirmed=form.cleaned_data["confirmed"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, rule, request.POST, form, status=error.status)
        messages.success(request, _("Changed. The gateway judges by it from now on."))
        return HttpResponseRedirect(reverse("monitoring:rule", args=[rule]))

    def _show(
        self,
        request: HttpRequest,
        rule: str,
        asked: Mapping[str, str],
        form: RevertForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        row = found_spec(rule)
        scope = rule_scopes.find(actor, asked.get("scope", ""), at=timezone.now())
        if not rule_scopes.may_change(actor, rule_access.REVERT, rule, scope):
            raise Denied(action=rule_access.REVERT)
        number = _number(asked.get("to", ""))
        now, then = rule_scopes.now_and_then(scope, rule, number)
        beyond = bounds.departures(rule, then["params"], enabled=then["enabled"])
        context = {
            "rule": row,
            "name": rule_words.name_of(row),
            "scope": scope,
            "number": number,
            "form": form,
            "differences": rule_words.differences(rule, now, then),
            "beyond": rule_words.departure_words(rule, beyond),
        }
        return render(request, "monitoring/revert_rule.html", context, status=status)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0
