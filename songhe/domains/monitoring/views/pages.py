"""Pages that show: an alarm, the history, the scores, what left the house."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import forms, opened, panels, rule_words, selectors, tables
from songhe.domains.monitoring.selectors import Search

HISTORY_DAYS = 7


class AlarmPage(View):
    """One alarm on a page of its own, for whoever may view it."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        line = selectors.open_alarm(actor, id, at=now)
        return render(request, "monitoring/alarm.html", opened.context(actor, line, at=now))


class Fresh(View):
    """What of an open alarm changes: head, course, why, values; asked for by the live page."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        [line] = selectors.lines(actor, [selectors.get_alarm(actor, id)])
        context = opened.fresh(actor, line, at=now) | {"next": request.GET.get("next", "")}
        return render(request, "monitoring/alarm/fresh.html", context)


def _midnight(day: object, days: int = 0) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day, time())) + timedelta(days=days)  # type: ignore[arg-type]


class History(View):
    """All alarms, narrowed by a plain form; the last seven days where no day is given."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        places = panels.place_choices(actor)
        given = request.GET.copy()
        if not {"since", "until", "person", "state"} & given.keys():
            given["since"] = timezone.localdate(now - timedelta(days=HISTORY_DAYS)).isoformat()
        form = forms.HistoryForm(given, rules=rule_words.rule_choices(), regions=places)
        good = form.cleaned_data if form.is_valid() else {}
        search = Search(
            since=_midnight(good.get("since")),
            until=_midnight(good.get("until"), days=1),
            rule=good.get("rule", ""),
            priority=good.get("priority", ""),
            state=good.get("state", ""),
            outcome=good.get("outcome", ""),
            region=good.get("region", ""),
            person=good.get("person"),
        )
        rows = selectors.history(actor, search, sort=tables.HistoryTable.sort_of(request))
        table = tables.HistoryTable(request, rows, actor=actor)
        context = {"form": form, "table": table, "person": table.person_of(search.person)}
        return render(request, "monitoring/history.html", context)


class Statistics(View):
    """How rules and kinds of devices did; counts only, no names."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        form = forms.PeriodForm(request.GET or {"days": "30"})
        days = form.cleaned_data["days"] if form.is_valid() else 30
        since = now - timedelta(days=days)
        rules = selectors.scores(actor, since=since, by="rule")
        kinds = selectors.scores(actor, since=since, by="device")
        context = {
            "form": form,
            "since": since,
            "rules": tables.RuleScores(request, rules),
            "kinds": tables.DeviceScores(request, kinds),
            "total": tables.total(rules),
            "homes": _homes(request, actor, since),
        }
        return render(request, "monitoring/statistics.html", context)


def _homes(request: HttpRequest, actor: Actor, since: datetime) -> tables.HomeScores | None:
    """Return the table by home for who may list alarms; a regulator sees counts alone."""
    if not actor.may(selectors.LIST):
        return None
    return tables.HomeScores(request, selectors.home_scores(actor, since=since))


class Messages(View):
    """What left the house about alarms, or would have left in the demo."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = selectors.messages(request.actor)  # type: ignore[attr-defined]
        table = tables.MessageTable(request, rows)
        return render(request, "monitoring/messages.html", {"table": table})
