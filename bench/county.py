"""`python -m bench.county N`: N persons in homes, each with a device; logins as JSON."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta

import django
import msgspec

STEPS = ("install", "activate", "pass_test", "start_use")


def main(count: int) -> None:
    """Register everything through the domains' own services and print the devices' logins."""
    django.setup()
    from songhe.base.access.actor import SYSTEM
    from songhe.base.regions.services import add_region, load_divisions
    from songhe.config.demo import places
    from songhe.config.demo.cast import found_institutions
    from songhe.domains.devices.bulk import NewDevice, Proof, put_into_use
    from songhe.domains.monitoring.services import write_person_scope
    from songhe.domains.people.bulk import NewHousehold, NewPerson, NewRoom, register_households

    now = datetime.now(UTC)
    since = now - timedelta(minutes=20)
    load_divisions()
    own = (places.PROVINCE, places.CITY, places.COUNTY, *places.TOWNS, *places.COMMUNITIES)
    for place in own:
        add_region(
            code=place.code, name=place.name, name_en=place.name_en, lat=place.lat, lon=place.lon
        )
    owner = found_institutions(at=since).centre
    communities = [place.code for place in places.COMMUNITIES]
    homes = [
        NewHousehold(
            region_code=communities[number % len(communities)],
            address=f"{number}",
            rooms=[NewRoom("bedroom", "1")],
            persons=[NewPerson(name=f"测{number}", sex="female", birth_on=date(1944, 5, 1))],
        )
        for number in range(count)
    ]
    housed = register_households(actor=SYSTEM, households=homes, at=since)
    persons = [home.persons[0] for home in housed]
    made = put_into_use(
        actor=SYSTEM,
        devices=[
            NewDevice(
                type="band",
                organization_id=owner.pk,
                region_code=communities[number % len(communities)],
                person_id=person.pk,
                steps=[Proof(step, since, "1") for step in STEPS],
            )
            for number, person in enumerate(persons)
        ],
        at=since,
        now=now,
    )
    for person in persons:
        write_person_scope(person_id=person.pk, at=now)
    rows = [
        {"id": str(device.pk), "key": device.key, "secret": secret, "person": str(person.pk)}
        for (device, secret), person in zip(made, persons, strict=True)
    ]
    sys.stdout.buffer.write(msgspec.json.encode(rows))


if __name__ == "__main__":
    main(int(sys.argv[1]))
