"""What the register says of a bed's person: merges, deaths, moves; what is told and returned."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from songhe.base.access.actor import SYSTEM
from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.base.notify.models import Notice
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.models import Device
from songhe.domains.dispatch.models import Series
from songhe.domains.homecare import list_reads, readiness, road, selectors, services, testing
from songhe.domains.homecare.models import EquipmentReturn, Fitting, HomeBed
from songhe.domains.homecare.tests.conftest import NOW, County
from songhe.domains.homecare.workflow import NotReady
from songhe.domains.people import services as people
from songhe.domains.people import testing as people_testing

LATER = NOW + timedelta(hours=1)


def two_beds(county: County, state: str = "active") -> tuple[HomeBed, HomeBed]:
    """Return Grandma Chen's bed, and that of another entry that turns out to be hers too."""
    bed = county.bed()
    home, _rooms = people_testing.make_home(at=NOW, address="南桥 2 号")
    twin = people_testing.make_person(at=NOW, name="陈秀南", home=home)
    at = NOW + timedelta(days=1)
    other = county.bed(state, person_id=twin.pk, at=at)
    return bed, other


def merge(county: County, other: HomeBed, at=NOW + timedelta(days=2)):
    made = people.merge_persons(
        actor=SYSTEM, kept_id=county.chen.pk, gone_id=other.person_id, reason="同一人", at=at
    )
    services.persons_merged(kept_id=county.chen.pk, gone_id=other.person_id, at=at)
    for bed in HomeBed.objects.all():
        assert bed.state in ("active", "paused", "fitted", "applied", "refused")
    return made


def test_of_two_beds_of_one_person_one_goes_on(county: County) -> None:
    bed, other = two_beds(county)
    merge(county, other)
    bed.refresh_from_db()
    other.refresh_from_db()
    assert (bed.state, other.state) == ("active", "paused")
    assert Series.objects.filter(state="active").count() == 1
    told = set(Notice.objects.values_list("kind", "user__login"))
    assert {("homecare.two_beds", "manager"), ("homecare.two_beds", "boss")} <= told
    at = NOW + timedelta(days=3)
    with pytest.raises(NotReady) as refused:
        services.resume_bed(actor=SYSTEM, bed_id=other.pk, at=at)
    assert bed.number in str(refused.value.params["missing"])
    # The one that goes on says it too; ended, the other is hers and nothing stands in its way.
    codes = [one.code for one in readiness.missing(bed, "resume", at=at)]
    assert "double" in codes
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="重复", at=at)
    other.refresh_from_db()
    assert other.person_id == county.chen.pk
    assert "double" not in [one.code for one in readiness.missing(other, "resume", at=at)]
    assert HomeBed.objects.filter(person=county.chen, state__in=("active", "paused")).count() == 1


def test_the_register_is_heard(county: County) -> None:
    """What people publishes reaches the beds, as the jobs process lets it."""
    _bed, other = two_beds(county)
    people.merge_persons(
        actor=SYSTEM, kept_id=county.chen.pk, gone_id=other.person_id, reason="同一人", at=LATER
    )
    third = people_testing.make_person(at=NOW, name="马秀英", home=county.home)
    bed = county.bed(person_id=third.pk)
    people.record_fact(
        actor=SYSTEM, person_id=third.pk, fact=people.Fact("death", "died"), since=NOW, at=NOW
    )
    for row in OutboxEvent.objects.order_by("published_at"):
        for name, handler in bus._handlers.items():
            if handler.event.event_name == row.name and name.startswith("songhe.domains.homecare."):
                bus.hear(str(row.pk), name)
    states = dict(HomeBed.objects.values_list("pk", "state"))
    assert (states[other.pk], states[bed.pk]) == ("paused", "paused")


def test_a_bed_on_its_road_waits_and_a_merge_undone_lets_it_go_on(county: County) -> None:
    _bed, other = two_beds(county, "fitted")
    made = merge(county, other)
    at = NOW + timedelta(days=3)
    with pytest.raises(NotReady):
        testing.sign(other, at=at)
    people.undo_merge(actor=SYSTEM, merge_id=made.pk, at=at)
    testing.sign(other, at=at)
    other.refresh_from_db()
    assert other.state == "agreed"


