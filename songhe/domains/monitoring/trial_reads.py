"""What a trial of a rule needs from the store, and reading trials: actor first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.domains.monitoring.comparing import Real
from songhe.domains.monitoring.models import Alarm, AlarmFinding, GatewayRules, RuleTrial
from songhe.domains.monitoring.terms import OUTDOOR_KINDS
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import State
from songhe.kernel.detectors.rules import Spec, spec
from songhe.kernel.errors import NotFound
from songhe.kernel.time import to_us
from songhe.kernel.wire import DeviceSnapshot, RuleScope, SubjectKind

TRY = "monitoring.try_rule"
PERSON = "people.Person"
CHUNK = 40  # persons judged together: memory holds their states and some minutes of readings
CLINICAL_KINDS = ("threshold", "companion", "news2", "trend")


class NoSuchTrial(NotFound):
    code = "monitoring.no_such_trial"
    message = "This trial of a rule does not exist, or is not yours."


def is_clinical(row: Spec) -> bool:
    """Tell whether a rule judges what is measured of a person, and not a device or a home."""
    if row.kind == "signal":
        return bool(row.params["detector"] == "heart")
    return row.kind in CLINICAL_KINDS and row.key != "device"


def is_replayed(row: Spec) -> bool:
    """Tell whether a rule can be tried on what is stored.

    A trend is judged by the night and not by the gateway; signals as far back as is affordable.
    """
    return row.kind != "trend"


def class_of(rule: str) -> str:
    """Return the class of fields that somebody must see to try a rule on a person."""
    row = spec(rule)
    if row.kind in OUTDOOR_KINDS:
        return "location"
    return "health" if is_clinical(row) else "home"


def persons_for(actor: Actor, scope: str, rule: str, *, at: datetime) -> list[UUID]:
    """Return whom a trial judges: of the scope, open to the actor; who live together are together.

    scope: `*`, `org:<uuid>` or `person:<uuid>`.
    """
    kind, _sep, key = scope.partition(":")
    rows = people.list_persons(actor).order_by()
    if kind == "person":
        rows = rows.filter(pk=UUID(key))
    granted = actor.granted(PERSON)
    wanted = class_of(rule)
    serving: dict[str, UUID | None] = {}
    found = []
    for pk, region in rows.values_list("pk", "region_code"):
        seen = actor.fields_in(region) if actor.covers(TRY, region) else frozenset()
        if not actor.is_system and wanted not in seen | granted.get(pk, frozenset()):
            continue
        if kind == "org":
            if region not in serving:
                one = organizations.serving(region)
                serving[region] = one.pk if one is not None else None
            if str(serving[region]) != key:
                continue
        found.append(pk)
    homes = people.homes_by_person(found, at=at)
    return sorted(found, key=lambda pk: (str(homes[pk].pk) if pk in homes else "", str(pk)))


def chunks(persons: Sequence[UUID]) -> Iterator[list[UUID]]:
    """Yield the persons some at a time."""
    waiting = iter(persons)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def scopes_of(persons: Iterable[UUID]) -> list[RuleScope]:
    """Return what the gateway reads of these persons, their organisations and everybody."""
    names = ["*", *(f"person:{pk}" for pk in persons)]
    own = [_scope(row) for row in GatewayRules.objects.filter(scope__in=names)]
    serving = {f"org:{one.organization}" for one in own if one.organization is not None}
    return own + [_scope(row) for row in GatewayRules.objects.filter(scope__in=serving)]


def _scope(row: GatewayRules) -> RuleScope:
    return msgspec.convert(row.body, RuleScope)


# In an institution a room's sensors speak of who lives in that room.
_DEVICES = """
SELECT g.body FROM gateway_device g WHERE g.device IN (
  SELECT b.device_id FROM devices_binding b
   WHERE b.period && tstzrange(%(since)s, %(until)s) AND (
     b.person_id = ANY(%(persons)s) OR b.room_id IN (
       SELECT r.id FROM people_residency s
         JOIN people_home h ON h.id = s.home_id JOIN people_room r ON r.home_id = h.id
        WHERE s.person_id = ANY(%(persons)s) AND s.period && tstzrange(%(since)s, %(until)s)
          AND (NOT h.is_institution OR s.room_id = r.id))))
