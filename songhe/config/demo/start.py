"""Making the county when the database is empty, and waking it up when it was off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from songhe.base.access.actor import SYSTEM
from songhe.config.demo import history
from songhe.config.demo import install as installs
from songhe.config.demo.build import build
from songhe.config.demo.county import make_county
from songhe.config.demo.install import Install
from songhe.config.demo.model import County
from songhe.config.simulate.script import Course
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict
from songhe.kernel.time import DAY_US, business_day, to_us

Say = Callable[[str], None]


class NotTheDemo(Conflict):
    """The database holds people, but the state folder knows of no demo."""

    code = "config.not_the_demo"
    message = (
        "This database already holds people who are not the demo's. Start the demo with a folder "
        "or a database of its own, or remove everything with `songhe demo --fresh`."
    )


def wake(state: Path, *, at: datetime, zone: str, say: Say) -> Install:
    """Make the county or bring it up to now; return the install, with a new start of the script.

    Call while the gateway does not run. Raises NotTheDemo.
    """
    install = _install(state, at, zone)
    county = make_county(install.made_on, install.seed)
    if not install.filled_us:
        build(install, county, at=at, say=say)
    _up_to_now(install, county, now_us=to_us(at), zone=zone, say=say)
    installs.save(state, install)
    return install


def _install(state: Path, at: datetime, zone: str) -> Install:
    """Return the install that the database belongs to, a new one for an empty database."""
    is_empty = not people.list_persons(SYSTEM).exists()
    try:
        found = installs.load(state)
    except installs.NoDemo:
        found = None
    if is_empty:
        found = installs.new_install(business_day(at, zone))
    elif found is None or not found.filled_us:
        raise NotTheDemo
    return found


def _up_to_now(install: Install, county: County, *, now_us: int, zone: str, say: Say) -> None:
    """Write what the county lived through since it was last seen, and begin the script anew."""
    install.starts += 1
    course = Course(county, now_us, install.starts, zone)
    before = [said for one in course.opening for said in one.said if said.at_us < now_us]
    stored = history.fill(
        county,
        since_us=max(
            install.filled_us, history.last_heard_us(), now_us - history.MEASURED_DAYS * DAY_US
        ),
        until_us=now_us,
        zone=zone,
        extra=before,
        keep=course.is_said,
        say=say,
    )
    say(f"{stored:,} readings of the days before are stored")
    install.filled_us = install.resumed_us = now_us
