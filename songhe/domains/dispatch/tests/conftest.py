"""A service centre with workers, a person at home, and her alarm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.regions.services import add_region
from songhe.domains.dispatch.testing import make_worker
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.organizations import testing as organizations
from songhe.domains.organizations.models import Organization
from songhe.domains.people import testing as people
from songhe.domains.people.models import Home, Person

NOW = datetime(2026, 11, 22, 2, 12, 48, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)
HOME = (35.2014, 108.2980)


@dataclass
class Centre:
    organization: Organization
    chen: Person
    home: Home
    users: dict[str, User]

    def actor(self, login: str, at: datetime = NOW) -> Actor:
        return access.actor_for(self.users[login], at)

    def alarm(self, at: datetime = NOW) -> Alarm:
        """Let Grandma Chen have pressed the button."""
        make_finding(rule="sos", subject=self.chen.pk, at=at)
        monitoring.take_findings(at=at)
        return Alarm.objects.get(person=self.chen, state="unacknowledged")


@pytest.fixture
def centre(db: None) -> Centre:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name="松鹤示范县")
    organization = organizations.make_organization(at=BEFORE)
    home, _rooms = people.make_home(at=BEFORE)
    chen = people.make_person(at=BEFORE, home=home)
    users = {
        "sun": organizations.make_user(
            at=BEFORE, login="sun", role="operator", organization=organization
        ),
        "wu": organizations.make_user(at=BEFORE, login="wu"),
    }
    for login in ("liu", "ma", "gao"):
        users[login] = make_worker(centre=organization, login=login, at=BEFORE)
    return Centre(organization, chen, home, users)