def test_a_merge_undone_after_one_bed_ended_gives_the_other_back(county: County) -> None:
    """The bed that became hers goes back to whose it was, rests, and who keeps it is told."""
    bed, other = two_beds(county)
    twin = other.person_id
    made = merge(county, other)
    at = NOW + timedelta(days=3)
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="重复", at=at)
    other.refresh_from_db()
    assert (other.person_id, other.entry) == (county.chen.pk, twin)
    Notice.objects.all().delete()
    people.undo_merge(actor=SYSTEM, merge_id=made.pk, at=at)
    services.persons_unmerged(kept_id=county.chen.pk, gone_id=twin, at=at)
    other.refresh_from_db()
    bed.refresh_from_db()
    assert (other.person_id, other.entry, other.state) == (twin, None, "paused")
    assert (bed.person_id, bed.state) == (county.chen.pk, "ended")
    assert {row.person_id for row in Series.objects.filter(state="paused")} == {twin}
    told = Notice.objects.filter(kind="homecare.two_persons").values_list("ref", flat=True)
    assert set(told) == {f"homecare.HomeBed/{other.pk}"}
    resumed = services.resume_bed(actor=SYSTEM, bed_id=other.pk, at=at)
    assert resumed.state == "active"
    again = services.apply_for_bed(actor=SYSTEM, person_id=county.chen.pk, at=at)
    assert again.state == "applied"


def test_a_merge_undone_leaves_a_bed_where_its_entry_has_another(county: County) -> None:
    bed, other = two_beds(county)
    twin = other.person_id
    made = merge(county, other)
    at = NOW + timedelta(days=3)
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="重复", at=at)
    people.undo_merge(actor=SYSTEM, merge_id=made.pk, at=at)
    services.apply_for_bed(actor=SYSTEM, person_id=twin, at=at)  # before the event is heard
    services.persons_unmerged(kept_id=county.chen.pk, gone_id=twin, at=at)
    other.refresh_from_db()
    assert other.person_id == county.chen.pk
    assert Notice.objects.filter(kind="homecare.two_persons", ref__endswith=str(other.pk)).exists()


def test_one_bed_moves_with_its_person(county: County) -> None:
    twin = people_testing.make_person(at=NOW, name="陈秀南", home=county.home)
    bed = county.bed(person_id=twin.pk)
    people.merge_persons(
        actor=SYSTEM, kept_id=county.chen.pk, gone_id=twin.pk, reason="同一人", at=LATER
    )
    assert services.persons_merged(kept_id=county.chen.pk, gone_id=twin.pk, at=LATER) == []
    bed.refresh_from_db()
    assert (bed.person_id, bed.state) == (county.chen.pk, "active")
    assert not Notice.objects.filter(kind="homecare.two_beds").exists()


def test_a_death_lets_the_services_rest_and_ends_nothing(county: County) -> None:
    bed = county.bed()
    people.record_fact(
        actor=SYSTEM, person_id=county.chen.pk, fact=people.Fact("death", "died"), since=NOW, at=NOW
    )
    services.person_died(person_id=county.chen.pk, at=LATER)
    bed.refresh_from_db()
    assert bed.state == "paused"
    assert Series.objects.get().state == "paused"
    assert Notice.objects.filter(kind="homecare.person_died", user__login="manager").exists()
    assert "death" in [one.code for one in readiness.missing(bed, "resume", at=LATER)]
    with pytest.raises(NotReady):
        services.resume_bed(actor=SYSTEM, bed_id=bed.pk, at=LATER)
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="去世", at=LATER)
    assert EquipmentReturn.objects.filter(state="due").count() == 5


