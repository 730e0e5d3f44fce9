"""A few troubles of the past days, found by the real rules and closed by people of the cast.

Without them a newcomer's statistics would be empty. Their readings are stored like all others, the
findings are what the detectors make of these readings, and the alarms went through the services.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import msgspec
from django.db import connection
from psycopg.types.json import Jsonb

from songhe.base.access import services as access
from songhe.base.accounts.models import User
from songhe.config.demo.history import Subjects
from songhe.config.demo.model import County, Gadget
from songhe.config.simulate import trouble as t
from songhe.config.simulate.said import Said
from songhe.config.simulate.trouble import Cast, Trouble
from songhe.domains.monitoring import selectors, services
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.time import MINUTE_US, day_bounds, from_us, to_us
from songhe.kernel.wire import Finding, RuleScope

Make = Callable[[Cast, int], Trouble | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """A past trouble: days ago, minute of the day, who took it after how many seconds, the end."""

    days_ago: int
    minute: int
    make: Make
    taken_after_s: int
    minutes: int
    outcome: str
    note: str


def _of(kind: str, make: Callable[[Cast, int, Gadget], Trouble], *, alone: bool = False) -> Make:
    def found(cast: Cast, at_us: int) -> Trouble | None:
        gadget = cast.pick(kind, alone=alone)
        return None if gadget is None else make(cast, at_us, gadget)

    return found


def _low_sugar(cast: Cast, at_us: int, gadget: Gadget) -> Trouble:
    return t.single("low sugar", at_us, gadget, "14743-9", [(0, 3.4), (16, 6.1)])


def _high(cast: Cast, at_us: int, gadget: Gadget) -> Trouble:
    values = [(0.0, 188.0, 108.0, 90.0), (25.0, 148.0, 86.0, 80.0)]
    return t.pressure(at_us, gadget, values)


def _stray(cast: Cast, at_us: int, gadget: Gadget) -> Trouble:
    return t.stray(cast.rng, at_us, cast.home(gadget), cast.elder(gadget), gadget)


def _bed(cast: Cast, at_us: int, gadget: Gadget) -> Trouble:
    return t.empty_bed(at_us, cast.home(gadget), gadget, 6)


ENDED = (
    Ended(
        6,
        445,
        _of("bp-monitor", _high),
        41,
        38,
        "true",
        "已电话核实，按医嘱服药，复测 148/86，通知家庭医生随访",
    ),
    Ended(
        5,
        700,
        _of("smoke", lambda cast, at, g: t.hazard(at, g, 6)),
        12,
        14,
        "false",
        "炒菜油烟，开窗后消除，无明火",
    ),
    Ended(
        4,
        987,
        _of("sos-button", lambda cast, at, g: t.sos(at, g)),
        19,
        9,
        "false",
        "误碰，老人平安",
    ),
    Ended(
        3,
        412,
        _of("glucose-meter", _low_sugar),
        55,
        31,
        "true",
        "空腹未及时早餐，进食后复测 6.1，提醒家属",
    ),
    Ended(
        3,
        173,
        _of("sleep-mattress", _bed, alone=True),
        64,
        17,
        "true",
        "电话接通，老人在卫生间头晕，邻居上门陪护，已回床",
    ),
    Ended(2, 620, _of("tracker", _stray), 33, 26, "true", "小刘在集市口找到老人，送回家中"),
    Ended(
        2,
        1130,
        _of("sos-button", lambda cast, at, g: t.sos(at, g)),
        16,
        6,
        "test",
        "上门换电池后试呼",
    ),
    Ended(
        1,
        884,
        _of("water", lambda cast, at, g: t.hazard(at, g, 22)),
        48,
        40,
        "true",
        "水龙头未关，家属已到，地面已擦干",
    ),
)


class Past:
    """The past troubles of one county: their messages for the history, then their alarms."""

    def __init__(self, county: County, today: date, zone: str) -> None:
        cast = Cast(county, Random(f"{county.seed}:past"))  # noqa: S311
        self._county = county
        self._found: list[tuple[Ended, Trouble]] = []
        for row in ENDED:
            midnight_us = to_us(day_bounds(today - timedelta(days=row.days_ago), zone)[0])
            one = row.make(cast, midnight_us + row.minute * MINUTE_US)
            if one is not None:
                self._found.append((row, one))
        self._mutes: dict[int, list[t.Mute]] = {}
        for _, one in self._found:
            for mute in one.mutes:
                self._mutes.setdefault(mute.gadget, []).append(mute)

    @property
    def said(self) -> list[Said]:
        """Return what was said instead of the usual."""
        return [said for _, one in self._found for said in one.said]

    def is_said(self, said: Said) -> bool:
        """Tell whether a usual message was said at all."""
        return not any(
            mute.since_us <= said.at_us < mute.until_us for mute in self._mutes.get(said.gadget, ())
        )

    def close_alarms(self) -> int:
        """Let the rules judge, the desk answer and close; return how many alarms that made.

        Call once, after the history is stored.
        """
        subjects = Subjects.stored(self._county)
        rules = RuleBook(_scopes())
        for row, one in sorted(self._found, key=lambda pair: pair[1].at_us):
            findings = judged(rules, subjects, one)
            _store([found for found in findings if found.phase != "cleared"])
            at = from_us(one.at_us + 2_000_000)
            services.take_findings(at=at)
            user = User.objects.get(login="sun")
            taken_at = at + timedelta(seconds=row.taken_after_s)
            for alarm in selectors.open_alarms(access.actor_for(user, taken_at)):
                services.acknowledge_alarm(
                    actor=access.actor_for(user, taken_at), alarm_id=alarm.pk, at=taken_at
                )
                _store([found for found in findings if found.phase == "cleared"])
                services.take_findings(at=from_us(one.said[-1].at_us + 2_000_000))
                end = at + timedelta(minutes=row.minutes)
                services.resolve_alarm(
                    actor=access.actor_for(user, end),
                    alarm_id=alarm.pk,
                    outcome=row.outcome,
                    note=row.note,
                    at=end,
                )
        return len(self._found)


def judged(rules: RuleBook, subjects: Subjects, one: Trouble) -> list[Finding]:
    """Return what the rules find in a trouble's readings, with the ticks of time in between."""
    evaluator = Evaluator(rules)
    found: list[Finding] = []
    for said in one.said:
        reading = subjects.reading(said)
        if reading is None:
            continue
        plans = [evaluator.tick(said.at_us)]
        found += _commit(plans[0].findings, plans[0].commit)
        plan = evaluator.judge([reading], reading.received_us)
        found += _commit(plan.findings, plan.commit)
    return found


def _commit(findings: list[Finding], commit: Callable[[], None]) -> list[Finding]:
    commit()
    return findings


def _scopes() -> list[RuleScope]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM gateway_rules")
        bodies = [row[0] for row in cursor.fetchall()]
    return [
        msgspec.convert(json.loads(body) if isinstance(body, str) else body, RuleScope)
        for body in bodies
    ]


def _store(findings: Iterable[Finding]) -> None:
    """Write findings as the gateway does."""
    rows = [
        (
            f.id,
            f.rule,
            f.rule_version,
            f.phase,
            f.of,
            f.level,
            f.subject_kind,
            f.subject,
            f.person,
            f.device,
            from_us(f.onset_us),
            from_us(f.decided_us),
            f.late,
            Jsonb(msgspec.to_builtins(f.summary)),
            Jsonb(msgspec.to_builtins(f.evidence)),
            Jsonb(msgspec.to_builtins(f.params)),
        )
        for f in findings
    ]
    with connection.cursor() as wrapper:
        wrapper.cursor.executemany(
            'INSERT INTO finding (id, rule, rule_version, phase, "of", level, subject_kind,'
            " subject, person, device, onset_at, decided_at, late, summary, evidence, params)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            rows,
        )
