"""What a drill's house holds: two organisations, some homes with a pressure monitor each, a login.

Run as a child of the house, once, before its doors open: `furnish.py FACTS_FILE COUNT`.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

COMMUNITY = "990121001001"
LOGIN = "sun"
# Every kind of step within seconds, and a repeat that a drill sees many times.
PLAN = {
    "repeat_s": 10,
    "steps": [
        {"after_s": 2, "act": "repeat"},
        {"after_s": 5, "act": "level_up"},
        {"after_s": 8, "act": "next_organization"},
    ],
}


def furnish(facts_file: Path, count: int) -> None:
    """Fill an empty database, unless it is furnished; write keys and secrets of the devices."""
    from songhe.base.access.actor import SYSTEM
    from songhe.base.regions import services as regions
    from songhe.domains.devices.testing import make_device
    from songhe.domains.organizations import services as organizations
    from songhe.domains.organizations.testing import PASSWORD, make_organization, make_user
    from songhe.domains.people.testing import make_home, make_person

    if facts_file.exists():
        return
    at = datetime.now(UTC) - timedelta(days=2)
    regions.load_divisions()
    following = make_organization(at=at, name="松鹤示范县医院", kind="hospital", serves=())
    first = organizations.found_organization(
        actor=SYSTEM,
        name="松鹤示范县养老服务中心",
        kind="service-centre",
        region_code="990121",
        at=at,
        serves=["990121"],
        next_organization=following,
        escalation=dict.fromkeys(("high", "medium", "low", "unknown"), PLAN),
    )
    following.escalation = first.escalation
    following.save(update_fields=["escalation"])
    make_user(at=at, login=LOGIN, name="小孙", role="operator", organization=first)
    devices, persons = [], []
    for _ in range(count):
        home, _rooms = make_home(at=at, region_code=COMMUNITY)
        person = make_person(at=at, home=home)
        device, secret = make_device(at=at, organization=first, person_id=person.pk)
        devices.append((device.key, secret))
        persons.append(str(person.pk))
    # A device of nobody, for hostile clients to be.
    nobody = make_person(at=at)
    spare, secret = make_device(at=at, organization=first, person_id=nobody.pk)
    facts = {
        "spare": (spare.key, secret),
        "devices": devices,
        "persons": persons,
        "login": LOGIN,
        "password": PASSWORD,
    }
    facts_file.write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    import django

    django.setup()
    furnish(Path(sys.argv[1]), int(sys.argv[2]))
