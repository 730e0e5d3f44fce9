"""The platform's own alarms: raised, latched and cleared as any other, for its keepers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.health.models import Sample
from songhe.domains.monitoring import panels, platform, selectors, services
from songhe.domains.monitoring.models import Alarm, Finding
from songhe.domains.organizations import services as organizations
from songhe.kernel.detectors.rulebook import RuleBook
from songhe.kernel.detectors.rules import BadParameter, catalogue

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def keeper() -> Actor:
    return actor("engineer")


def actor(role: str, region: str = "990121") -> Actor:
    """Return somebody with a role at an organisation of the county."""
    since = NOW - timedelta(days=1)
    bureau = organizations.found_organization(
        actor=SYSTEM, name=f"局{role}", kind="service-centre", region_code="990121", at=since,
        serves=[],
    )  # fmt: skip
    user = User.objects.create_user(login=role, display_name=role, password="a long phrase")
    access.give_role(
        actor=SYSTEM, user=user, role=role, region_prefix=region, at=since,
        organization_id=bureau.pk,
    )  # fmt: skip
    return access.actor_for(user, NOW)


def sampled(
    start_s: float, *values: float | None, figure: str = "gateway_up", every_s: float = 15
) -> datetime:
    """Store samples of one figure from so many seconds after NOW on; return the last one's time."""
    at = NOW
    for number, value in enumerate(values):
        at = NOW + timedelta(seconds=start_s + every_s * number)
        Sample.objects.create(at=at, figures={figure: value})
    return at


def judged(at: datetime) -> list[tuple[str, str]]:
    """Judge and take; return (rule, phase) of what is new."""
    before = set(Finding.objects.values_list("pk", flat=True))
    platform.judge(at)
    services.take_findings(at=at)
    new = Finding.objects.exclude(pk__in=before).order_by("decided_at")
    return list(new.values_list("rule", "phase"))


def test_a_trouble_must_last_and_is_raised_once() -> None:
    assert judged(sampled(0, 1, 0, 0)) == []
    assert judged(sampled(45, 0)) == [("platform-gateway", "raised")]
    assert judged(sampled(60, 0, 0, 0)) == []
    alarm = Alarm.objects.get()
    assert (alarm.priority, alarm.state, alarm.region_code) == ("high", "unacknowledged", "")
    assert alarm.onset_at == NOW + timedelta(seconds=15)
    assert alarm.next_step_at is not None


def test_a_flicker_is_no_trouble_and_unknown_is_neither_well_nor_bad() -> None:
    assert judged(sampled(0, 0, 1, 0, 1, 0)) == []
    assert judged(sampled(75, None, None, None, None, figure="lag_p99_s")) == []


def test_a_grave_trouble_stays_until_somebody_confirms_it(keeper: Actor) -> None:
    judged(sampled(0, 0, 0, 0))
    assert judged(sampled(45, 1, 1)) == []
    assert judged(sampled(75, 1)) == [("platform-gateway", "cleared")]
    alarm = Alarm.objects.get()
    assert (alarm.state, alarm.cleared_at is not None) == ("returned", True)
    at = NOW + timedelta(seconds=80)
    services.acknowledge_alarm(actor=keeper, alarm_id=alarm.pk, at=at)
    services.resolve_alarm(actor=keeper, alarm_id=alarm.pk, outcome="true", note="", at=at)
    assert Alarm.objects.get().state == "resolved"


def test_unknown_does_not_clear() -> None:
    judged(sampled(0, 9, 9, 9, 9, 9, figure="lag_p99_s"))
    assert judged(sampled(75, None, None, None, None, None, figure="lag_p99_s")) == []
    assert Alarm.objects.get().cleared_at is None


def test_a_low_trouble_closes_by_itself() -> None:
    judged(sampled(0, 2, figure="jobs_failed"))
    assert judged(sampled(15, 0, figure="jobs_failed")) == [("platform-jobs-failed", "cleared")]
    assert Alarm.objects.get().state == "resolved"


def test_what_goes_on_is_told_again_after_its_time_and_rings_anew_when_it_was_closed(
    keeper: Actor,
) -> None:
    judged(sampled(0, 0, 0, 0))
    alarm = Alarm.objects.get()
    services.resolve_alarm(actor=keeper, alarm_id=alarm.pk, outcome="true", note="", at=NOW)
    assert judged(sampled(45, *[0.0] * 3)) == []
    assert judged(sampled(3600, *[0.0] * 5)) == [("platform-gateway", "raised")]
    assert Alarm.objects.filter(state="unacknowledged").count() == 1


