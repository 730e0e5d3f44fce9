"""A person's own press: it waits, may be taken back, rings by itself, and is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.domains.monitoring import selectors, services
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.monitoring.selectors import CallState
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import NOW, County
from songhe.kernel.errors import Denied

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)


@pytest.fixture
def chen(county: County) -> Actor:
    """Return Grandma Chen with an account of her own."""
    user = User.objects.create_user(
        login="chen", display_name="陈秀兰", password="a long passphrase"
    )
    access.give_role(actor=SYSTEM, user=user, role="elder", region_prefix="", at=NOW - 60 * S)
    access.grant(
        actor=SYSTEM, user=user, subject_type="people.Person", subject_id=county.chen.pk,
        purpose="self", field_classes=["identity", "health"], source="test", at=NOW - 60 * S,
    )  # fmt: skip
    county.users["chen"] = user
    return county.actor("chen")


def test_a_press_rings_by_itself_after_five_seconds(county: County, chen: Actor) -> None:
    services.call_for_help(actor=chen, at=NOW)
    assert services.take_findings(at=NOW + 4 * S) == 0
    call = selectors.own_call(chen, at=NOW + 2 * S)
    assert (call.state, call.left_s) == (CallState.WAITING, 3)
    assert services.take_findings(at=NOW + 5 * S) == 1
    alarm = Alarm.objects.get()
    assert (alarm.rule, alarm.priority, alarm.person_id) == ("sos", "high", county.chen.pk)
    assert alarm.organization_id == county.centre.pk
    assert alarm.device_id is None
    assert selectors.own_call(chen, at=NOW + 6 * S).state == CallState.RINGING
    services.acknowledge_alarm(actor=county.actor("sun"), alarm_id=alarm.pk, at=NOW + 9 * S)
    call = selectors.own_call(chen, at=NOW + 10 * S)
    assert (call.state, call.seen_by) == (CallState.SEEN, county.users["sun"].display_name)


def test_taken_back_in_time_it_never_rings_and_stays_written(chen: Actor) -> None:
    services.call_for_help(actor=chen, at=NOW)
    services.take_back_call(actor=chen, at=NOW + 4 * S)
    assert services.take_findings(at=NOW + 60 * S) == 0
    assert not Alarm.objects.exists()
    assert Finding.objects.get().summary["taken_back"] is True
    assert selectors.own_call(chen, at=NOW + 5 * S).state == CallState.TAKEN_BACK
    said = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"monitoring.call_for_help", "monitoring.take_back_call"} <= said


def test_too_late_it_is_not_taken_back(chen: Actor) -> None:
    services.call_for_help(actor=chen, at=NOW)
    with pytest.raises(services.RungAlready):
        services.take_back_call(actor=chen, at=NOW + 5 * S)
    assert services.take_findings(at=NOW + 6 * S) == 1


def test_pressed_in_fear_again_and_again_it_is_one_call_and_rings_at_once_when_asked(
    chen: Actor,
) -> None:
    for second in range(3):
        services.call_for_help(actor=chen, at=NOW + second * S)
    assert Finding.objects.count() == 1
    services.ring_now(actor=chen, at=NOW + 3 * S)
    assert services.take_findings(at=NOW + 3 * S) == 1
    services.call_for_help(actor=chen, at=NOW + 60 * S)
    services.take_findings(at=NOW + 65 * S)
    assert Alarm.objects.get().count == 2


def test_a_clock_that_was_set_back_holds_nobodys_call(chen: Actor) -> None:
    services.call_for_help(actor=chen, at=NOW)
    assert services.take_findings(at=NOW - timedelta(hours=1)) == 1


def test_other_findings_do_not_wait(county: County) -> None:
    make_finding(rule="sos", subject=county.chen.pk, at=NOW, summary={"count": 1})
    assert services.take_findings(at=NOW + S) == 1


def test_nobody_was_rung_is_said(county: County, chen: Actor) -> None:
    services.call_for_help(actor=chen, at=NOW)
    assert selectors.own_call(chen, at=NOW + 30 * S).state == CallState.LOST


@pytest.mark.parametrize("login", ["sun", "zhao"])
def test_who_is_not_herself_presses_nothing(county: County, login: str) -> None:
    with pytest.raises(Denied):
        services.call_for_help(actor=county.actor(login), at=NOW)
    assert not Finding.objects.exists()
