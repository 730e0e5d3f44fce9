"""Liu and those around her, and what her phone tells."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.regions.services import add_region
from songhe.domains.catalog.testing import make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.dispatch.testing import make_worker
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people

MIN = timedelta(minutes=1)


class World:
    """Liu, who has visits today, Ma, who has none, Sun at the desk, and Wu."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        before = self.now - timedelta(days=1)
        for code in ("99", "9901", "990121"):
            add_region(code=code, name="松鹤示范县")
        self.centre = organizations.make_organization(at=before)
        self.home, _rooms = people.make_home(at=before)
        self.chen = people.make_person(at=before, home=self.home)
        self.users = {
            "sun": organizations.make_user(
                at=before, login="sun", role="operator", organization=self.centre
            ),
            "wu": organizations.make_user(at=before, login="wu"),
        }
        for login in ("liu", "ma"):
            self.users[login] = make_worker(centre=self.centre, login=login, at=before)
        make_item(at=before)
        self.turn = 0

    def client(self, login: str) -> Client:
        return signed_in(Client(), self.users[login], at=self.now)

    def visit(self, login: str = "liu", *, begins: datetime | None = None) -> Visit:
        """Plan a visit of a minute, within today unless told otherwise, and tell its worker."""
        begins = begins or self.now + timedelta(minutes=self.turn, seconds=1)
        self.turn += 1
        order = services.make_order(
            actor=SYSTEM, kind=OrderKind.SERVICE, source=Source.WISH, person_id=self.chen.pk,
            item_code="test-bath", window=(begins, begins + MIN), at=self.now,
        )  # fmt: skip
        visit = services.plan_visit(
            actor=access.actor_for(self.users["sun"], self.now), order_id=order.pk,
            worker_id=self.users[login].pk, begins_at=begins, ends_at=begins + MIN, at=self.now,
        )  # fmt: skip
        return services.tell_visit(visit_id=visit.pk, at=self.now)


def record(visit: Visit | None, kind: str, ago_s: float, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=ago_s)
    return {
        "id": str(uuid4()), "visit": str(visit.pk) if visit else None, "kind": kind,
        "device_at": at.isoformat(),
    } | more  # fmt: skip


def send(client: Client, *told: dict[str, Any], ahead_s: float = 0.0) -> dict[str, Any]:
    sent_at = datetime.now(UTC) + timedelta(seconds=ahead_s)
    body = {"sent_at": sent_at.isoformat(), "told": list(told)}
    response = client.post("/work/sync/", json.dumps(body), content_type="application/json")
    assert response.status_code == 200, response.content
    return dict(response.json())


def states(said: dict[str, Any]) -> list[str]:
    return [one["state"] for one in said["answers"]]
