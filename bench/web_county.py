"""`python -m bench.web_county persons N | day | session LOGIN`: the county that the pages are of.

`persons` registers everybody through the domains' own services, once. `day` gives a copy of that
database what has a date: thirty days of readings, what was last heard, forty open alarms, the
staff. `session` signs somebody in and prints the cookie.
"""

from __future__ import annotations

import json
import random
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import django
from django.db import connection

CHUNK = 1000
WITH_DEVICES, ALARMS, STAFF = 2000, 40, 40
MEASURED, MEASURED_SHARE = 300, 50
LOGIN = "operator"
STEPS = ("install", "activate", "pass_test", "start_use")
_READINGS = """
INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint, received_at,
  codes, vals, flags, person)
SELECT 1, p.person, p.device, t.at, %(mark)s, t.at + interval '1 second', %(codes)s, {values}, 0,
  p.person
FROM (SELECT b.person_id AS person, b.device_id AS device, row_number() OVER () AS n
      FROM devices_binding b JOIN devices_device d ON d.id = b.device_id
      WHERE d.type = %(type)s ORDER BY b.person_id LIMIT %(count)s) p
CROSS JOIN LATERAL (
  SELECT at + p.n * interval '97 milliseconds' AS at
  FROM generate_series(%(now)s::timestamptz - interval '30 days', %(now)s, %(step)s::interval) at
) t WHERE t.at < %(now)s
"""
_PRESSURES = "ARRAY[116 + floor(random() * 16), 70 + floor(random() * 10)]"
_PULSES = "ARRAY[62 + floor(random() * 20)]"
_LATEST = """
INSERT INTO latest (subject, subject_kind, codes, times, vals, devices, updated_at)
SELECT person_id, 1, ARRAY[1, 2, 4]::smallint[], ARRAY[at, at, at],
  ARRAY[124, 76, 72]::float8[], ARRAY[device, device, device], %(now)s
FROM (SELECT person_id, min(device_id::text)::uuid AS device,
        %(now)s::timestamptz - random() * interval '20 minutes' AS at
      FROM devices_binding WHERE person_id IS NOT NULL GROUP BY person_id) p
"""
_SEEN = """
INSERT INTO device_seen (device, last_at, received_at, online, battery_pct)
SELECT id, at, at, random() < 0.97, 20 + floor(random() * 80)
FROM (SELECT id, %(now)s::timestamptz - random() * interval '20 minutes' AS at
      FROM devices_device) d
"""
_MEASURED = """
SELECT person, device, effective_at, fingerprint FROM reading_hot
WHERE codes = ARRAY[1, 2]::smallint[] AND effective_at > %s - interval '14 hours'
ORDER BY person, effective_at DESC
"""


