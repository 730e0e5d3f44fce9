"""A small but whole county for the browser: some homes of the demo county, its cast, three days.

Run as a child of the house, once, before the pages open: `small_county.py FACTS_FILE`. The facts
(ids, keys, passwords) are written there for the tests.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# A village behind one line: what the storm needs. The wanderer's home has a tracker and a fence.
VILLAGE = "990121001101"
VILLAGE_HOMES = 6
DAYS = timedelta(days=3)
# The centre is patient, so that a slow machine does not move an alarm away from under a test; the
# station of the third town is not: it repeats, tells its leader, and the hospital gets the alarm.
HASTY_TOWN = "990121003"
PATIENT = {"repeat_s": 3600, "steps": [{"after_s": 3600, "act": "repeat"}]}
HASTY = {
    "repeat_s": 3600,
    "steps": [
        {"after_s": 1, "act": "repeat"},
        {"after_s": 4, "act": "level_up"},
        {"after_s": 7, "act": "next_organization"},
    ],
}


@dataclass
class PersonFacts:
    """A person as the tests know her. devices: by type, (id, key, secret)."""

    id: str
    name: str
    home: str
    community: str
    devices: dict[str, tuple[str, str, str]] = field(default_factory=dict)


@dataclass
class Facts:
    """What the tests are told of the county."""

    passwords: dict[str, str]
    people: list[PersonFacts]

    @classmethod
    def read(cls, path: Path) -> Facts:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        people = [
            PersonFacts(**{**row, "devices": {k: tuple(v) for k, v in row["devices"].items()}})
            for row in raw["people"]
        ]
        return cls(raw["passwords"], people)


def chosen_homes(county: Any) -> Any:
    """Return the county with some of its homes, counted anew from 0."""
    everybody = county.households
    dwellings = [home for home in everybody if not home.is_institution]
    village = [home for home in dwellings if home.community.code == VILLAGE][:VILLAGE_HOMES]
    couple = next(home for home in dwellings if len(home.elders) == 2)
    wanderer = next(home for home in dwellings if any(g.type == "tracker" for g in home.gadgets))
    sugar = next(home for home in dwellings if any(g.type == "cgm" for g in home.gadgets))
    hasty = next(
        home
        for home in dwellings
        if home.community.code.startswith(HASTY_TOWN)
        and any(g.type == "bp-monitor" for g in home.gadgets)
    )
    measuring = [home for home in dwellings if any(g.type == "bp-monitor" for g in home.gadgets)]
    breathing = [home for home in dwellings if any(g.type == "oximeter" for g in home.gadgets)]
    wanted = (
        everybody[0],
        *village,
        couple,
        wanderer,
        sugar,
        hasty,
        *measuring[1:5],
        *breathing[1:3],
    )
    picked = {home.index: home for home in wanted}
    homes, elders, gadgets = [], 0, 0
    for index, home in enumerate(picked.values()):
        first = home.elders[0].index
        people = tuple(
            replace(elder, index=elders + place) for place, elder in enumerate(home.elders)
        )
        things = tuple(
            replace(
                gadget,
                index=gadgets + place,
                household=index,
                elder=None if gadget.elder is None else gadget.elder - first + elders,
            )
            for place, gadget in enumerate(home.gadgets)
        )
        homes.append(replace(home, index=index, elders=people, gadgets=things))
        elders += len(people)
        gadgets += len(things)
    return replace(county, households=tuple(homes))


def furnish(facts_file: Path) -> None:
    """Fill an empty database; write the facts."""
    from songhe.config.demo import build, county, history, install
    from songhe.config.demo.logins import LOGINS
    from songhe.domains.devices.models import Device
    from songhe.domains.people.models import Person
    from songhe.kernel.time import to_us

    now = datetime.now(UTC)
    own = install.new_install(now.date())
    install.save(Path(os.environ["SONGHE_STATE"]), own)
    small = chosen_homes(county.make_county(now.date()))
    build.build(own, small, at=now, say=print)
    history.fill(
        small,
        since_us=to_us(now - DAYS),
        until_us=to_us(now),
        zone=os.environ.get("SONGHE_TIME_ZONE", "Asia/Shanghai"),
        say=print,
    )
    _organize(now)
    persons = {(row.name, row.birth_on): row.pk for row in Person.objects.all()}
    devices = dict(Device.objects.values_list("key", "pk"))
    people = []
    for home in small.households:
        for elder in home.elders:
            pk = persons[elder.name, elder.birth_on]
            person = PersonFacts(str(pk), elder.name, home.address, home.community.code)
            for gadget in home.gadgets:
                if gadget.elder in {None, elder.index}:
                    person.devices.setdefault(
                        gadget.type,
                        (
                            str(devices[gadget.key]),
                            gadget.key,
                            own.device_secret(gadget.key),
                        ),
                    )
            people.append(person)
    facts = {
        "passwords": {member.login: own.password(member.login) for member in LOGINS},
        "people": [vars(person) for person in people],
    }
    facts_file.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _organize(at: datetime) -> None:
    """Give the organisations their patience, and the third town a station of its own."""
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts.models import User
    from songhe.domains.organizations import services
    from songhe.domains.organizations.models import Organization

    priorities = ("high", "medium", "low", "unknown")
    Organization.objects.update(escalation=dict.fromkeys(priorities, PATIENT))
    station = services.found_organization(
        actor=SYSTEM,
        name="松坪镇养老服务站",
        name_en="Songping care station",
        kind="service-centre",
        region_code=HASTY_TOWN,
        at=at,
        serves=[HASTY_TOWN],
        next_organization=Organization.objects.get(kind="hospital"),
        escalation=dict.fromkeys(priorities, HASTY),
    )
    services.employ(
        actor=SYSTEM,
        organization=station,
        user=User.objects.get(login="leader"),
        title="站长",
        title_en="Head of the station",
        at=at,
        is_leader=True,
        phone="15400000301",
    )


if __name__ == "__main__":
    import django

    django.setup()
    furnish(Path(sys.argv[1]))