def test_a_full_disk_lifts_the_alarm_of_a_filling_one() -> None:
    at = sampled(0, *[5.0] * 45, figure="disk_days_left")
    assert judged(at) == [("platform-disk-days", "raised")]
    assert Alarm.objects.get().priority == "low"
    Sample.objects.create(
        at=at + timedelta(seconds=15), figures={"disk_days_left": 0.1, "disk_free_bytes": 1e9}
    )
    assert judged(at + timedelta(seconds=15)) == [("platform-disk", "raised")]
    alarm = Alarm.objects.get()
    assert (alarm.rule, alarm.priority, alarm.count) == ("platform-disk", "high", 2)


def test_samples_that_waited_for_the_database_are_judged_as_of_their_time() -> None:
    """The outage is over when its samples can be stored; it is raised and cleared all the same."""
    for start_s, value in ((0, 0.0), (15, 0.0), (30, 0.0), (45, 1.0), (60, 1.0), (75, 1.0)):
        at = sampled(start_s, value, figure="database_up")
        platform.judge(at)
    services.take_findings(at=at)
    phases = Finding.objects.order_by("decided_at").values_list("rule", "phase")
    assert list(phases) == [("platform-database", "raised"), ("platform-database", "cleared")]
    assert Alarm.objects.get().state == "returned"


def test_a_gap_between_samples_says_nothing_of_what_was_between() -> None:
    sampled(-400, 0)
    assert judged(sampled(0, 0)) == []


def test_the_keepers_have_it_and_nobody_else_however_wide_the_reach() -> None:
    judged(sampled(0, 0, 0, 0))
    alarm = Alarm.objects.get()
    for role, region in (("engineer", "990121"), ("admin", "990121")):
        who = actor(role, region)
        assert [row.id for row in panels.platform_rows(who, at=NOW)] == [alarm.pk]
        assert selectors.get_alarm(who, alarm.pk) == alarm
        assert list(selectors.open_alarms(who)) == []  # never in the care desk's list
        assert selectors.high_alarm_unanswered(who)
    for role, region in (("operator", ""), ("shift_leader", "990121"), ("clinician", "990121")):
        who = actor(role, region)
        assert panels.platform_rows(who, at=NOW) == []
        assert not selectors.high_alarm_unanswered(who)
        with pytest.raises(selectors.NoSuchAlarm):
            selectors.get_alarm(who, alarm.pk)


def test_the_engineers_organisation_is_told_before_the_administrators() -> None:
    admin = actor("admin")
    assert platform.organization(NOW).pk == admin.roles[0].organization_id  # type: ignore[union-attr]
    engineer = actor("engineer")
    assert platform.organization(NOW).pk == engineer.roles[0].organization_id  # type: ignore[union-attr]


def test_an_install_sets_its_own_limits(settings: Any) -> None:
    settings.HEALTH = settings.HEALTH | {"limits": {"platform-jobs-failed": {"above": 5}}}
    assert judged(sampled(0, 5, figure="jobs_failed")) == []
    assert judged(sampled(15, 6, figure="jobs_failed")) == [("platform-jobs-failed", "raised")]
    assert Finding.objects.get().rule_version.endswith("+own")
    settings.HEALTH = settings.HEALTH | {"limits": {"platform-jobs-failed": {"abov": 5}}}
    with pytest.raises(BadParameter):
        judged(sampled(30, 6, figure="jobs_failed"))


def test_the_troubles_say_why_and_what_to_do() -> None:
    at = sampled(0, 3, figure="jobs_failed")
    [trouble] = platform.platform_troubles(at=at)
    assert trouble.lasted
    assert "3" in trouble.why
    assert trouble.todo == catalogue().platform["platform-jobs-failed"].do_zh


def test_every_rule_has_a_reason_and_says_what_to_do_and_no_gateway_knows_it() -> None:
    book = RuleBook()
    for row in catalogue().platform.values():
        assert row.note
        assert row.do_en
        assert row.do_zh
        assert (row.status, row.basis, row.source) == ("E", "E", "ours")
        assert {"figure", "for_s", "clear_s", "again_s"} <= set(row.params)
        assert ("above" in row.params) != ("below" in row.params)
        assert book.rule(row.id) is None
