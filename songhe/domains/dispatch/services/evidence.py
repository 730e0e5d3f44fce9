"""Working out how far a visit's records bear it out, and keeping it with its inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.database.copying import copy_in
from songhe.base.files import selectors as files
from songhe.domains.dispatch import evidence, places
from songhe.domains.dispatch.models import Evidence, Happening, Visit
from songhe.domains.dispatch.terms import OPEN_VISITS, HappeningKind, VisitState

_DAY = timedelta(hours=16)


def judge_crew(*, visit_id: UUID, at: datetime) -> list[Evidence]:
    """Judge a visit and those that carry out the same order: who comes together proves together."""
    order_id = Visit.objects.values_list("order", flat=True).get(pk=visit_id)
    ids = Visit.objects.filter(order=order_id, state=VisitState.DONE).values_list("pk", flat=True)
    found = [judge_visit(visit_id=pk, at=at) for pk in ids]
    return [one for one in found if one is not None]


@transaction.atomic
def judge_visit(*, visit_id: UUID, at: datetime) -> Evidence | None:
    """Judge a visit that is over, beside the worker's others of that day; None before its end."""
    visit = Visit.objects.select_related("order__home", "order__item").get(pk=visit_id)
    if visit.ended_at is None:
        return None
    around = visit.arrived_at or visit.ended_at
    others = Visit.objects.filter(
        worker=visit.worker_id, ended_at__range=(around - _DAY, around + _DAY)
    ).exclude(pk=visit.pk)
    told = list(Happening.objects.filter(visit=visit).order_by("at", "id"))
    states = list(Visit.objects.filter(order=visit.order_id).values_list("state", flat=True))
    found = _row(visit, told, states, others.select_related("order__home", "order__item"), at)
    row, _ = Evidence.objects.update_or_create(
        visit=visit,
        defaults={
            name: getattr(found, name)
            for name in ("score", "reasons", "rules", "status", "inputs", "made_at")
        },
    )
    return row


@transaction.atomic
def judge_all(visit_ids: Iterable[UUID], *, at: datetime) -> int:
    """Judge visits of a load that are over and were not judged yet, each as `judge_visit` does.

    Return how many; 4 queries and what their photographs take.
    """
    rows = Visit.objects.select_related("order__home", "order__item").filter(ended_at__isnull=False)
    visits = list(rows.filter(pk__in=list(visit_ids)))
    if not visits:
        return 0
    told, states, others = defaultdict(list), defaultdict(list), defaultdict(list)
    for one in Happening.objects.filter(visit__in=visits).order_by("at", "id"):
        told[one.visit_id].append(one)
    crews = Visit.objects.filter(order__in=[visit.order_id for visit in visits])
    for order_id, state in crews.values_list("order", "state"):
        states[order_id].append(state)
    ends = [visit.ended_at for visit in visits if visit.ended_at]
    for other in rows.filter(ended_at__range=(min(ends) - 2 * _DAY, max(ends) + 2 * _DAY)):
        others[other.worker_id].append(other)
    copy_in(
        Evidence,
        [
            _row(visit, told[visit.pk], states[visit.order_id], others[visit.worker_id], at)
            for visit in visits
        ],
    )
    return len(visits)


def _row(
    visit: Visit,
    told: list[Happening],
    states: list[str],
    of_worker: Iterable[Visit],
    at: datetime,
) -> Evidence:
    """Return what speaks against a visit, beside the worker's others of that day."""
    around = visit.arrived_at or visit.ended_at
    others = [
        one
        for one in of_worker
        if one.pk != visit.pk and around and one.ended_at and abs(one.ended_at - around) <= _DAY
    ]
    alike = _alike(visit, told)
    judged = evidence.judge(
        _came(visit, _seen(visit, told, alike), states), [_seen(one, (), ()) for one in others]
    )
    return Evidence(
        visit=visit,
        score=judged.score,
        reasons=[{"code": one.code, "takes": one.takes, **one.figures} for one in judged.reasons],
        rules=f"dispatch.evidence@{evidence.rules()['version']}",
        status=evidence.rules()["status"],
        inputs={"happenings": len(told), "alike": len(alike), "others": len(others)},
        made_at=at,
    )


def _came(visit: Visit, seen: evidence.Seen, states: list[str]) -> evidence.Seen:
    """Return the visit with how many its item takes and how many did it, once all are through.

    states: of all visits of its order.
    """
    if visit.order.item is None or any(state in OPEN_VISITS for state in states):
        return seen
    needed, came = visit.order.item.workers_needed, states.count(VisitState.DONE)
    return replace(seen, needed=needed, came=came)


def _alike(visit: Visit, told: Iterable[Happening]) -> list[evidence.Alike]:
    """Return each photograph that is like one of another order's visit, or the very one that
    proved another step of this one, with the nearest such. One that has not come yet is judged
    when it comes."""
    found: list[evidence.Alike] = []
    told = [one for one in told if one.kind == HappeningKind.PHOTO and one.file]
    if not told:
        return found
    crew = Visit.objects.filter(order=visit.order_id).values_list("pk", flat=True)
    own = {f"dispatch.Visit/{pk}" for pk in crew}
    farthest = int(evidence.rules()["reasons"]["reused_photo"]["distance"])
    proves: dict[UUID, str] = {}
    for one in told:
        pk = UUID(one.file)
        with suppress(files.NoSuchFile):
            near = next(
                (
                    other
                    for other in files.look_alikes(pk, distance=farthest)
                    if other.ref not in own
                    or (other.is_same and proves.get(other.file_id, one.step) != one.step)
                ),
                None,
            )
            if near is not None:
                before = near.ref.rpartition("/")[2]
                found.append(evidence.Alike(str(pk), str(near.file_id), before))
        proves[pk] = one.step
    return found


def _seen(
    visit: Visit, told: Iterable[Happening], alike: Sequence[evidence.Alike]
) -> evidence.Seen:
    rows = list(told)
    arrival = next((one for one in rows if one.kind == HappeningKind.ARRIVED), None)
    home = visit.order.home
    return evidence.Seen(
        visit_id=visit.pk,
        arrived_at=visit.arrived_at,
        began_at=visit.began_at,
        ended_at=visit.ended_at,
        home=places.point(home.lat, home.lon) if home is not None else None,
        way=visit.arrived_by or "none",
        distance_m=visit.distance_m,
        accuracy_m=(arrival.accuracy_m or 0.0) if arrival is not None else 0.0,
        reason=visit.place_reason,
        item_minutes=visit.order.item.duration_minutes if visit.order.item is not None else None,
        missing=sum(1 for one in visit.missing if not one.get("reason"))
        if all(isinstance(one, dict) for one in visit.missing)
        else len(visit.missing),
        told=[
            evidence.Told(
                kind=one.kind,
                at=one.at,
                received_at=one.received_at,
                made_ms=evidence.made_ms(one.pk),
                wrong=str(one.data.get("wrong", "")),
            )
            for one in rows
        ],
        alike=alike,
    )
