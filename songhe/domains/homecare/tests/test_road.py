"""The road of a bed: no step before what it asks for, and any sequence keeps the promise."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.notify import selectors as notify
from songhe.base.notify.models import Notice
from songhe.domains.catalog.testing import make_item
from songhe.domains.devices import services as devices
from songhe.domains.devices.services import NotHeard
from songhe.domains.devices.testing import hear, make_device
from songhe.domains.dispatch.models import Order, Series
from songhe.domains.homecare import course, list_reads, notices, readiness, road, services, testing
from songhe.domains.homecare.models import (
    Agreement,
    Assessment,
    CarePlan,
    EquipmentNeed,
    EquipmentReturn,
    Fitting,
    HomeBed,
    PlanService,
)
from songhe.domains.homecare.services import WantedGoal
from songhe.domains.homecare.services.agreeing import BadPeriod, OverlapsAnother, TooEarly
from songhe.domains.homecare.services.beds import BedThereAlready, TooLongAPause
from songhe.domains.homecare.services.fitting import NotHere, NotInUse, WrongType
from songhe.domains.homecare.services.planning import (
    GoalNeeded,
    NotByDays,
    NothingToReview,
    ReviewedAlready,
)
from songhe.domains.homecare.tests.conftest import BEFORE, NOW, County
from songhe.domains.homecare.workflow import NotReady
from songhe.domains.people import selectors as people
from songhe.domains.people.testing import make_person
from songhe.engines.workflow.engine import ReasonNeeded, WrongState, history
from songhe.kernel.errors import Denied, NotFound, SongheError

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)


def test_the_whole_road_with_what_is_missing_said_on_the_way(county: County) -> None:
    bed = county.bed("applied")
    assert bed.number == "990121-2026-0001"
    boss = county.actor("boss")
    given = {"actor": boss, "bed_id": bed.pk, "at": NOW}
    with pytest.raises(BedThereAlready):
        services.apply_for_bed(actor=boss, person_id=county.chen.pk, at=NOW)
    with pytest.raises(WrongState):
        services.start_fitting(**given)
    services.assess(
        visited_on=TODAY, level=3, basis="visit", needs=["bedridden"], words="卧床", **given
    )
    county.chen.refresh_from_db()
    assert county.chen.care_level == 3
    services.start_fitting(**given)
    with pytest.raises(NotReady) as refused:
        services.finish_fitting(**given)
    assert set(EquipmentNeed.objects.values_list("code", flat=True)) == {"call", "smoke", "bed"}
    assert len(str(refused.value.params["missing"]).split("; ")) == 3
    with pytest.raises(TooEarly):
        testing.sign(bed, at=NOW, actor=boss)
    assert not Agreement.objects.exists()
    testing.fit_home(bed, at=NOW, actor=boss)
    services.finish_fitting(**given)
    testing.sign(bed, at=NOW, actor=boss)
    with pytest.raises(NotReady):
        services.activate_bed(**given)
    assert not Series.objects.exists()
    testing.plan(bed, at=NOW, item_code="test-bath")
    assert services.activate_bed(**given).review_on == date(2026, 12, 22)
    assert Series.objects.get().state == "active"
    assert Order.objects.filter(state="asked").count() == 2
    assert [one.target for one in history(bed)] == [
        "assessed", "fitting", "fitted", "agreed", "active",
    ]  # fmt: skip


def test_a_device_meets_a_need_only_here_of_its_type_and_in_use(county: County) -> None:
    bed = county.bed("fitting", needs=["bedridden"])
    need = EquipmentNeed.objects.get(code="bed")
    given = {"actor": county.actor("keeper"), "bed_id": bed.pk, "need_id": need.pk, "at": NOW}
    place = {"room_id": people.rooms_in(county.home.pk)[0].pk}
    other = make_person(at=NOW, name="马秀英")
    elsewhere, _ = make_device(
        at=NOW, organization=county.organization, type="sleep-mattress", person_id=other.pk
    )
    delivered, _ = make_device(
        at=NOW, organization=county.organization, type="sleep-mattress", steps=3, **place
    )
    smoke, _ = make_device(at=NOW, organization=county.organization, type="smoke", **place)
    for device, error in ((elsewhere, NotHere), (delivered, NotInUse), (smoke, WrongType)):
        with pytest.raises(error):
            services.fit_device(device_id=device.pk, **given)
    assert not Fitting.objects.exists()
    devices.commission(actor=SYSTEM, device_id=delivered.pk, step="start_use", at=NOW)
    # A test on paper is none: something of the device has arrived since it serves here.
    with pytest.raises(NotHeard):
        services.fit_device(device_id=delivered.pk, **given)
    hear(delivered, at=NOW - timedelta(hours=1))
    with pytest.raises(NotHeard):
        services.fit_device(device_id=delivered.pk, **given)
    hear(delivered, at=NOW)
    row = services.fit_device(device_id=delivered.pk, **given)
    assert row.proof == "试呼通过"
    later = {line.need.code: line for line in readiness.equipment_of(bed, at=NOW + DAY)}
    assert (later["bed"].works, later["bed"].silent) == (True, True)
    # Taken out of use, it meets nothing any more.
    devices.commission(actor=SYSTEM, device_id=delivered.pk, step="retire", proof="坏", at=NOW)
    bed.refresh_from_db()
    lines = {line.need.code: line.works for line in readiness.equipment_of(bed, at=NOW)}
    assert lines == {"call": False, "smoke": False, "bed": False}


def test_pausing_and_ending_take_the_services_along_and_list_what_comes_back(
    county: County,
) -> None:
    bed = county.bed()
    leader = county.actor("leader")
    with pytest.raises(ReasonNeeded):
        services.pause_bed(actor=leader, bed_id=bed.pk, reason=" ", at=NOW)
    assert Series.objects.get().state == "active"
    services.pause_bed(actor=leader, bed_id=bed.pk, reason="住院", at=NOW)
    assert Series.objects.get().state == "paused"
    assert not Order.objects.filter(state="asked").exists()
    services.resume_bed(actor=leader, bed_id=bed.pk, at=NOW + timedelta(hours=1))
    assert Order.objects.filter(state="asked").exists()
    later = NOW + timedelta(hours=2)
    services.end_bed(actor=leader, bed_id=bed.pk, reason="入住机构", at=later)
    assert Series.objects.get().state == "ended"
    fitted = set(Fitting.objects.values_list("device", flat=True))
    assert set(EquipmentReturn.objects.values_list("device", flat=True)) == fitted
    assert len(fitted) == 5
    row = EquipmentReturn.objects.first()
    keeper = county.actor("keeper")
    asked = {"actor": keeper, "bed_id": bed.pk, "return_id": row.pk, "at": later}
    services.close_return(state="back", **asked)
    with pytest.raises(NotFound):
        services.close_return(state="lost", **asked)
    assert EquipmentReturn.objects.get(pk=row.pk).state == "back"
    with pytest.raises(SongheError):
        services.resume_bed(actor=leader, bed_id=bed.pk, at=later)


def test_an_agreement_is_renewed_before_it_ends_and_its_end_is_told_once(county: County) -> None:
    bed = county.bed(days=60)
    with pytest.raises(OverlapsAnother):
        testing.sign(bed, at=NOW + timedelta(days=3))
    with pytest.raises(BadPeriod):
        testing.sign(bed, at=NOW + timedelta(days=70), days=400)
    assert services.remind_of_ends(at=NOW + timedelta(days=29)) == 0
    assert services.remind_of_ends(at=NOW + timedelta(days=30)) == 1
    assert services.remind_of_ends(at=NOW + timedelta(days=31)) == 0
    told = Notice.objects.all()
    assert {one.user.login for one in told} == {"boss", "manager"}
    # Its last day, as the paper has it.
    assert {notify.params_of(one)["day"] for one in told} == {"2027-01-20"}
    assert bed.agreed_last == date(2027, 1, 20)
    testing.sign(bed, at=NOW + timedelta(days=60))
    bed.refresh_from_db()
    assert bed.agreed_until == date(2027, 1, 21) + timedelta(days=365)
    # Without an agreement in force a pause is not taken up again.
    late = NOW + timedelta(days=500)
    services.pause_bed(actor=SYSTEM, bed_id=bed.pk, reason="外出", at=late)
    with pytest.raises(NotReady):
        services.resume_bed(actor=SYSTEM, bed_id=bed.pk, at=late)
    # What happened says all of it, in order: the first agreement as a step, the second by itself.
    said = course.course_of(road.sheet(SYSTEM, bed.pk, at=late))
    words = [line.words for line in said]
    assert words.count("已签协议") == 1
    assert words[-2:] == ["协议续签至 2028年1月20日", "已暂停"]
    assert said[-1].note == "外出"
    assert [line.at for line in said] == sorted(line.at for line in said)
    assert words.count("照护计划第 1 版") == 1


def test_a_pause_has_a_day_to_look_again_and_who_may_end_it_is_told(county: County) -> None:
    bed = county.bed()
    pause = {"actor": county.actor("leader"), "bed_id": bed.pk, "reason": "住院", "at": NOW}
    for days in (0, 91):
        with pytest.raises(TooLongAPause):
            services.pause_bed(look_on=TODAY + timedelta(days=days), **pause)
    paused = services.pause_bed(look_on=TODAY + timedelta(days=5), **pause)
    [line] = list_reads.bed_lines(SYSTEM, [paused], today=TODAY)
    assert line.review_days == 5
    # Once its day has passed it is told once; paused further, it has another.
    later = NOW + timedelta(days=6)
    assert [services.remind_of_reviews(at=later) for _ in "12"] == [1, 0]
    told = Notice.objects.filter(kind=notices.PAUSE_OVERDUE)
    assert {one.user.login for one in told} == {"boss", "leader", "manager"}
    services.pause_bed(**pause | {"at": later})
    bed.refresh_from_db()
    assert (bed.state, bed.review_on) == ("paused", TODAY + timedelta(days=20))
    assert services.remind_of_reviews(at=later) == 0
    services.resume_bed(actor=SYSTEM, bed_id=bed.pk, at=later)
    bed.refresh_from_db()
    assert bed.review_on == date(2026, 12, 28)


def test_help_in_an_emergency_is_no_service_of_a_plan(county: County) -> None:
    bed = county.bed()
    make_item(at=BEFORE, code="test-rescue", kind="emergency")
    assert "test-rescue" not in dict(road.items_for(bed, at=NOW))
    with pytest.raises(NotByDays):
        testing.plan(bed, at=NOW, item_code="test-rescue", rule="FREQ=WEEKLY;BYDAY=MO")


def test_a_new_version_of_the_plan_ends_the_services_of_the_old(county: County) -> None:
    bed = county.bed()
    testing.plan(bed, at=NOW, item_code="test-bath", rule="FREQ=WEEKLY;BYDAY=MO")
    assert list(CarePlan.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    states = PlanService.objects.order_by("plan__version").values_list("series__state", flat=True)
    assert list(states) == ["ended", "active"]
    with pytest.raises(GoalNeeded):
        services.make_plan(actor=SYSTEM, bed_id=bed.pk, goals=[], services=[], at=NOW)
    with pytest.raises(SongheError):
        services.make_plan(
            actor=SYSTEM,
            bed_id=bed.pk,
            goals=[WantedGoal("走", "记录", TODAY)],
            services=[services.WantedService("no-such", "FREQ=DAILY", NOW.time(), NOW.time())],
            at=NOW,
        )
    assert CarePlan.objects.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        CarePlan.objects.update(version=9)


def test_a_month_is_reviewed_once_and_the_next_is_due(county: County) -> None:
    bed = county.bed()
    goal = CarePlan.objects.get().goals.first()
    later = NOW + timedelta(days=30)
    given = {
        "actor": county.actor("leader"),
        "bed_id": bed.pk,
        "goals_met": [goal.pk],
        "words": "走得稳了",
        "next_step": "go_on",
        "at": later,
    }
    for month in (date(2026, 10, 1), date(2027, 2, 1)):
        with pytest.raises(NothingToReview):
            services.review_bed(month=month, **given)
    row = services.review_bed(month=date(2026, 12, 5), **given)
    assert (row.month, row.goals_met) == (date(2026, 12, 1), [str(goal.pk)])
    bed.refresh_from_db()
    assert bed.review_on == date(2027, 1, 22)
    with pytest.raises(ReviewedAlready):
        services.review_bed(month=date(2026, 12, 1), **given)


def test_a_new_assessment_adds_and_drops_and_leaves_the_old_readable(county: County) -> None:
    bed = county.bed(needs=["bedridden"])
    services.assess(
        actor=SYSTEM, bed_id=bed.pk, visited_on=TODAY, level=1, basis="visit",
        needs=["alone"], words="能下床了", at=NOW + timedelta(hours=1),
    )  # fmt: skip
    needed = EquipmentNeed.objects.filter(dropped_at=None)
    assert set(needed.values_list("code", flat=True)) == {"call", "smoke", "motion", "door"}
    assert Assessment.objects.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Assessment.objects.update(level=0)
    bed.refresh_from_db()
    assert bed.state == "active"
    assert len(readiness.missing(bed, "resume", at=NOW + timedelta(hours=1))) == 2


def test_who_may_not_changes_nothing(county: County) -> None:
    bed = county.bed("applied")
    given = {"bed_id": bed.pk, "at": NOW}
    for login in ("wu", "sun", "qian"):
        with pytest.raises((Denied, NotFound)):
            services.refuse_bed(actor=county.actor(login), reason="x", **given)
    with pytest.raises((Denied, NotFound)):
        services.apply_for_bed(actor=county.actor("qian"), person_id=county.chen.pk, at=NOW)
    bed.refresh_from_db()
    assert (bed.state, HomeBed.objects.count()) == ("applied", 1)
