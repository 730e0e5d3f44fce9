"""Days go on: as the hours come, the phones of the centre's workers tell their visits.

Runs in the jobs process of a demo. Liu's phone is the newcomer's own and tells nothing by itself.
What lies behind because the demo was off is told late, a few visits at a time; what was done in the
weeks before is charged in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from songhe.base.access import services as access
from songhe.base.accounts.models import User
from songhe.base.events import loops
from songhe.config.demo import centre, stories, week
from songhe.domains.billing import testing as billing
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.selectors import VersionView
from songhe.domains.dispatch import services, testing
from songhe.domains.dispatch.bulk import Heard
from songhe.domains.dispatch.services import proofs
from songhe.domains.people import selectors as people

EVERY_S = 20.0
_AT_ONCE = 5
_CHARGED_AT_ONCE = 20
_BEFORE = timedelta(minutes=15)


def register() -> None:
    """Called by the jobs process in a demo."""
    phones = Phones()
    loops.register_tick("demo.visits", EVERY_S, lambda at: phones.go_on(at=at))


class Phones:
    """Remembers of each visit that goes on what its phone tells, and how much it told already."""

    def __init__(self) -> None:
        self._stories: dict[UUID, list[Heard]] = {}
        self._sent: dict[UUID, int] = {}
        self._items: dict[UUID, VersionView] = {}
        self._owed: list[tuple[UUID, str, datetime]] | None = None

    def go_on(self, *, at: datetime) -> int:
        """Tell what has happened by now; return how many visits went on."""
        logins = {*centre.LOGINS, *week.LOGINS} - {"liu"}
        users = {one.pk: one for one in User.objects.filter(login__in=logins)}
        if len(users) <= len(week.LOGINS):
            return 0  # a small house, in which the centre has not run yet
        self._charge(users)
        due = testing.due(users, until=at + _BEFORE)
        for gone in self._stories.keys() - {one.visit_id for one in due}:
            del self._stories[gone]
            self._sent.pop(gone, None)
        went = 0
        for one in due:
            if one.visit_id not in self._stories:
                self._stories[one.visit_id] = self._story(one, at)
            went += self._tell(one, users[one.worker_id], at)
            if went >= _AT_ONCE:
                break
        return went

    def _charge(self, users: Iterable[UUID]) -> None:
        """Charge some of what was done before the demo was made, the oldest first."""
        if self._owed is None:
            known = billing.charged()
            self._owed = [row for row in testing.done(users) if row[1] not in known]
        for pk, _ref, ended_at in self._owed[:_CHARGED_AT_ONCE]:
            services.charge_visit(visit_id=pk, at=ended_at)
        del self._owed[:_CHARGED_AT_ONCE]

    def _story(self, one: testing.Due, at: datetime) -> list[Heard]:
        if one.item_id not in self._items:
            self._items[one.item_id] = catalog.get_version(one.item_id)
        home = people.home_of(one.person_id, at=at)
        place = None
        if home is not None and home.lat is not None and home.lon is not None:
            place = (home.lat, home.lon)
        course = stories.course(one.visit_id, one.begins_at, one.ends_at)
        return stories.told(course, self._items[one.item_id], place)

    def _tell(self, one: testing.Due, user: User, at: datetime) -> int:
        heard, first = self._stories[one.visit_id], self._sent.get(one.visit_id, 0)
        new = [some for some in heard[first:] if some.told.device_at <= at]
        if not new:
            return 0
        actor = access.actor_for(user, at)
        for some in new:
            if some.content:
                proofs.keep_proof(
                    actor=actor, visit_id=one.visit_id, file_id=UUID(some.told.file),
                    content=some.content, name=f"{some.told.step}.jpg", at=at,
                )  # fmt: skip
        services.take_happenings(actor=actor, told=[some.told for some in new], sent_at=at, at=at)
        self._sent[one.visit_id] = first + len(new)
        return 1
