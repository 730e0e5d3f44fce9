"""A county with a provider, Grandma Chen at home, and who works there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.accounts.models import User
from songhe.base.regions.services import add_region
from songhe.domains.catalog.testing import make_item
from songhe.domains.homecare import testing
from songhe.domains.homecare.models import HomeBed
from songhe.domains.organizations import testing as organizations
from songhe.domains.organizations.models import Organization
from songhe.domains.people import testing as people
from songhe.domains.people.models import Home, Person

NOW = datetime(2026, 11, 22, 2, 12, 48, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1)


@dataclass
class County:
    organization: Organization
    chen: Person
    home: Home
    users: dict[str, User]

    def actor(self, login: str, at: datetime = NOW) -> Actor:
        return access.actor_for(self.users[login], at)

    def bed(self, state: str = "active", **more) -> HomeBed:
        """Let Grandma Chen's home have gone the road as far as a state."""
        given = {"person_id": self.chen.pk, "organization_id": self.organization.pk, "at": NOW}
        return testing.make_bed(**(given | {"state": state} | more))


def make_county() -> County:
    for code in ("99", "9901", "990121"):
        add_region(code=code, name="松鹤示范县")
    make_item(at=BEFORE)
    organization = organizations.make_organization(at=BEFORE)
    home, _rooms = people.make_home(at=BEFORE)
    chen = people.make_person(at=BEFORE, home=home)
    users = {"wu": organizations.make_user(at=BEFORE, login="wu")}
    for login, role in (
        ("boss", "admin"),
        ("sun", "operator"),
        ("leader", "shift_leader"),
        ("keeper", "device_keeper"),
        ("manager", "provider_manager"),
        ("qian", "regulator"),
    ):
        users[login] = organizations.make_user(
            at=BEFORE, login=login, role=role, organization=organization
        )
    return County(organization, chen, home, users)


@pytest.fixture
def county(db: None) -> County:
    return make_county()
