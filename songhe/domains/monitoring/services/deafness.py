"""Whether a silence is a person's or a home's: sensors that say nothing saw nothing either."""

from __future__ import annotations

from datetime import datetime, timedelta

from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring.models import Finding
from songhe.domains.monitoring.place import Place
from songhe.kernel.detectors.rules import spec
from songhe.kernel.rhythm.signs import KEYS
from songhe.kernel.time import from_us

# Rules that conclude from nothing being seen.
FROM_SILENCE = frozenset({"quiet", "not-up"})
# A sensor that is well says how it is within an hour, though it sees nobody [E].
HEARTBEAT = timedelta(minutes=75)


def is_deaf(finding: Finding, place: Place, at: datetime) -> bool:
    """Tell whether no sensor of the home was heard of since the last sign of life.

    Where the silence is shorter than a heartbeat nobody can tell, and it counts as the person's.
    """
    since_us = finding.summary.get("since_us")
    if spec(finding.rule).kind not in FROM_SILENCE or since_us is None or place.person_id is None:
        return False
    since = from_us(int(since_us))
    if at - since < HEARTBEAT:
        return False
    telling = [
        line
        for line in devices.devices_of(person_id=place.person_id, home_id=place.home_id, at=at)
        if line.room_id is not None and {code.key for code in line.type.measures} & set(KEYS)
    ]
    heard = [line.seen.received_at for line in telling if line.seen and line.seen.received_at]
    return bool(telling) and not any(moment > since for moment in heard)
