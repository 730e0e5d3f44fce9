"""`python -m tests.fuzz.api_world`: two towns and a key of everybody, told as JSON."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


def main() -> None:
    """Make the world in the database of the environment, and a machine for each account."""
    import django

    django.setup()
    from songhe.base.access.testing import keyed
    from songhe.base.regions.models import Region
    from tests.access.world import TOWNS, make_world

    now = datetime.now(UTC)
    world = make_world(now)
    for town in TOWNS.values():
        code = town + "001"
        Region.objects.get_or_create(code=code, defaults={"name": "社区", "level": len(code)})
    names = {
        "person_id": "person",
        "alarm_id": "alarm",
        "device_id": "device",
        "organization_id": "organization",
    }
    told = {
        "keys": {name: keyed(user, at=now) for name, user in world.users.items()},
        "ids": {
            name: [str(getattr(town, stem)) for town in world.towns.values()]
            for name, stem in names.items()
        },
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
