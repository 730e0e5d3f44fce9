"""What monitoring tells a person's charts: her own critical limits, and the values that ring."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.monitoring import selectors
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.rule_access import EVERYBODY
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry.panels import Holding, Mark, packaged_rules
from songhe.engines.alarms.terms import OPEN_STATES, Priority


def limits(_request: HttpRequest, person: PersonView) -> Holding:
    """Return the critical rules as they hold for a person: everybody's, her organisation's, own.

    2 queries.
    """
    serving = organizations.serving(person.region_code)
    between = [f"org:{serving.pk}"] if serving is not None else []
    changes = selectors.effective([EVERYBODY, *between, f"person:{person.id}"])
    holding = dict(packaged_rules())
    for rule, (enabled, params) in packaged_rules().items():
        for change in changes.get(rule, []):
            enabled, params = change.enabled, {**params, **change.params}
        holding[rule] = (enabled, params)
    return holding


def marks(request: HttpRequest, person: PersonView) -> list[Mark]:
    """Return the values on which a person's open critical alarms rest; 1 query."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mine = Alarm.objects.filter(person=person.id, state__in=OPEN_STATES, priority=Priority.HIGH)
    alarms = policies.scope(actor, mine, selectors.LIST)
    rang = Finding.objects.filter(
        pk__in=alarms.values("finding_links__finding"), subject__in=person.ids, phase="raised"
    )
    return [
        Mark(UUID(key["device"]), key["at_us"], int(number))
        for summary, evidence in rang.values_list("summary", "evidence")
        if (number := summary.get("code")) is not None
        for key in evidence
    ]
