"""`python -m bench.sos_staff N`: an operator and N care workers of the county, as JSON."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import django

PLACE = (35.2014, 108.2980)


def main(count: int) -> None:
    """Employ them through the domains' own services, and sign the operator in."""
    django.setup()
    from bench.web_county import session
    from songhe.base.access import services as access
    from songhe.domains.dispatch.testing import make_worker, stand
    from songhe.domains.organizations import selectors as organizations
    from songhe.domains.organizations.testing import make_user

    now = datetime.now(UTC)
    since = now - timedelta(minutes=5)
    centre = organizations.serving("990121001001")
    if centre is None:
        raise SystemExit("the county has no service centre")
    sun = make_user(at=since, login="sun", role="operator", organization=centre)
    workers = []
    for number in range(count):
        worker = make_worker(centre=centre, login=f"worker{number}", at=since)
        stand(worker, PLACE[0] + number * 0.002, PLACE[1], at=now)
        workers.append(str(worker.pk))
    topics = [
        f"region:{prefix}" for prefix in access.actor_for(sun, now).prefixes("desk.view_alarms")
    ]
    json.dump({"session": session("sun"), "topics": topics, "workers": workers}, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
