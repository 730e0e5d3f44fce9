"""What billing shows of the records behind a charge: the most doubtful visit of its order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from songhe.base.access import policies
from songhe.base.access.wall import lifted
from songhe.domains.billing.panels import CHECKED, SLOT, Proof
from songhe.domains.billing.terms import CHECK
from songhe.domains.dispatch import terms
from songhe.domains.dispatch.evidence_reads import words_of
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.params import params
from songhe.kit import slots
from songhe.kit.asks import actor_of

_ORDER = "dispatch.Order/"


def register() -> None:
    """Called when the app is ready."""
    slots.register(SLOT, 0, proofs, action=terms.SAMPLE)
    slots.register(CHECKED, 0, checked, action=CHECK)


def proofs(request: HttpRequest, refs: Collection[str]) -> dict[str, Proof]:
    """Return by ref of an order the score of its visit, of several the lowest; 1 query."""
    rows = policies.scope(actor_of(request), _visits(refs), terms.SAMPLE)
    return _worth(rows, is_open=True)


def checked(_request: HttpRequest, refs: Collection[str]) -> dict[str, Proof]:
    """Return the same for who checks a bill in which the orders stand; the record stays closed."""
    with lifted():
        return _worth(_visits(refs), is_open=False)


def _visits(refs: Collection[str]) -> QuerySet[Visit]:
    orders = [UUID(ref.removeprefix(_ORDER)) for ref in refs if ref.startswith(_ORDER)]
    return Visit.objects.filter(order__in=orders, evidence__isnull=False)


def _worth(rows: QuerySet[Visit], *, is_open: bool) -> dict[str, Proof]:
    below = int(params()["punctual"]["doubtful_below"])
    some = list(rows.select_related("evidence", "worker").order_by("-evidence__score", "pk"))
    workers: dict[UUID, set[str]] = defaultdict(set)
    for row in some if is_open else ():
        workers[row.order_id].add(row.worker.display_name)
    return {
        f"{_ORDER}{row.order_id}": Proof(
            score=row.evidence.score,
            is_doubtful=row.evidence.score < below,
            url=reverse("dispatch:sample", args=[row.pk]) if is_open else "",
            came=row.arrived_at or row.began_at,
            went=row.ended_at,
            against=tuple(words_of(one) for one in row.evidence.reasons),
            worker=" / ".join(sorted(workers[row.order_id])),
        )
        for row in some
    }
