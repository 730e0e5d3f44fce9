"""A worker's own call for help as it stands: how often she pressed, who opened it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.notify import selectors as told_of
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import notices, terms
from songhe.domains.organizations import selectors as organizations
from songhe.domains.organizations.selectors import Organization

LONGEST = timedelta(hours=12)
_SOON = timedelta(seconds=1)
GOING = timedelta(hours=3)  # so long a colleague who was asked to go reads where to; ours (E)
_MOST = 50
_PAGES = "/rescues/worker/"


@dataclass(frozen=True, slots=True)
class OwnCall:
    """One call, told to everybody at the desk. seen_at, seen_by: when the first of them opened it.

    params: what its notices say (``notices.py``), empty where that was erased. asked: which
    colleagues were asked to go, and when; filled where a function says so. where: the place in
    words, as the reader may know it.
    """

    ref: str
    url: str
    made_at: datetime
    seen_at: datetime | None
    seen_by: str
    params: Mapping[str, Any]
    asked: tuple[tuple[str, datetime], ...] = ()
    where: str = ""

    @property
    def user_id(self) -> UUID:
        return UUID(self.url.strip("/").rpartition("/")[2])

    @property
    def worker(self) -> str:
        return str(self.params.get("worker", ""))

    @property
    def state(self) -> str:
        """Return the state in words of alarms: filled while nobody at the desk has opened it."""
        return "unacknowledged" if self.seen_at is None else "acknowledged"

    @property
    def presses(self) -> list[str]:
        """Return the ids of the records that were told of it; the first is in its reference."""
        return list(self.params.get("presses") or [self.ref.rpartition("/")[2]])

    @property
    def times(self) -> int:
        return len(self.presses)

    @property
    def last(self) -> str:
        """Return when she pressed last, as a local clock shows it."""
        return str(self.params.get("last") or self.params.get("time", ""))


def url_of(user_id: UUID) -> str:
    """Return the address of a worker's call."""
    return f"{_PAGES}{user_id}/"


def ref_of(user_id: UUID, since: datetime) -> str:
    """Return what colleagues are told about: this call, not the one before it."""
    return f"accounts.User/{user_id}/{since.astimezone(UTC):%Y%m%dT%H%M%S.%f}"


def calls_of(user_id: UUID, *, at: datetime) -> list[OwnCall]:
    """Return a worker's calls of the last 12 hours, the newest first; 1 query."""
    rows = Notice.objects.filter(url=url_of(user_id), made_at__gte=at - LONGEST)
    return list(_calls(rows).values())


def told_in(refs: Iterable[str]) -> dict[str, OwnCall]:
    """Return calls by reference, of which the reader was told herself; 1 query, 0 for none."""
    return _calls(Notice.objects.filter(ref__in=list(refs)))


def _calls(rows: QuerySet[Notice]) -> dict[str, OwnCall]:
    with lifted():
        by_ref: dict[str, list[Notice]] = {}
        told = rows.filter(kind=notices.WORKER_HELP).select_related("user")
        for row in told.order_by("-made_at", "pk"):
            by_ref.setdefault(row.ref, []).append(row)
    return {ref: _call(ref, some) for ref, some in by_ref.items()}


def _call(ref: str, some: list[Notice]) -> OwnCall:
    read = [(row.read_at, row.user.display_name) for row in some if row.read_at is not None]
    seen_at, seen_by = min(read, default=(None, ""))
    params = told_of.params_of(some[0])
    return OwnCall(ref, some[0].url, some[0].made_at, seen_at, seen_by, params)


def is_at_desk(actor: Actor, organization: Organization | None) -> bool:
    """Tell whether the actor sends the workers of an organisation."""
    return organization is not None and (
        actor.covers(terms.SEND, organization.region_code)
        or organization.pk in actor.organizations(terms.SEND)
    )


def calls_between(actor: Actor, since: datetime, until: datetime, *, at: datetime) -> list[OwnCall]:
    """Return the calls of a time, of workers whom the actor sends, the newest first, with where
    and who was asked; 1 query, and 2 more where there are any, 3 for each.
    """
    rows = Notice.objects.filter(made_at__gte=since, made_at__lt=until, url__startswith=_PAGES)
    calls = list(_calls(rows).values())[:_MOST]
    return _with_asked(
        [
            replace(call, where=notices.place_of_call(actor, call.params))
            for call in calls
            if is_at_desk(actor, organizations.organization_of_user(call.user_id, at=at))
        ]
    )


def standing(actor: Actor, *, at: datetime) -> list[OwnCall]:
    """Return the calls that nobody opened within 12 hours, or somebody did within three."""
    return [
        call
        for call in calls_between(actor, at - LONGEST, at + _SOON, at=at)
        if call.seen_at is None or call.seen_at >= at - GOING
    ]


def _with_asked(calls: list[OwnCall]) -> list[OwnCall]:
    """Return calls with which colleagues were asked to go; 1 query, 0 for no calls."""
    asked: dict[str, list[tuple[str, datetime]]] = {
        ref_of(call.user_id, call.made_at): [] for call in calls
    }
    with lifted():
        rows = Notice.objects.filter(kind=notices.GO_TO_WORKER, ref__in=list(asked))
        for row in rows.select_related("user").order_by("made_at", "pk"):
            asked[row.ref].append((row.user.display_name, row.made_at))
    return [replace(call, asked=tuple(asked[ref_of(call.user_id, call.made_at)])) for call in calls]


@dataclass(frozen=True, slots=True)
class Asked:
    """A colleague who needs help, and whom the actor was asked to go to.

    where: in words (``notices.py``). place: latitude and longitude of her phone as the desk knew
    it, "" where it did not.
    """

    worker: str
    phone: str
    where: str
    place: str

    @property
    def geo(self) -> str:
        """Return the place as phones open it in their own map (RFC 5870)."""
        here = self.place.replace(" ", "")
        return f"geo:{here}?q={here}"


def asked_to_go(actor: Actor, *, at: datetime) -> tuple[Asked, ...]:
    """Return to whom the actor was asked to go within three hours, the newest first; 1 query."""
    rows = told_of.notices_of(actor).filter(kind=notices.GO_TO_WORKER, made_at__gte=at - GOING)
    found = []
    for row in rows:
        if given := told_of.params_of(row):
            said = notices.where_to_go(actor, given)
            found.append(
                Asked(str(given["worker"]), str(given["phone"]), str(said["place"]),
                      str(given.get("map", "")))
            )  # fmt: skip
    return tuple(found)


def own_call(actor: Actor, *, at: datetime) -> OwnCall | None:
    """Return the actor's newest call with who was asked to come, None where she has not called
    within 12 hours; 1 query, 2 where she has.
    """
    if actor.user_id is None:
        return None
    return next(iter(_with_asked(calls_of(actor.user_id, at=at)[:1])), None)
