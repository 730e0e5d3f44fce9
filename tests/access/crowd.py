"""More of everything on the pages of town a, so that a page that asks once a row is found."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.domains.devices import bulk as device_bulk
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.people import bulk as people_bulk
from songhe.domains.people import services as people
from songhe.kernel import ids
from tests.access.world import World, store_reading

ON_HER = ("glucose-meter", "oximeter", "thermometer", "scale", "band", "sos-button")
COMMUNITIES = ("990121001001", "990121001002", "990121001003")
PRESSURE = {"code": 1, "value": 190.0, "value2": 112.0}


def crowd(world: World, count: int, *, now: datetime, first: int = 0) -> None:
    """Add so many persons with device and open alarm, and so many rows to each of her lists.

    first: what came before, so that no absence lies on another.
    """
    town = world.towns["a"]
    since = now - timedelta(days=20)
    housed = people_bulk.register_households(
        actor=SYSTEM,
        at=since,
        households=[
            people_bulk.NewHousehold(
                region_code=COMMUNITIES[number % len(COMMUNITIES)],
                address=f"众里 {first + number} 号",
                rooms=[people_bulk.NewRoom("bedroom", "卧室", (0, 0, 4, 3))],
                persons=[
                    people_bulk.NewPerson(
                        name=f"众{number}",
                        sex="female",
                        birth_on=date(1944, 5, 1),
                        facts=[people_bulk.NewFact("risk", "falls", "跌倒风险", "Falls")],
                        contacts=[people_bulk.NewContact("家人", "son", "19911119998")],
                    )
                ],
            )
            for number in range(count)
        ],
    )
    crowded = [home.persons[0].pk for home in housed]
    owner = {"organization_id": town.organization, "region_code": COMMUNITIES[0]}
    new = [device_bulk.NewDevice("bp-monitor", person_id=one, **owner) for one in crowded]
    new += [
        device_bulk.NewDevice(ON_HER[number % len(ON_HER)], person_id=town.person, **owner)
        for number in range(count)
    ]
    new += [device_bulk.NewDevice("door-magnet", room_id=town.room, **owner) for _ in range(count)]
    made = device_bulk.put_into_use(actor=SYSTEM, devices=new, at=since, now=now)
    own = [device.pk for device, _ in made[count:]]
    for number in range(count):
        at = now - timedelta(seconds=20 + number)
        key = store_reading(
            subject=town.person, device=own[number], at=at, codes=(1, 2), values=[190.0, 112.0]
        )
        for subject, device in ((town.person, own[number]), (crowded[number], made[number][0].pk)):
            make_finding(
                rule="bp-critical",
                subject=subject,
                device=device,
                at=at,
                summary=PRESSURE,
                evidence=[key],
            )
        past = now - timedelta(days=10, hours=first + number)
        monitoring.make_absence(
            actor=SYSTEM,
            person_id=town.person,
            kind="family",
            since=past,
            until=past + timedelta(minutes=30),
            told_by="家人",
            at=now,
        )
        people.add_contact(
            actor=SYSTEM,
            person_id=town.person,
            name="家人",
            relation="son",
            phone="19911119997",
            at=since,
        )
        monitoring.note_alarm(actor=SYSTEM, alarm_id=town.alarm, text="众", at=now)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO dead_letter (id, received_at, device, device_key, topic, payload,"
                " reason, detail, state) SELECT %s, %s, id, key, 'x', '{', 'not-json', '', 'new'"
                " FROM devices_device WHERE id = %s",
                [ids.uuid7(), now, own[number]],
            )
    devices.issue_command(actor=SYSTEM, device_id=own[4], name="locate", args={}, at=now)
    while monitoring.take_findings(at=now):
        pass
    assert Alarm.objects.filter(state="unacknowledged").count() > count
