"""Pages that try a rule on stored readings: the form, how far it is, what came out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import (
    rule_access,
    rule_scopes,
    rule_words,
    services,
    trial_pages,
    trial_reads,
)
from songhe.domains.monitoring.rule_forms import ParameterForm
from songhe.domains.monitoring.terms import TrialState
from songhe.domains.monitoring.views.rules import bad_parameter, found_spec
from songhe.kernel.detectors.rules import BadParameter
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse

UNFINISHED = (TrialState.WAITING, TrialState.RUNNING)


class TryRule(View):
    """Change parameters and ask what they would have done."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, rule: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found_spec(rule)
        scope = rule_scopes.find(actor, request.GET.get("scope", "*"), at=timezone.now())
        base, base_on = rule_scopes.base_of(scope, rule)
        held = rule_scopes.holding(base, base_on, rule_scopes.newest(scope.text, rule))
        initial = {**held["params"], "enabled": "yes" if held["enabled"] else "no"}
        form = ParameterForm(
            parameters=rule_words.parameters(rule), base=base, initial=initial
        )
        return self._show(request, rule, scope, form)

    def post(self, request: HttpRequest, rule: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found_spec(rule)
        now = timezone.now()
        scope = rule_scopes.find(actor, request.POST.get("scope", "*"), at=now)
        base, _base_on = rule_scopes.base_of(scope, rule)
        form = ParameterForm(
            request.POST, parameters=rule_words.parameters(rule), base=base
        )
        if not form.is_valid():
            return self._show(request, rule, scope, form, status=422)
        try:
            trial = services.ask_trial(
                actor=actor,
                scope=scope.text,
                rule=rule,
                params=form.changes,
                enabled=form.cleaned_data["enabled"] == "yes",
                at=now,
            )
        except BadParameter as error:
            bad_parameter(form, error)
            return self._show(request, rule, scope, form, status=422)
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, rule, scope, form, status=error.status)
        return HttpResponseRedirect(reverse("monitoring:trial", args=[trial.pk]))

    def _show(
        self,
        request: HttpRequest,
        rule: str,
        scope: rule_scopes.Scope,
        form: ParameterForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "rule": found_spec(rule),
            "name": rule_words.name_of(found_spec(rule)),
            "scope": scope,
            "form": form,
        }
        return render(request, "monitoring/trial/try.html", context, status=status)


class TrialPage(View):
    """One trial: its progress while it runs, its result when it is done."""

    def get(self, request: HttpRequest, trial_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        trial = trial_reads.get_trial(actor, trial_id)
        row = found_spec(trial.rule)
        scope = rule_scopes.find(actor, trial.scope, at=timezone.now())
        done = trial.state == TrialState.DONE
        context: dict[str, Any] = {
            "trial": trial,
            "running": trial.state in UNFINISHED,
            "done": done,
            "name": rule_words.name_of(row),
            "scope": scope,
            "changes": trial_pages.changes_of(trial),
            "percent": trial.permille // 10,
            "shown": trial_pages.shown(actor, trial) if done else None,
            "may_change": done
            and rule_scopes.may_change(actor, rule_access.CHANGE, trial.rule, scope),
        }
        return render(request, "monitoring/trial/trial.html", context)


class StopTrial(View):
    """Stop a trial that waits or runs."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, trial_id: UUID) -> HttpResponse:
        services.cancel_trial(
            actor=request.actor,  # type: ignore[attr-defined]
            trial_id=trial_id,
            at=timezone.now(),
        )
        return HttpResponseRedirect(reverse("monitoring:trial", args=[trial_id]))