def test_who_moved_is_not_cared_for_in_the_old_home(county: County) -> None:
    bed = county.bed()
    home, _rooms = people_testing.make_home(at=NOW, address="南桥 2 号")
    people.move_in(actor=SYSTEM, person_id=county.chen.pk, home=home, at=LATER)
    found = selectors.get_bed(county.actor("boss"), bed.pk, at=LATER)
    after = LATER + timedelta(minutes=1)
    assert "登记显示老人现住别处" in road.lacking_now(found, at=after)


def test_what_came_back_serves_the_home_no_more(county: County) -> None:
    bed = county.bed()
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="搬走", at=LATER)
    boss = county.actor("boss")
    today = date(2026, 11, 22)
    [line] = list_reads.bed_lines(boss, list(list_reads.due_of(boss, today=today)), today=today)
    assert line.returns_due == 5
    rows = list(EquipmentReturn.objects.order_by("device"))
    assert road.sheet(boss, bed.pk, at=LATER).returns_closed == 0
    for n, row in enumerate(rows):
        assert devices.bindings_of([row.device_id], at=LATER)
        services.close_return(
            actor=county.actor("keeper"), bed_id=bed.pk, return_id=row.pk, at=LATER,
            state="lost" if n == 0 else "back",
        )  # fmt: skip
        assert not devices.bindings_of([row.device_id], at=LATER + timedelta(seconds=1))
    assert road.sheet(boss, bed.pk, at=LATER).returns_closed == 5
    assert not list(list_reads.due_of(boss, today=today))


def test_what_another_bed_of_the_home_needs_stays(county: County) -> None:
    bed = county.bed()
    husband = people_testing.make_person(at=NOW, name="陈大海", home=county.home)
    other = county.bed(person_id=husband.pk)
    shared = set(Fitting.objects.filter(need__bed=bed).values_list("device", flat=True)) & set(
        Fitting.objects.filter(need__bed=other).values_list("device", flat=True)
    )
    assert shared
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="去世", at=LATER)
    listed = set(EquipmentReturn.objects.values_list("device", flat=True))
    assert not shared & listed
    said = " ".join(road.sheet(SYSTEM, bed.pk, at=LATER).kept)  # and the page names it
    for key in Device.objects.filter(pk__in=shared).values_list("key", flat=True):
        assert key in said
    services.end_bed(
        actor=SYSTEM, bed_id=other.pk, reason="入住机构", at=LATER + timedelta(hours=1)
    )
    assert shared <= set(EquipmentReturn.objects.values_list("device", flat=True))


def test_an_overdue_review_is_told_once_and_leads_on(county: County) -> None:
    bed = county.bed()
    due = NOW + timedelta(days=30)
    assert services.remind_of_reviews(at=due) == 0
    assert services.remind_of_reviews(at=due + timedelta(days=1)) == 1
    assert services.remind_of_reviews(at=due + timedelta(days=2)) == 0
    told = set(
        Notice.objects.filter(kind="homecare.review_overdue").values_list("user__login", flat=True)
    )
    assert told == {"boss", "manager", "leader"}
    boss = county.actor("boss")
    at = due + timedelta(days=3)
    services.review_bed(
        actor=boss, bed_id=bed.pk, month=date(2026, 12, 1), goals_met=[], words="要换",
        next_step="new_plan", at=at,
    )  # fmt: skip
    asked = road.sheet(boss, bed.pk, at=at).follow_up
    assert asked is not None
    assert asked.route == "plan"
    testing.plan(bed, at=at + timedelta(hours=1), item_code="test-bath")
    assert road.sheet(boss, bed.pk, at=at).follow_up is None
    assert services.remind_of_reviews(at=at + timedelta(days=1)) == 0


def test_the_page_of_an_ended_bed_counts_what_is_back(county: County) -> None:
    bed = county.bed()
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="搬走", at=LATER)
    client = Client()
    client.force_login(county.users["boss"], backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/beds/{bed.pk}/").content.decode()
    assert "5 件中已核销 0 件" in page
    assert "sleep-mattress" not in page
    assert "5 件设备待收回" in client.get("/beds/?show=due").content.decode()
