"""From a finding to an alarm that a person answers, or that goes on until somebody does."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.events.models import OutboxEvent
from songhe.base.outside.models import OutsideMessage
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import selectors, services
from songhe.domains.monitoring.models import Alarm, AlarmEntry, Finding
from songhe.domains.monitoring.selectors import NoSuchAlarm
from songhe.domains.monitoring.services.acting import BadShelf, NotOnStaff, UnknownOutcome
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import COMMUNITY, NOW, County, make_home
from songhe.domains.people import services as people
from songhe.domains.people.models import Person
from songhe.engines.workflow.engine import WrongState
from songhe.kernel.wire import SubjectKind

BP = {"code": 1, "value": 186.0, "value2": 112.0}


def ring(county: County, rule: str = "bp-critical", at=NOW, **more) -> Alarm:
    make_finding(rule=rule, subject=county.chen.pk, at=at, summary=BP, **more)
    services.take_findings(at=at)
    return Alarm.objects.get(person=county.chen)


def state_of_everything() -> dict[str, int]:
    return {
        "entries": AlarmEntry.objects.count(),
        "events": OutboxEvent.objects.count(),
        "messages": OutsideMessage.objects.count(),
        "changes": AuditEntry.objects.filter(kind="change").count(),
    }


def test_a_finding_becomes_one_alarm_with_place_and_timer(county: County) -> None:
    alarm = ring(county)
    assert (alarm.priority, alarm.state, alarm.count) == ("high", "unacknowledged", 1)
    assert alarm.home_id == county.home.pk
    assert alarm.organization_id == county.centre.pk
    assert alarm.next_step_at == NOW + timedelta(seconds=30)
    [line] = selectors.lines(county.actor("sun"), selectors.open_alarms(county.actor("sun")))
    assert line.title.endswith("186/112 mmHg")
    assert line.person is not None
    assert line.person.name == "陈秀兰"


def test_a_finding_is_taken_once(county: County) -> None:
    ring(county)
    assert services.take_findings(at=NOW) == 0
    assert Alarm.objects.count() == 1
    assert Finding.objects.filter(handled_at=None).count() == 0


def test_the_same_trouble_thrice_is_one_alarm_with_a_count(county: County) -> None:
    ring(county)
    for minute in (1, 2):
        later = NOW + timedelta(minutes=minute)
        make_finding(
            rule="bp-critical", subject=county.chen.pk, at=later, phase="notice", summary=BP
        )
        services.take_findings(at=later)
    alarm = Alarm.objects.get()
    assert alarm.count == 3
    assert alarm.last_at == NOW + timedelta(minutes=2)


def test_a_worse_finding_of_the_family_lifts_the_open_alarm(county: County) -> None:
    alarm = ring(county, rule="bp-high")
    assert alarm.priority == "low"
    later = NOW + timedelta(minutes=1)
    make_finding(rule="bp-critical", subject=county.chen.pk, at=later, summary=BP)
    services.take_findings(at=later)
    alarm.refresh_from_db()
    assert (alarm.priority, alarm.rule, alarm.count) == ("high", "bp-critical", 2)
    assert alarm.next_step_at == later + timedelta(seconds=30)


def test_a_late_finding_rings_low_at_most(county: County) -> None:
    alarm = ring(county, late=True)
    assert (alarm.priority, alarm.is_late) == ("low", True)


def test_back_to_normal_waits_for_a_person_and_rings_anew_when_it_comes_back(
    county: County,
) -> None:
    alarm = ring(county)
    raised = Finding.objects.get()
    for minute, phase, state in ((1, "cleared", "returned"), (2, "raised", "unacknowledged")):
        later = NOW + timedelta(minutes=minute)
        make_finding(
            rule="bp-critical",
            subject=county.chen.pk,
            at=later,
            phase=phase,
            of=raised.pk,
            summary=BP,
        )
        services.take_findings(at=later)
        alarm.refresh_from_db()
        assert alarm.state == state
    assert alarm.cleared_at is None


def test_an_unclear_alarm_that_goes_away_closes_itself_unrated(county: County) -> None:
    device_home, _, room = make_home(9)
    make_finding(
        rule="device-silent",
        subject=room.pk,
        subject_kind=SubjectKind.PLACE,
        at=NOW,
        person=device_home.pk,
    )
    services.take_findings(at=NOW)
    alarm = Alarm.objects.get(person=device_home)
    later = NOW + timedelta(minutes=3)
    make_finding(
        rule="device-silent",
        subject=room.pk,
        subject_kind=SubjectKind.PLACE,
        at=later,
        phase="cleared",
        person=device_home.pk,
    )
    services.take_findings(at=later)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.outcome, alarm.resolved_by_id) == ("resolved", "unknown", None)


def test_unanswered_it_repeats_goes_up_and_to_the_next_organisation(county: County) -> None:
    alarm = ring(county)
    seen = []
    for second in (30, 60, 90, 120, 180):
        assert services.run_due_steps(at=NOW + timedelta(seconds=second - 1)) == 0
        assert services.run_due_steps(at=NOW + timedelta(seconds=second)) == 1
        alarm.refresh_from_db()
        seen.append((alarm.told_leader, alarm.organization_id == county.hospital.pk))
    assert seen == [(False, False), (True, False), (True, False), (True, True), (True, True)]
    message = OutsideMessage.objects.get()
    assert message.to_tail == "0001"
    assert "陈" not in message.text
    # The hospital's doctor sees it now, and did not before.
    assert selectors.get_alarm(county.actor("zhao"), alarm.pk) == alarm


def test_taking_an_alarm_stops_the_timers(county: County) -> None:
    alarm = ring(county)
    services.acknowledge_alarm(actor=county.actor("sun"), alarm_id=alarm.pk, at=NOW)
    assert services.run_due_steps(at=NOW + timedelta(hours=1)) == 0
    with pytest.raises(WrongState):
        services.acknowledge_alarm(actor=county.actor("leader"), alarm_id=alarm.pk, at=NOW)
    alarm.refresh_from_db()
    assert alarm.acknowledged_by_id == county.users["sun"].pk


def test_call_assign_and_close_with_an_outcome(county: County) -> None:
    alarm = ring(county)
    sun = county.actor("sun")
    services.acknowledge_alarm(actor=sun, alarm_id=alarm.pk, at=NOW)
    services.note_alarm(
        actor=sun, alarm_id=alarm.pk, text="她说头晕", called="陈秀兰", reached=True, at=NOW
    )
    services.assign_alarm(actor=sun, alarm_id=alarm.pk, user_id=county.users["liu"].pk, at=NOW)
    # Liu, who sees nothing else, sees her until the alarm is closed.
    liu = county.actor("liu", NOW + timedelta(minutes=1))
    shown = policies.scope(liu, Person.objects.all(), "people.view_person")
    assert list(shown) == [county.chen]
    closed = services.resolve_alarm(
        actor=sun, alarm_id=alarm.pk, outcome="true", note="已送医", at=NOW + timedelta(minutes=9)
    )
    assert (closed.state, closed.outcome) == ("resolved", "true")
    liu = county.actor("liu", NOW + timedelta(minutes=10))
    assert not policies.scope(liu, Person.objects.all(), "people.view_person").exists()
    kinds = [entry.kind for entry in selectors.course_of(alarm)]
    assert kinds == ["raised", "acknowledged", "call", "assigned", "resolved"]
    [score] = selectors.scores(county.actor("leader"), since=NOW - timedelta(days=1))
    assert (score.rule, score.true, score.false, score.precision) == ("bp-critical", 1, 0, 1.0)


def test_set_aside_rings_again_at_its_end(county: County) -> None:
    alarm = ring(county)
    sun = county.actor("sun")
    until = NOW + timedelta(minutes=30)
    services.shelve_alarm(actor=sun, alarm_id=alarm.pk, reason="家属在旁", until=until, at=NOW)
    assert services.run_due_steps(at=until - timedelta(seconds=1)) == 0
    services.run_due_steps(at=until)
    alarm.refresh_from_db()
    assert (alarm.state, alarm.shelved_until) == ("unacknowledged", None)
    assert alarm.next_step_at == until + timedelta(seconds=30)


def test_a_power_cut_is_one_incident(county: County) -> None:
    for number in range(10, 16):
        person, _, room = make_home(number)
        at = NOW + timedelta(seconds=number)
        make_finding(
            rule="device-silent",
            subject=room.pk,
            subject_kind=SubjectKind.PLACE,
            at=at,
            person=person.pk,
        )
        services.take_findings(at=at)
    [line] = selectors.lines(county.actor("sun"), selectors.open_alarms(county.actor("sun")))
    assert line.alarm.is_storm
    assert line.alarm.summary == {"homes": 6, "devices": 6}
    members = Alarm.objects.filter(incident=line.alarm)
    assert members.count() == 6
    assert not members.exclude(next_step_at=None).exists()
    services.resolve_alarm(
        actor=county.actor("sun"), alarm_id=line.alarm.pk, outcome="true", note="停电", at=NOW
    )
    assert set(members.values_list("state", flat=True)) == {"resolved"}


def test_two_open_alarms_of_one_trouble_cannot_be(county: County) -> None:
    alarm = ring(county)
    alarm.pk = None
    alarm._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(
            **{
                field.attname: getattr(alarm, field.attname)
                for field in Alarm._meta.concrete_fields
                if field.attname != "id"
            }
        )


@pytest.mark.parametrize("login", ["wu", "far", "zhao"])
def test_who_may_not_see_an_alarm_changes_nothing(county: County, login: str) -> None:
    alarm = ring(county)
    before = state_of_everything()
    actor = county.actor(login)
    with pytest.raises(NoSuchAlarm):
        selectors.get_alarm(actor, alarm.pk)
    for act in (
        lambda: services.acknowledge_alarm(actor=actor, alarm_id=alarm.pk, at=NOW),
        lambda: services.note_alarm(actor=actor, alarm_id=alarm.pk, text="x", at=NOW),
        lambda: services.resolve_alarm(
            actor=actor, alarm_id=alarm.pk, outcome="true", note="", at=NOW
        ),
    ):
        with pytest.raises(NoSuchAlarm):
            act()
    assert list(selectors.open_alarms(actor)) == []
    assert state_of_everything() == before
    alarm.refresh_from_db()
    assert alarm.state == "unacknowledged"


def test_refusals_change_nothing(county: County) -> None:
    alarm = ring(county)
    sun = county.actor("sun")
    before = state_of_everything()
    with pytest.raises(UnknownOutcome):
        services.resolve_alarm(actor=sun, alarm_id=alarm.pk, outcome="maybe", note="", at=NOW)
    with pytest.raises(NotOnStaff):
        services.assign_alarm(actor=sun, alarm_id=alarm.pk, user_id=county.users["wu"].pk, at=NOW)
    with pytest.raises(BadShelf):
        services.shelve_alarm(
            actor=sun, alarm_id=alarm.pk, reason="x", until=NOW + timedelta(days=2), at=NOW
        )
    assert state_of_everything() == before


def test_smoke_in_a_shared_home_is_about_who_lives_there(county: County) -> None:
    husband = people.register_person(
        actor=SYSTEM,
        name="陈建国",
        sex="male",
        birth_on=date(1942, 1, 1),
        region_code=COMMUNITY,
        at=NOW,
        phone="19900000003",
    )
    people.move_in(
        actor=SYSTEM, person_id=husband.pk, home=county.home, at=NOW - timedelta(days=80)
    )
    make_finding(rule="smoke", subject=county.bedroom.pk, subject_kind=SubjectKind.PLACE, at=NOW)
    services.take_findings(at=NOW)
    alarm = Alarm.objects.get()
    assert alarm.person_id is None
    sun = county.actor("sun")
    [line] = selectors.lines(sun, [selectors.get_alarm(sun, alarm.pk)])
    assert [person.name for person in line.persons] == ["陈秀兰", "陈建国"]
    # Liu, who is sent, sees both until it is closed.
    services.assign_alarm(actor=sun, alarm_id=alarm.pk, user_id=county.users["liu"].pk, at=NOW)
    liu = county.actor("liu", NOW + timedelta(minutes=1))
    shown = policies.scope(liu, Person.objects.all(), "people.view_person")
    assert set(shown) == {county.chen, husband}
    services.resolve_alarm(actor=sun, alarm_id=alarm.pk, outcome="false", note="", at=NOW)
    liu = county.actor("liu", NOW + timedelta(minutes=2))
    assert not policies.scope(liu, Person.objects.all(), "people.view_person").exists()


def test_a_devices_own_trouble_says_which_device(county: County) -> None:
    device, _ = devices.register_device(
        actor=SYSTEM, type="band", organization_id=county.centre.pk, at=NOW
    )
    devices.bind_device(
        actor=SYSTEM, device_id=device.pk, at=NOW - timedelta(days=1), person_id=county.chen.pk
    )
    ring(county, rule="device-silent", device=device.pk)
    [line] = selectors.lines(county.actor("sun"), selectors.open_alarms(county.actor("sun")))
    assert line.title.startswith("手环：设备无数据")