def _do(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description is not None else []


def persons(count: int) -> None:
    """Register everybody with a home, a contact and a fact; the first two thousand have devices."""
    from songhe.base.access.actor import SYSTEM
    from songhe.base.regions.services import add_region, load_divisions
    from songhe.config.demo import places
    from songhe.config.demo.cast import found_institutions
    from songhe.config.demo.names import Numbers, person_name
    from songhe.domains.devices.bulk import NewDevice, Proof, put_into_use
    from songhe.domains.people import bulk

    chance, numbers = random.Random(11), Numbers()
    since = datetime.now(UTC) - timedelta(days=90)
    load_divisions()
    own = (places.PROVINCE, places.CITY, places.COUNTY, *places.TOWNS, *places.COMMUNITIES)
    for place in own:
        add_region(
            code=place.code, name=place.name, name_en=place.name_en, lat=place.lat, lon=place.lon
        )
    owner = found_institutions(at=since).centre

    def household(number: int) -> bulk.NewHousehold:
        place = chance.choice(places.COMMUNITIES)
        sex = chance.choice(("female", "female", "male"))
        born = date(1930, 1, 1) + timedelta(days=chance.randrange(11_000))
        return bulk.NewHousehold(
            region_code=place.code,
            address=f"{place.name} {number} 号",
            rooms=[bulk.NewRoom("bedroom", "卧室", (0, 0, 4, 3))],
            lat=place.lat + chance.uniform(-0.01, 0.01),
            lon=place.lon + chance.uniform(-0.01, 0.01),
            persons=[
                bulk.NewPerson(
                    name=person_name(chance, sex),
                    sex=sex,
                    birth_on=born,
                    phone=numbers.phone(),
                    living=chance.choice(("alone", "couple", "family")),
                    care_level=chance.randrange(4),
                    facts=[bulk.NewFact("risk", "falls", "跌倒风险", "Risk of falls")],
                    contacts=[bulk.NewContact("家人", "son", numbers.phone())],
                )
            ],
        )

    made = 0
    while made < count:
        size = min(CHUNK, count - made)
        housed = bulk.register_households(
            actor=SYSTEM, households=[household(made + n) for n in range(size)], at=since
        )
        if made < WITH_DEVICES:
            steps = [Proof(step, since, "1") for step in STEPS]
            put_into_use(
                actor=SYSTEM,
                devices=[
                    NewDevice(
                        type=kind,
                        organization_id=owner.pk,
                        region_code=home.persons[0].region_code,
                        person_id=home.persons[0].pk,
                        steps=steps,
                    )
                    for home in housed
                    for kind in ("bp-monitor", "band")
                ],
                at=since,
                now=datetime.now(UTC),
            )
        made += size
        print(f"\r  {made:,} of {count:,} persons", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    _do("VACUUM ANALYZE")


def day() -> list[str]:
    """Give the copy its readings, alarms and staff; return persons with readings."""
    from songhe.base.access import services as access
    from songhe.base.access.actor import SYSTEM
    from songhe.config.demo import places
    from songhe.domains.monitoring import services as monitoring
    from songhe.domains.monitoring.testing import make_finding
    from songhe.domains.organizations.models import Organization
    from songhe.kernel.wire import fingerprint

    now = datetime.now(UTC)
    registered = _do("SELECT count(*) FROM people_person")[0][0]
    count = min(MEASURED, max(ALARMS, registered // MEASURED_SHARE))
    for back in range(-1, 32):
        _do("SELECT ensure_reading_day(%(day)s::date)", day=(now - timedelta(days=back)).date())
    for kind, codes, values, step in (
        ("bp-monitor", [1, 2], _PRESSURES, "12 hours"),
        ("band", [4], _PULSES, "15 minutes"),
    ):
        _do(
            _READINGS.format(values=values),
            mark=fingerprint(tuple(codes)),
            codes=codes,
            type=kind,
            count=count,
            now=now,
            step=step,
        )
    _do(_LATEST, now=now)
    _do(_SEEN, now=now)
    centre = Organization.objects.get(kind="service-centre")
    reach = [LOGIN, *(f"staff{number}" for number in range(STAFF))]
    for number, login in enumerate(reach):
        user = _user(login)
        region = places.COUNTY if number == 0 else places.TOWNS[number % len(places.TOWNS)]
        access.give_role(
            actor=SYSTEM,
            user=user,
            role="operator",
            region_prefix=region.code,
            at=now - timedelta(days=30),
            organization_id=centre.pk,
        )
    with connection.cursor() as cursor:
        cursor.execute(_MEASURED, [now])
        measured = {row[0]: row for row in cursor.fetchall()}
    relative = _user("family")
    access.give_role(
        actor=SYSTEM,
        user=relative,
        role="family",
        region_prefix=places.COUNTY.code,
        at=now - timedelta(days=30),
    )
    for person in measured:
        access.grant(
            actor=SYSTEM,
            user=relative,
            subject_type="people.Person",
            subject_id=person,
            purpose="family",
            field_classes=("identity", "health"),
            source="bench",
            at=now - timedelta(days=30),
        )
    for person, device, at, mark in list(measured.values())[:ALARMS]:
        key = {"at_us": int(at.timestamp() * 1_000_000), "fingerprint": str(mark)}
        make_finding(
            rule="bp-critical",
            subject=person,
            at=now - timedelta(minutes=2),
            device=device,
            summary={"code": 1, "value": 186.0, "value2": 112.0},
            evidence=[{"subject": str(person), "device": str(device), **key}],
        )
    while monitoring.take_findings(at=now):
        pass
    _do("VACUUM ANALYZE")
    return [str(person) for person in measured]


def _user(login: str) -> Any:
    """Make an account that no password opens."""
    from songhe.base.accounts.models import User

    user = User(login=login, display_name=login)
    user.set_unusable_password()
    user.save()
    return user


def alarms() -> list[str]:
    """Return the open alarms."""
    return [str(row[0]) for row in _do("SELECT id FROM monitoring_alarm")]


def session(login: str) -> str:
    """Sign somebody in as the sign-in page does; return name and value of the cookie."""
    from django.conf import settings
    from django.test import Client

    from songhe.base.accounts.models import User

    client = Client()
    client.force_login(User.objects.get(login=login))
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={client.cookies[name].value}"


def main(what: str, *rest: str) -> None:
    """Do one of the three; what the benchmark needs is JSON on standard output."""
    django.setup()
    if what == "persons":
        persons(int(rest[0]))
    elif what == "day":
        found = {"persons": day(), "alarms": alarms()}
        json.dump(found | {"operator": session(LOGIN), "family": session("family")}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
