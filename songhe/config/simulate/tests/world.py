"""The rules' view of the county without a database: snapshots as Django would write them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.config.demo.history import Subjects
from songhe.config.demo.model import County
from songhe.config.simulate.said import Said
from songhe.domains.devices.terms import get_type
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.ids import derived
from songhe.kernel.time import MINUTE_US
from songhe.kernel.wire import Binding, DeviceSnapshot, Finding, RuleScope, SubjectKind

ZONE = "Asia/Shanghai"


def person_id(index: int) -> UUID:
    return derived("person", index)


def device_id(index: int) -> UUID:
    return derived("device", index)


def snapshots(county: County) -> dict[str, DeviceSnapshot]:
    found = {}
    for home in county.households:
        alone = person_id(home.elders[0].index) if len(home.elders) == 1 else None
        for gadget in home.gadgets:
            kind = get_type(gadget.type)
            if gadget.elder is not None:
                person = person_id(gadget.elder)
                bound = Binding(0, None, int(SubjectKind.PERSON), person, person=person)
            else:
                room = derived("room", home.index, gadget.room)
                room_kind = home.rooms[gadget.room].kind
                bound = Binding(
                    0, None, int(SubjectKind.PLACE), room, alone, place=room, place_kind=room_kind
                )
            found[gadget.key] = DeviceSnapshot(
                id=device_id(gadget.index),
                key=gadget.key,
                active=True,
                type=gadget.type,
                secrets=[],
                bindings=[bound],
                wellness=not kind.medical,
                expected_interval_s=kind.expected_interval_s,
                silent_after_s=kind.silent_after_s,
            )
    return found


def scopes(county: County) -> list[RuleScope]:
    found = []
    for home in county.households:
        for elder in home.elders:
            facts = {name: value for fact in elder.facts for name, value in fact.data.items()}
            found.append(RuleScope(f"person:{person_id(elder.index)}", facts=facts))
    return found


def judged(
    county: County, messages: Iterable[Said], *, since_us: int, until_us: int, watch: bool = False
) -> list[Finding]:
    """Return what the rules find in messages (in order), with a tick every minute.

    watch: devices that cease to speak are noticed too, heard last at since_us.
    """
    known = snapshots(county)
    subjects = Subjects(county, known)
    evaluator = Evaluator(RuleBook(scopes(county)))
    for snapshot in known.values() if watch else ():
        evaluator.watch(snapshot, since_us)
    found: list[Finding] = []
    ticked_us = since_us

    def tick(at_us: int) -> None:
        plan = evaluator.tick(at_us)
        found.extend(plan.findings)
        plan.commit()

    for said in messages:
        while ticked_us + MINUTE_US <= said.at_us:
            ticked_us += MINUTE_US
            tick(ticked_us)
        reading = subjects.reading(said)
        assert reading is not None
        plan = evaluator.judge([reading], reading.received_us)
        found.extend(plan.findings)
        plan.commit()
    tick(until_us)
    return found
