"""Puts the county into an empty database through the domains' own services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.services import add_region, load_divisions
from songhe.config.demo import beds, payers, places, served, week
from songhe.config.demo.cast import Institutions, found_institutions, make_cast
from songhe.config.demo.install import Install
from songhe.config.demo.logins import TOWN
from songhe.config.demo.model import County, Elder, Gadget, Household
from songhe.config.demo.money import make_money
from songhe.domains.catalog import services as catalog
from songhe.domains.devices import terms as types
from songhe.domains.devices.bulk import NewDevice, Proof, put_into_use
from songhe.domains.monitoring import services as monitoring
from songhe.domains.people.bulk import (
    Housed,
    NewContact,
    NewFact,
    NewHousehold,
    NewPerson,
    NewRoom,
    register_households,
)

# The county has been in use for so long when a newcomer first sees it: longer than the 92 days
# that recordings may be replayed into, so that they find somebody at home and a bound device.
IN_USE = timedelta(days=100)
CONSENT_UNTIL = timedelta(days=365)
Say = Callable[[str], None]


def build(install: Install, county: County, *, at: datetime, say: Say) -> None:
    """Make divisions, institutions, people, devices and accounts, all or nothing."""
    since = at - IN_USE
    with transaction.atomic():
        say("divisions of the country and of the county")
        _regions()
        institutions = found_institutions(at=since)
        catalog.load_items(actor=SYSTEM, region_prefix=places.COUNTY.code, at=since)
        say(f"{len(county.elders)} people in {len(county.households)} homes")
        housed = register_households(
            actor=SYSTEM, households=[_household(home) for home in county.households], at=since
        )
        say(f"{len(county.gadgets)} devices, commissioned step by step")
        put_into_use(
            actor=SYSTEM,
            devices=[
                _device(install, county, gadget, housed, institutions, since)
                for gadget in county.gadgets
            ],
            at=since,
            now=at,
        )
        persons = [person.pk for home in housed for person in home.persons]
        say("accounts, roles and consents of the cast")
        chen = persons[0]
        users = make_cast(
            install=install,
            institutions=institutions,
            chen_id=chen,
            signed=[persons[elder.index] for elder in signed(county)],
            at=since,
        )
        say("programmes, and what Grandma Chen's services cost in the last months")
        make_money(institutions=institutions, users=users, chen_id=chen, since=since, at=at)
        for person in persons:
            monitoring.write_person_scope(person_id=person, at=at)
        _rules(persons, county, at)
        say("workers of the service centre, and what comes every week")
        week.staff(institutions.centre, users, since=since, at=at)
        at_home = [
            person.pk
            for home, made in zip(county.households, housed, strict=True)
            if not home.is_institution
            for person in made.persons
        ]
        week.series(institutions.centre, at_home, at=at)
        paid = payers.fill(institutions, users, at_home[1:], since=since, at=at)
        say(f"{paid} visits that government purchase or insurance pays")
        say(f"{beds.fill(institutions.centre, chen, at_home, at=at)} home care beds")
        say(f"{served.fill(chen, at=at)} services of Grandma Chen, last week")


def signed(county: County) -> list[Elder]:
    """Return who has a contract with Dr Zhao: who lives at home in the hospital's town."""
    return [
        elder
        for home in county.households
        for elder in home.elders
        if home.community.code.startswith(TOWN) and not home.is_institution
    ]


def _regions() -> None:
    load_divisions()
    own = (places.PROVINCE, places.CITY, places.COUNTY, *places.TOWNS, *places.COMMUNITIES)
    for place in own:
        add_region(
            code=place.code, name=place.name, name_en=place.name_en, lat=place.lat, lon=place.lon
        )


def _household(home: Household) -> NewHousehold:
    return NewHousehold(
        region_code=home.community.code,
        address=home.address,
        rooms=[NewRoom(room.kind, room.name, room.rectangle) for room in home.rooms],
        persons=[_person(elder) for elder in home.elders],
        lat=home.lat,
        lon=home.lon,
        is_institution=home.is_institution,
    )


def _person(elder: Elder) -> NewPerson:
    return NewPerson(
        name=elder.name,
        sex=elder.sex,
        birth_on=elder.birth_on,
        id_number=elder.id_number,
        phone=elder.phone,
        living=elder.living,
        care_level=elder.care_level,
        facts=[NewFact(f.kind, f.code, f.zh, f.en, f.rank, f.data) for f in elder.facts],
        contacts=[
            NewContact(c.name, c.relation, c.phone, c.rank, c.note_zh, c.note_en)
            for c in elder.contacts
        ],
        room=elder.room,
    )


def _device(
    install: Install,
    county: County,
    gadget: Gadget,
    housed: list[Housed],
    institutions: Institutions,
    since: datetime,
) -> NewDevice:
    home, made = county.households[gadget.household], housed[gadget.household]
    owner = institutions.nursing_home if home.is_institution else institutions.centre
    first = home.elders[0].index
    person = None if gadget.elder is None else made.persons[gadget.elder - first].pk
    room = None if gadget.room is None else made.rooms[gadget.room].pk
    return NewDevice(
        type=gadget.type,
        organization_id=owner.pk,
        region_code=home.community.code,
        person_id=person,
        room_id=room,
        serial=gadget.serial,
        model=f"SH-{gadget.type}",
        key=gadget.key,
        secret=install.device_secret(gadget.key),
        steps=_steps(gadget, since),
    )


def _steps(gadget: Gadget, since: datetime) -> list[Proof]:
    """Return the four steps, taken on the day of delivery, half an hour for a home."""
    start = since + timedelta(minutes=gadget.household % 480)
    test = "一次上报到达" if types.get_type(gadget.type).measures else "在线"
    return [
        Proof("install", start, f"安装照片，序列号 {gadget.serial}"),
        Proof("activate", start + timedelta(minutes=8)),
        Proof("pass_test", start + timedelta(minutes=12), f"试呼通过：{test}"),
        Proof("start_use", start + timedelta(minutes=30)),
    ]


def _rules(persons: list[UUID], county: County, at: datetime) -> None:
    """Give a few people limits of their own, as their doctor asked."""
    scope = f"person:{persons[0]}"
    monitoring.override_rule(
        actor=SYSTEM,
        scope=scope,
        rule="bp-high",
        params={"sbp_ge": 150.0, "dbp_ge": 90.0},
        enabled=True,
        reason="赵医生：82 岁，目标 150/90 以下，低于此值不必提醒",
        at=at,
    )
    for elder in county.elders:
        if "copd-hypercapnic" in elder.traits:
            monitoring.override_rule(
                actor=SYSTEM,
                scope=f"person:{persons[elder.index]}",
                rule="heart-rate-urgent",
                params={"heart-rate_ge": 116.0},
                enabled=True,
                reason="慢阻肺，静息心率偏快，按随访约定放宽",
                at=at,
            )
