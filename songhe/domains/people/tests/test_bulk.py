"""A load of households obeys the same rules as one person, and stores all of it or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.domains.organizations.testing import make_actor
from songhe.domains.people import selectors
from songhe.domains.people.bulk import (
    NewContact,
    NewFact,
    NewHousehold,
    NewPerson,
    NewRoom,
    register_households,
)
from songhe.domains.people.idnumber import BadIdNumber, check_digit
from songhe.domains.people.models import Home, Person
from songhe.domains.people.services import AlreadyRegistered, NotAChoice
from songhe.kernel.errors import Denied

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
AT = NOW - timedelta(days=100)
FIRST17 = "99012119440309002"
NUMBER = FIRST17 + check_digit(FIRST17)
pytestmark = pytest.mark.django_db


def person(**more) -> NewPerson:
    fields = {"name": "陈秀兰", "sex": "female", "birth_on": date(1944, 3, 9)}
    return NewPerson(**fields | more)


def household(*persons, region_code: str = "990121001001", **more) -> NewHousehold:
    rooms = [NewRoom("bedroom", "卧室", (0, 0, 4, 3)), NewRoom("bed", "101-1 床", (4, 0, 2, 5))]
    return NewHousehold(region_code, "桂花里 3 号楼 402", rooms, persons, **more)


def load(*households, actor=SYSTEM):
    return register_households(actor=actor, households=households, at=AT)


def test_everything_of_a_household_can_be_read_back():
    fact = NewFact("need", "fence", "安全区", "Safe area", 70, {"fence": {"radius_m": 400}})
    contact = NewContact("陈伟", "son", "15401000007", 1, "外地")
    ((home),) = load(
        household(
            person(id_number=NUMBER, phone="15401000000", facts=[fact], contacts=[contact], room=1),
            person(name="陈福生", sex="male"),
            lat=35.2,
            lon=108.3,
        )
    )
    chen = selectors.find_by_id_number(SYSTEM, NUMBER, at=NOW)
    assert chen is not None
    assert selectors.phone_of(chen) == "15401000000"
    (line,) = selectors.contacts_of(SYSTEM, chen)
    assert (line.name, line.phone) == ("陈伟", "15401000007")
    assert selectors.rule_data_of(chen.id, at=NOW) == {"fence": {"radius_m": 400}}
    found = selectors.home_of(chen.id, at=NOW)
    assert found is not None
    assert found.plan["width"] == 6
    assert found.plan["height"] == 5
    assert {row["room"] for row in found.plan["rooms"]} == {str(room.pk) for room in home.rooms}
    residents = selectors.residents_by_home([found.pk], at=NOW)[found.pk]
    assert set(residents) == {person.pk for person in home.persons}
    assert selectors.home_of(chen.id, at=AT - timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ([person(id_number=NUMBER[:-1] + "Y")], BadIdNumber),
        ([person(id_number=NUMBER), person(name="陈桂兰", id_number=NUMBER)], AlreadyRegistered),
        ([person(living="castle")], NotAChoice),
        ([person(sex="other")], NotAChoice),
        ([person(care_level=5)], NotAChoice),
    ],
)
def test_one_bad_person_stops_the_whole_load(bad, error):
    with pytest.raises(error):
        load(household(person(name="王建国", sex="male")), household(*bad))
    assert not Person.objects.exists()
    assert not Home.objects.exists()


def test_who_may_not_register_there_loads_nothing():
    actor = make_actor(at=AT, login="admin2", role="admin", region_prefix="990121002")
    with pytest.raises(Denied):
        load(household(person()), actor=actor)
    assert not Person.objects.exists()
    assert len(load(household(person(), region_code="990121002001"), actor=actor)) == 1
