"""Trying a rule from asking to result: who is judged, what is counted, stopping, failing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import services, trial_reads
from songhe.domains.monitoring.models import Alarm, RuleOverride, RuleTrial
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import County, make_home
from songhe.domains.monitoring.tests.surfaces import client, monitor, settle, standing, store
from songhe.kernel.errors import NotFound

RULE = "bp-critical"


@pytest.fixture
def house(county: County) -> County:
    settle(county)
    services.write_person_scope(person_id=county.chen.pk, at=timezone.now())
    return county


def measured(house: County, *values: tuple[float, float], who: Any = None) -> list[dict[str, Any]]:
    """Store readings of days 3, 6, 9 … before now; return their keys."""
    person = who or house.chen
    device = monitor(house)
    devices.bind_device(
        actor=SYSTEM, device_id=device.pk, at=timezone.now() - timedelta(days=80),
        person_id=person.pk,
    )  # fmt: skip
    now = timezone.now().replace(microsecond=0)
    return [
        store(person.pk, device.pk, now - timedelta(days=3 * n), {"sbp": hi, "dbp": lo})
        for n, (hi, lo) in enumerate(values, 1)
    ]


def ask(house: County, login: str, scope: str, params: dict[str, Any], **more: Any) -> RuleTrial:
    now = timezone.now()
    return services.ask_trial(
        actor=house.actor(login, now), scope=scope, rule=more.pop("rule", RULE), params=params,
        enabled=True, at=now, **more,
    )  # fmt: skip


def run(trial: RuleTrial, *, should_end: bool = False) -> RuleTrial:
    services.run_trial(trial_id=trial.pk, clock=timezone.now, should_end=lambda: should_end)
    trial.refresh_from_db()
    return trial


def was_real(house: County, key: dict[str, Any], outcome: str) -> Alarm:
    """Let the alarm of a stored reading have rung, and be rated."""
    onset = datetime.fromtimestamp(key["at_us"] / 1e6, tz=timezone.now().tzinfo)
    make_finding(rule=RULE, subject=house.chen.pk, at=onset, evidence=[key],
                 summary={"code": 1, "value": 186, "code2": 2, "value2": 100})  # fmt: skip
    services.take_findings(at=onset)
    alarm = Alarm.objects.get(person=house.chen, outcome="")
    services.resolve_alarm(
        actor=house.actor("leader", timezone.now()), alarm_id=alarm.pk, outcome=outcome, note="",
        at=onset + timedelta(minutes=5),
    )  # fmt: skip
    return alarm


def test_what_would_have_rung_beside_what_was(house: County) -> None:
    keys = measured(house, (186, 100), (195, 100), (150, 90), (181, 95))
    missed = was_real(house, keys[0], "true")
    was_real(house, keys[3], "false")
    trial = run(ask(house, "leader", f"person:{house.chen.pk}", {"sbp_ge": 190}))
    assert trial.state == "done"
    result = trial.result
    assert result["counts"] == {"tried": 1, "present": 3, "real": 2}
    assert result["kinds"] == {"both": 1, "gone": 2}
    assert result["outcomes"] == {"true": 1, "false": 1}
    assert result["missed"] == {"true": 1, "false": 1}
    assert (trial.persons, trial.readings, result["heard"]) == (1, 4, 1)
    assert result["person_days"] == 30
    assert sum(row[2] for row in result["days"]) == 3
    [line] = [row for row in result["real"] if row["outcome"] == "true"]
    assert (line["alarm"], line["kept"]) == (str(missed.pk), False)
    assert not RuleOverride.objects.exists()


def test_unchanged_it_says_what_is(house: County) -> None:
    measured(house, (186, 100), (120, 70))
    trial = run(ask(house, "leader", f"person:{house.chen.pk}", {}))
    assert trial.result["counts"] == {"tried": 1, "present": 1, "real": 0}
    assert trial.result["kinds"] == {"both": 1}


def test_a_change_that_another_rule_feels_says_so(house: County) -> None:
    now = timezone.now().replace(microsecond=0)
    [first] = measured(house, (186, 90))
    device = first["device"]
    store(house.chen.pk, device, now - timedelta(days=3, minutes=-2), {"sbp": 185, "dbp": 91})
    trial = run(ask(house, "leader", f"person:{house.chen.pk}", {"sbp_ge": 200}))
    assert ["bp-urgent", 0, 1] in trial.result["others"]


def test_only_who_is_open_is_judged_and_each_read_is_audited(house: County) -> None:
    other, _home, _room = make_home(9, region="990122001001")
    measured(house, (190, 100))
    measured(house, (190, 100), who=other)
    trial = run(ask(house, "sun", "*", {"sbp_ge": 150}))
    assert trial.persons == 1
    assert {line["person"] for line in trial.result["lines"]} == {str(house.chen.pk)}
    reads = AuditEntry.objects.filter(kind="read", action=trial_reads.TRY)
    assert [row.ref for row in reads] == [f"people.Person/{house.chen.pk}"]
    assert run(ask(house, "far", "*", {"sbp_ge": 150})).result["lines"][0]["person"] == str(
        other.pk
    )
    with pytest.raises(NotFound):
        ask(house, "far", f"person:{house.chen.pk}", {})


def test_a_doctor_tries_on_whom_a_grant_opens(house: County) -> None:
    now = timezone.now()
    measured(house, (190, 100))
    assert run(ask(house, "zhao", "*", {})).persons == 0
    access.grant(
        actor=SYSTEM, user=house.users["zhao"], subject_type="people.Person",
        subject_id=house.chen.pk, purpose="contract", field_classes=["identity", "health"],
        source="test", at=now - timedelta(days=1),
    )  # fmt: skip
    trial = run(ask(house, "zhao", "*", {"sbp_ge": 150}))
    assert trial.persons == 1
    # The home is not opened to him: rules of the bed find nobody.
    assert run(ask(house, "zhao", "*", {}, rule="bed-empty-night")).persons == 0
    page = client(house, "zhao").get(reverse("monitoring:trial", args=[trial.pk]))
    assert "陈＊＊" in page.content.decode()
    assert access.end_grants(actor=SYSTEM, source="test", at=timezone.now()) == 1
    closed = client(house, "zhao").get(reverse("monitoring:trial", args=[trial.pk]))
    assert "陈" not in closed.content.decode().replace("陈伟", "")


def test_an_organisation_is_tried_with_whom_it_serves(house: County) -> None:
    other, _home, _room = make_home(9, region="990122001001")
    measured(house, (190, 100))
    scope = f"org:{house.centre.pk}"
    assert run(ask(house, "admin", scope, {})).persons == 1
    assert trial_reads.persons_for(SYSTEM, scope, RULE, at=timezone.now()) == [house.chen.pk]
    assert other.pk in trial_reads.persons_for(SYSTEM, "*", RULE, at=timezone.now())


def test_it_is_stopped_while_it_waits_and_while_it_runs(house: County) -> None:
    measured(house, *[(190, 100)] * 9)
    trial = ask(house, "sun", "*", {})
    services.cancel_trial(
        actor=house.actor("sun", timezone.now()), trial_id=trial.pk, at=timezone.now()
    )
    assert run(trial).state == "cancelled"
    running = ask(house, "sun", "*", {})
    ticks = iter(range(10_000))

    def clock() -> datetime:
        """A clock by which every look is a second later; after some looks somebody stops it."""
        n = next(ticks)
        if n == 5:
            RuleTrial.objects.filter(pk=running.pk).update(is_cancel_asked=True)
        return timezone.now() + timedelta(seconds=n)

    services.run_trial(trial_id=running.pk, clock=clock, should_end=lambda: False)
    running.refresh_from_db()
    assert (running.state, running.result) == ("cancelled", {})
    with pytest.raises(NotFound):
        services.cancel_trial(
            actor=house.actor("leader", timezone.now()), trial_id=running.pk, at=timezone.now()
        )


def test_a_process_that_ends_leaves_it_to_the_next(house: County) -> None:
    measured(house, *[(190, 100)] * 9)
    trial = ask(house, "sun", "*", {})
    ticks = iter(range(10_000))
    with pytest.raises(services.Interrupted):
        services.run_trial(
            trial_id=trial.pk,
            clock=lambda: timezone.now() + timedelta(seconds=next(ticks)),
            should_end=lambda: True,
        )
    trial.refresh_from_db()
    assert trial.state == "running"
    assert run(trial).state == "done"
    assert trial.result["counts"]["tried"] == 9


def test_asking_is_a_job_and_three_are_enough(house: County) -> None:
    for _ in range(3):
        ask(house, "sun", "*", {})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'trial_id', lock FROM procrastinate_jobs WHERE task_name = %s",
            ["monitoring.run_trial"],
        )
        jobs = cursor.fetchall()
    assert {row[0] for row in jobs} == {str(one.pk) for one in RuleTrial.objects.all()}
    address = reverse("monitoring:try_rule", args=["smoke"])
    form = client(house, "sun").get(address).context["form"]
    given = {bound.name: bound.value() for bound in form} | {"scope": "*"}
    page = client(house, "sun").post(address, given)
    assert page.status_code == 409
    assert "三次试算" in page.content.decode()


def test_the_pages_of_a_trial(house: County) -> None:
    keys = measured(house, (186, 100), (195, 100))
    was_real(house, keys[0], "true")
    leader = client(house, "leader")
    scope = f"person:{house.chen.pk}"
    asked = leader.get(reverse("monitoring:try_rule", args=[RULE]), {"scope": scope})
    given = {b.name: b.value() for b in asked.context["form"]} | {"scope": scope, "sbp_ge": "190"}
    bad = leader.post(asked.request["PATH_INFO"], given | {"sbp_ge": "900"})
    assert bad.status_code == 422
    assert "数值须在 50 与 280 之间" in bad.content.decode()
    sent = leader.post(asked.request["PATH_INFO"], given)
    trial = RuleTrial.objects.get()
    assert sent.headers["Location"] == reverse("monitoring:trial", args=[trial.pk])
    waiting = leader.get(sent.headers["Location"]).content.decode()
    assert 'hx-trigger="every 1s"' in waiting
    assert "<progress" in waiting
    run(trial)
    said = leader.get(sent.headers["Location"]).content.decode()
    assert "every 1s" not in said
    assert "有 1 起被评为真实的告警将不会响起" in said
    assert "真实告警，将不会响起" in said
    assert "陈＊＊" in said
    assert "陈秀兰" not in said.replace("针对陈秀兰", "")
    over = leader.get(
        reverse("monitoring:change_rule", args=[RULE]), {"scope": scope, "trial": str(trial.pk)}
    )
    assert over.context["form"]["sbp_ge"].value() == 190
    assert "由 2 次变为 1 次" in over.context["form"]["reason"].value()
    assert client(house, "sun").get(sent.headers["Location"]).status_code == 404
    before = standing()
    assert client(house, "liu").get(sent.headers["Location"]).status_code == 403
    assert standing() == before
