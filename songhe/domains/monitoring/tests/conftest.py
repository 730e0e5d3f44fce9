"""A small county: a community with homes, a service centre, a hospital, and the cast on duty."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.models import Organization
from songhe.domains.people import services as people
from songhe.domains.people.models import Home, Person, Room

NOW = datetime(2026, 11, 22, 2, 12, 48, tzinfo=UTC)
COMMUNITY = "990121001001"


@dataclass
class County:
    centre: Organization
    hospital: Organization
    chen: Person
    home: Home
    bedroom: Room
    users: dict[str, User]

    def actor(self, login: str, at: datetime = NOW) -> Actor:
        return access.actor_for(self.users[login], at)


def _user(login: str, name: str) -> User:
    return User.objects.create_user(login=login, display_name=name, password="a long passphrase")


def make_home(number: int, region: str = COMMUNITY) -> tuple[Person, Home, Room]:
    home = people.add_home(actor=SYSTEM, region_code=region, address=f"桂花里 {number} 号", at=NOW)
    room = people.add_room(actor=SYSTEM, home=home, kind="bedroom", name="卧室")
    person = people.register_person(
        actor=SYSTEM,
        name="陈秀兰",
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code=region,
        at=NOW,
        living="alone",
    )
    people.move_in(actor=SYSTEM, person_id=person.pk, home=home, at=NOW - timedelta(days=90))
    return person, home, room


@pytest.fixture
def county(db: None) -> County:
    hospital = organizations.found_organization(
        actor=SYSTEM, name="云岭镇卫生院", kind="hospital", region_code="990121001", at=NOW
    )
    centre = organizations.found_organization(
        actor=SYSTEM,
        name="服务中心",
        kind="service-centre",
        region_code="990121",
        at=NOW,
        serves=["990121"],
        next_organization=hospital,
    )
    since = NOW - timedelta(days=1)
    users = {
        "sun": _user("sun", "值班员小孙"),
        "leader": _user("leader", "带班主任"),
        "liu": _user("liu", "小刘"),
        "zhao": _user("zhao", "赵医生"),
        "wu": _user("wu", "吴"),
        "far": _user("far", "外县值班员"),
    }
    for login, role, prefix, org in (
        ("sun", "operator", "990121", centre),
        ("leader", "shift_leader", "990121", centre),
        ("liu", "worker", "990121", centre),
        ("zhao", "clinician", "990121001", hospital),
        ("far", "operator", "990122", None),
    ):
        access.give_role(
            actor=SYSTEM,
            user=users[login],
            role=role,
            region_prefix=prefix,
            at=since,
            organization_id=org.pk if org else None,
        )
    organizations.employ(
        actor=SYSTEM,
        organization=centre,
        user=users["leader"],
        title="带班主任",
        at=since,
        is_leader=True,
        phone="19900000001",
    )
    organizations.employ(
        actor=SYSTEM, organization=centre, user=users["liu"], title="护理员", at=since
    )
    chen, home, bedroom = make_home(3)
    return County(centre, hospital, chen, home, bedroom, users)
