"""Every stored reading of the drill's devices, hot or sealed: `stored.py`, JSON on its output.

Run with the environment of the house: [[device key, number, how often], …].
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

from songhe.kernel import codes


def main() -> None:
    """Count each device's numbers, whatever the clock said when they came."""
    import django

    django.setup()
    from songhe.domains.devices.models import Device
    from songhe.domains.telemetry.selectors import stored

    number = codes.by_code("55423-8").number
    keys = dict(Device.objects.values_list("pk", "key"))
    now, found = datetime.now(UTC), Counter[tuple[str, int]]()
    for reading in stored.stream(
        subjects=None, since=now - timedelta(days=2), until=now + timedelta(days=1)
    ):
        if number in reading.codes:
            value = reading.values[reading.codes.index(number)]
            found[keys[reading.device], round(value)] += 1
    json.dump([[*key, count] for key, count in found.items()], sys.stdout)


if __name__ == "__main__":
    main()