"""


def devices_of(
    persons: Collection[UUID], *, since: datetime, until: datetime
) -> list[DeviceSnapshot]:
    """Return the devices that served persons or their rooms within a period; 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(_DEVICES, {"persons": list(persons), "since": since, "until": until})
        return [msgspec.convert(_body(row[0]), DeviceSnapshot) for row in cursor.fetchall()]


def _body(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def subjects_of(persons: Collection[UUID], devices: Iterable[DeviceSnapshot]) -> set[UUID]:
    """Return of whom and of what there may be readings: the persons, and their rooms."""
    places = {bound.subject for device in devices for bound in device.bindings
              if bound.subject_kind == SubjectKind.PLACE
              and (bound.person is None or bound.person in persons)}  # fmt: skip
    return {*persons, *places}


def real_alarms(
    actor: Actor, rule: str, subjects: Collection[UUID], *, since: datetime, until: datetime
) -> list[Real]:
    """Return the alarms that the rule raised for subjects and that the actor may see; 1 query."""
    seen = policies.scope(actor, Alarm.objects.all(), "monitoring.view_alarm").values("pk")
    links = AlarmFinding.objects.filter(
        finding__rule=rule,
        finding__phase="raised",
        finding__subject__in=list(subjects),
        finding__onset_at__gte=since,
        finding__onset_at__lt=until,
        alarm__in=seen,
    )
    found: dict[UUID, Real] = {}
    for link in links.select_related("alarm", "finding").order_by("finding__onset_at"):
        alarm, finding = link.alarm, link.finding
        if alarm.pk in found:
            continue
        found[alarm.pk] = Real(
            alarm=str(alarm.pk),
            subject=str(finding.subject),
            person=str(alarm.person_id) if alarm.person_id else None,
            onset_us=to_us(finding.onset_at),
            last_us=to_us(max(alarm.last_at, alarm.cleared_at or alarm.last_at)),
            outcome=_outcome(alarm),
            summary=finding.summary,
        )
    return list(found.values())


def _outcome(alarm: Alarm) -> str:
    if alarm.state != State.RESOLVED:
        return "open"
    return alarm.outcome if alarm.resolved_by_id is not None else "itself"


def get_trial(actor: Actor, trial_id: UUID) -> RuleTrial:
    """Return one of the actor's own trials. Raises NoSuchTrial."""
    rows = RuleTrial.objects.filter(pk=trial_id)
    if not actor.is_system:
        rows = rows.filter(asked_by=actor.user_id)
    trial = rows.first()
    if trial is None:
        raise NoSuchTrial
    return trial


def trials_of(actor: Actor, rule: str, *, limit: int = 8) -> list[RuleTrial]:
    """Return the actor's newest trials of a rule, without their results."""
    if actor.user_id is None:
        return []
    rows = RuleTrial.objects.filter(rule=rule, asked_by=actor.user_id).defer("result")
    return list(rows.order_by("-asked_at")[:limit])


def still_open(actor: Actor, trial: RuleTrial) -> frozenset[str]:
    """Return the persons of a result who are open to the actor now: grants may have ended."""
    ids = {line["person"] for key in ("lines", "real") for line in trial.result.get(key, ())}
    ids |= {row[0] for row in trial.result.get("people", ())}
    wanted = [UUID(one) for one in ids if one]
    granted, need = actor.granted(PERSON), class_of(trial.rule)
    rows = people.list_persons(actor).order_by().filter(pk__in=wanted)
    return frozenset(
        str(pk)
        for pk, region in rows.values_list("pk", "region_code")
        if actor.is_system or need in (actor.fields_in(region) | granted.get(pk, frozenset()))
    )
