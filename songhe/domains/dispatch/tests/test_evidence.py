"""What speaks against a visit: each reason alone, and the score they make together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.files import selectors as files
from songhe.base.files.testing import photograph
from songhe.domains.dispatch import evidence, evidence_reads, services
from songhe.domains.dispatch.evidence import Alike, Seen, Told, judge
from songhe.domains.dispatch.models import Evidence
from songhe.domains.dispatch.services import proofs
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import MIN, planned, story
from songhe.domains.dispatch.tests.test_rescue import heard
from songhe.kernel.ids import uuid7

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
HOME = (35.2, 108.3)
ALIKE = Alike("a", "b", "c")
FINE = {
    "arrived_at": AT,
    "began_at": AT,
    "ended_at": AT + 60 * MIN,
    "home": HOME,
    "way": "qr",
    "item_minutes": 60,
}


def seen(**changes) -> Seen:
    return Seen(visit_id=uuid4(), **(FINE | changes))


def records(*made_s: float) -> list[Told]:
    return [
        Told("step", AT, AT, made_ms=round((AT.timestamp() + second) * 1000)) for second in made_s
    ]


def codes(judged: evidence.Judged) -> list[str]:
    return [reason.code for reason in judged.reasons]


def test_nothing_against_it_is_a_hundred() -> None:
    fine = seen(told=records(0, 1800, 3600), distance_m=40.0)
    assert judge(fine) == evidence.Judged(100, ())


@pytest.mark.parametrize(
    ("changes", "code", "score"),
    [
        ({"way": "none"}, "no_place", 75),
        ({"distance_m": 400.0, "accuracy_m": 30.0}, "far", 70),
        ({"distance_m": 400.0, "reason": "门口没信号"}, "far_explained", 90),
        ({"told": [Told("arrived", AT, AT, wrong="code")]}, "wrong_code", 85),
        ({"ended_at": AT + 20 * MIN}, "short", 75),
        ({"missing": 2}, "missing_step", 80),
        ({"missing": 9}, "missing_step", 70),
        ({"alike": [ALIKE]}, "reused_photo", 60),
        ({"told": records(0, 20, 40)}, "back_filled", 70),
        ({"told": [Told("done", AT, AT + timedelta(days=2))]}, "late_told", 95),
    ],
)
def test_each_reason_alone(changes, code: str, score: int) -> None:
    judged = judge(seen(**changes))
    assert (codes(judged), judged.score) == ([code], score)


def test_two_places_at_once_and_too_fast_between_them() -> None:
    one = seen()
    beside = seen(arrived_at=AT + 30 * MIN, began_at=None, ended_at=AT + 90 * MIN)
    assert codes(judge(one, [beside])) == codes(judge(beside, [one])) == ["overlap"]
    far = (35.2, 108.5)  # 18 km
    after = seen(arrived_at=AT + 65 * MIN, ended_at=AT + 125 * MIN, home=far)
    assert codes(judge(after, [one])) == ["travel"]
    assert codes(judge(one, [after])) == []
    later = seen(arrived_at=AT + 90 * MIN, ended_at=AT + 150 * MIN, home=far)
    assert codes(judge(later, [one])) == []


@given(
    way=st.sampled_from(["none", "qr", "code", "gps"]),
    distance=st.none() | st.floats(0, 1e5),
    minutes=st.integers(0, 300),
    missing=st.integers(0, 20),
    alike=st.integers(0, 3),
)
def test_a_score_stays_in_range_and_adds_up(way, distance, minutes, missing, alike) -> None:
    judged = judge(
        seen(
            way=way,
            distance_m=distance,
            ended_at=AT + minutes * MIN,
            missing=missing,
            alike=[Alike(str(n), "b", "c") for n in range(alike)],
        )
    )
    assert judged.score == max(0, 100 - sum(one.takes for one in judged.reasons))
    assert len(set(codes(judged))) == len(judged.reasons)


def test_when_an_id_was_made_is_read_from_it() -> None:
    ms = int(NOW.timestamp() * 1000)
    assert evidence.made_ms(UUID(int=(ms << 80) | (7 << 76) | (2 << 62))) == ms
    first, second = evidence.made_ms(uuid7()), evidence.made_ms(uuid7())
    assert first is not None
    assert second is not None
    assert second >= first
    assert evidence.made_ms(UUID(int=uuid4().int)) is None


def test_a_visit_is_judged_with_its_inputs_and_rules(centre: Centre) -> None:
    visit = planned(centre)
    assert services.judge_visit(visit_id=visit.pk, at=NOW) is None
    far = [told(visit.pk, "arrived", NOW + 60 * MIN, lat=35.3, lon=108.298, accuracy_m=10.0)]
    tell(centre.users["liu"], far + story(visit)[2:], at=NOW + 200 * MIN)
    row = services.judge_visit(visit_id=visit.pk, at=NOW + 201 * MIN)
    assert row is not None
    # Its ids were made just now, in one go, of a visit that is said to have lasted fifty minutes.
    assert {one["code"] for one in row.reasons} == {"far", "back_filled"}
    assert (row.rules, row.status) == ("dispatch.evidence@2026-11", "E")
    assert row.inputs == {"happenings": 5, "alike": 0, "others": 0}
    assert Evidence.objects.get().score == 100 - sum(one["takes"] for one in row.reasons)


def test_a_photograph_sent_twice_shows_at_both_and_speaks_against_two_steps(
    centre: Centre,
) -> None:
    """Each happening points to its own file; the same bytes for two steps are found."""
    visit, liu = planned(centre), centre.users["liu"]
    numbers = [uuid7(), uuid7()]
    shown = [
        told(visit.pk, "photo", NOW + (51 + n) * MIN, step=step, file=str(number))
        for n, (number, step) in enumerate(zip(numbers, ("before", "after"), strict=True))
    ]
    end = NOW + 200 * MIN
    tell(liu, [*story(visit), *shown], at=end)
    # The records came first: nothing is known of the photographs yet, and nothing breaks.
    judged = services.judge_visit(visit_id=visit.pk, at=end)
    assert judged is not None
    assert "reused_photo" not in {one["code"] for one in judged.reasons}
    content = photograph()
    for number in (*numbers, *numbers):
        kept = proofs.keep_proof(
            actor=access.actor_for(liu, end), visit_id=visit.pk, file_id=number,
            content=content, name="", at=end,
        )  # fmt: skip
        assert kept == number
    bodies = {files.open_file(SYSTEM, number, at=end).body for number in numbers}
    assert len(bodies) == 1
    heard()
    reasons = {one["code"]: one for one in Evidence.objects.get().reasons}
    assert reasons["reused_photo"]["n"] == 1


@pytest.mark.parametrize(
    ("changes", "zh", "en"),
    [
        ({"way": "none"}, "没有", "Nothing shows that the worker stood at the door"),
        ({"distance_m": 400.0}, "400", "Arrival told 400 m from the home, without a reason"),
        ({"ended_at": AT + 20 * MIN}, "停留 20 分钟，这项服务要 60 分钟",
         "There for 20 minutes of the 60 that it takes"),
        ({"alike": [ALIKE, Alike("d", "b", "c")]}, "2 张照片",
         "2 photograph(s) used for another visit or step too"),
        ({"told": records(0, 20, 40)}, "60 分钟的上门，记录是一次性补录的",
         "Everything of a visit of 60 minutes was entered at one go"),
        ({"told": records(0, 20, 75)}, "60 分钟的上门，记录在 75 秒内补录",
         "A visit of 60 minutes was entered within 75 s"),
    ],
)  # fmt: skip
def test_each_reason_is_said_with_its_numbers(changes, zh: str, en: str) -> None:
    assert_said(judge(seen(**changes)), zh, en)


def test_overlap_and_travel_are_said_with_their_numbers() -> None:
    one = seen()
    beside = seen(arrived_at=AT + 30 * MIN, began_at=None, ended_at=AT + 90 * MIN)
    assert_said(judge(one, [beside]), "30 分钟", "At another visit at the same time for 30 minutes")
    after = seen(arrived_at=AT + 65 * MIN, ended_at=AT + 125 * MIN, home=(35.2, 108.5))
    assert_said(
        judge(after, [one]),
        "距上一家 18.2 公里，中间只隔 5.0 分钟",
        "18.2 km from the visit before, and only 5.0 minutes between",
    )


def assert_said(judged: evidence.Judged, zh: str, en: str) -> None:
    [reason] = judged.reasons
    row = {"code": reason.code, **reason.figures}
    with override("zh-hans"):
        assert zh in evidence_reads.words_of(row)
    with override("en"):
        assert evidence_reads.words_of(row) == en
