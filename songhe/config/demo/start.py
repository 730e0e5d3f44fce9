"""Making the county when the database is empty, and waking it up when it was off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from songhe.base.access.actor import SYSTEM
from songhe.config.demo import history, running, week, work
from songhe.config.demo import install as installs
from songhe.config.demo.build import build
from songhe.config.demo.county import make_county
from songhe.config.demo.install import Install
from songhe.config.demo.model import County
from songhe.config.demo.past import Past
from songhe.config.simulate.script import Course
from songhe.domains.monitoring import services as monitoring
from songhe.domains.people import selectors as people
from songhe.domains.telemetry import services as telemetry
from songhe.kernel.errors import Conflict
from songhe.kernel.time import DAY_US, SECOND_US, business_day, from_us, to_us

# How long it takes from here until the devices are connected: history, gateway, connections [E].
FIRST_LEAD_US, LEAD_US = 22 * SECOND_US, 10 * SECOND_US
Say = Callable[[str], None]


class NotTheDemo(Conflict):
    """The database holds people, but the state folder knows of no demo."""

    code = "config.not_the_demo"
    message = (
        "This database already holds people who are not the demo's. Start the demo with a folder "
        "or a database of its own, or remove everything with `songhe demo --fresh`."
    )


def wake(state: Path, *, now: Callable[[], datetime], zone: str, say: Say) -> Install:
    """Make the county or bring it up to now; return the install, with a new start of the script.

    Call while the gateway does not run. Raises NotTheDemo.
    """
    install = _install(state, now(), zone)
    county = make_county(install.made_on, install.seed)
    is_new = not install.filled_us
    if is_new:
        build(install, county, at=now(), say=say)
        say(f"{running.fill(install.seed, at=now())} visits of the service centre")
    _up_to_now(install, county, is_new=is_new, now_us=to_us(now()), zone=zone, say=say)
    say(f"{work.fill(at=now())} visits of Liu are planned")
    say(f"{week.on_the_road(at=now())} workers' phones have told where they are")
    # As in a county that never stopped: the jobs do it while the first pages are looked at.
    telemetry.keep_soon()
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


def _up_to_now(
    install: Install, county: County, *, is_new: bool, now_us: int, zone: str, say: Say
) -> None:
    """Write what the county lived through since it was last seen, and begin the script anew."""
    install.starts += 1
    script_us = now_us + (FIRST_LEAD_US if is_new else LEAD_US)
    course = Course(county, script_us, install.starts, zone)
    instead = [said for one in course.opening for said in one.said if said.at_us < now_us]
    past = Past(county, business_day(from_us(now_us), zone), zone) if is_new else None
    if past is not None:
        instead += past.said
    stored = history.fill(
        county,
        since_us=max(
            install.filled_us, history.last_heard_us(), now_us - history.KNOWN_DAYS * DAY_US
        ),
        until_us=now_us,
        zone=zone,
        extra=instead,
        keep=lambda said: course.is_said(said) and (past is None or past.is_said(said)),
        say=say,
    )
    say(f"{stored:,} readings of the days before are stored")
    if past is not None:
        say(f"{past.close_alarms()} alarms of the past days, answered and closed")
    _learn(county, from_us(now_us))
    install.filled_us, install.resumed_us = now_us, script_us


def _learn(county: County, at: datetime) -> None:
    """Learn the daily life in the homes that have weeks behind them; the others take their time."""
    for place in county.households[: history.KNOWN_HOMES]:
        for elder in place.elders:
            person = people.find_by_id_number(SYSTEM, elder.id_number, at=at)
            if person is not None:
                monitoring.learn_life(person_id=person.id, at=at)
