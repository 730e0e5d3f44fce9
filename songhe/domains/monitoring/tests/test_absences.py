"""Absences from the page to the snapshot to the gateway's own evaluator, and back."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import absence_reads, services
from songhe.domains.monitoring.absence_reads import OPEN_END_US
from songhe.domains.monitoring.models import Absence, AbsenceEntry, Alarm, AlarmEntry, GatewayRules
from songhe.domains.monitoring.services import absences
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import County, make_home
from songhe.domains.monitoring.tests.surfaces import client, ring, settle, standing, store
from songhe.domains.people import selectors as people
from songhe.domains.people import services as persons
from songhe.domains.telemetry.testing import make_reading
from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.errors import Denied, NotFound
from songhe.kernel.time import to_us
from songhe.kernel.wire import Reading, RuleScope, SubjectKind

HOUR = timedelta(hours=1)


@pytest.fixture
def house(county: County) -> County:
    return settle(county)


def enter(house: County, login: str = "sun", **more: object) -> Absence:
    now = timezone.now()
    given = {"kind": "hospital", "since": now - HOUR, "told_by": "女儿", "at": now} | more
    return services.make_absence(
        actor=house.actor(login, given["at"]),  # type: ignore[arg-type]
        person_id=house.chen.pk,
        **given,  # type: ignore[arg-type]
    )


def empty_bed(house: County, at: datetime, **summary: int) -> None:
    make_finding(
        rule="bed-empty-night",
        subject=house.bedroom.pk,
        subject_kind=SubjectKind.PLACE,
        person=house.chen.pk,
        at=at,
        summary={"minutes": 30, **summary},
    )


def snapshot(house: County) -> RuleScope:
    row = GatewayRules.objects.get(scope=f"person:{house.chen.pk}")
    return msgspec.convert(row.body, RuleScope)


def position(house: County, at: datetime, *, lat: float) -> Reading:
    return Reading(
        1, house.chen.pk, house.home.pk, to_us(at), to_us(at), (50, 51), (lat, 108.0),
        person=house.chen.pk,
    )  # fmt: skip


def test_rules_hold_still_from_the_page_to_the_evaluator_and_judge_again(house: County) -> None:
    """Out of the fence rings before, not while away, and again after the return."""
    persons.add_fact(
        actor=SYSTEM, person_id=house.chen.pk, kind="risk", code="wanders", text_zh="走失",
        text_en="wanders", at=timezone.now(),
        data={"fence": {"lat": 35.0, "lon": 108.0, "radius_m": 200}},
    )  # fmt: skip
    services.write_person_scope(person_id=house.chen.pk, at=timezone.now())
    judge = Evaluator(RuleBook([snapshot(house)]))
    start = timezone.now()

    def rings(minutes: int, lat: float = 35.1) -> list[str]:
        found = []
        for n in range(3):
            at = start + timedelta(minutes=minutes + n)
            plan = judge.judge([position(house, at, lat=lat)], to_us(at))
            plan.commit()
            found += [f.phase for f in plan.findings if f.rule == "fence"]
        return found

    assert rings(0)[0] == "raised"
    assert rings(10, lat=35.0) == ["cleared"]
    sun = client(house, "sun")
    since = timezone.localtime(start + timedelta(minutes=20))
    sent = sun.post(
        reverse("monitoring:add_absence", args=[house.chen.pk]),
        {"kind": "family", "since": f"{since:%Y-%m-%dT%H:%M}", "told_by": "女儿来电"},
    )
    assert sent.status_code == 302
    assert judge.put_scope(snapshot(house)) == []
    assert rings(30) == []
    absence = Absence.objects.get()
    assert snapshot(house).facts["away"] == [[to_us(absence.period.lower), OPEN_END_US]]
    until = timezone.localtime(start + timedelta(minutes=60))
    back = sun.post(
        reverse("monitoring:end_absence", args=[absence.pk]),
        {"until": f"{until:%Y-%m-%dT%H:%M}", "told_by": "本人"},
    )
    assert back.status_code == 302
    judge.put_scope(snapshot(house))
    assert rings(40) == []
    # What was seen outside while she was away does not confirm anything: it takes two fixes again.
    assert rings(70)[0] == "raised"


def test_known_afterwards_with_the_true_dates(house: County) -> None:
    now = timezone.now()
    enter(house, since=now - timedelta(days=5), until=now - timedelta(days=3))
    [period] = snapshot(house).facts["away"]
    assert period == [to_us(now - timedelta(days=5)), to_us(now - timedelta(days=3))]
    entry = AuditEntry.objects.get(kind="change", action=absence_reads.KEEP)
    assert entry.detail["known_afterwards"] is True
    assert absence_reads.away_now([house.chen.pk], at=now) == {}
    assert house.chen.pk in absence_reads.away_now([house.chen.pk], at=now - timedelta(days=4))


def test_an_open_alarm_stays_is_marked_and_its_escalation_says_so(house: County) -> None:
    at = timezone.now().replace(microsecond=0) - timedelta(minutes=3)
    empty_bed(house, at, since_us=to_us(at))
    services.take_findings(at=at)
    other = ring(house)
    absence = enter(house)
    bed = Alarm.objects.get(rule="bed-empty-night")
    assert bed.state == "unacknowledged"
    assert [e.kind for e in AlarmEntry.objects.filter(alarm=bed)] == ["raised", "away"]
    assert not AlarmEntry.objects.filter(alarm=other, kind="away").exists()
    sun = client(house, "sun")
    said = sun.get(reverse("monitoring:alarm", args=[bed.pk])).content.decode()
    assert "本人外出（住院）：此规则暂停，告警仍未结案" in said
    assert "外出：住院·此规则暂停" in said
    listed = sun.get(reverse("desk:list")).content.decode()
    assert "外出：住院·此规则暂停" in listed
    services.run_due_steps(at=at + timedelta(minutes=20))
    told = AlarmEntry.objects.filter(alarm=bed, kind="level_up").latest("at")
    assert told.data["away"] == "hospital"
    assert (
        "本人外出（住院）。"
        in client(house, "leader").get(reverse("monitoring:messages")).content.decode()
    )
    services.set_absence_end(
        actor=house.actor("sun", timezone.now()), absence_id=absence.pk, until=timezone.now(),
        told_by="女儿", at=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    assert AlarmEntry.objects.filter(alarm=bed, kind="home").count() == 1


def test_beginning_and_end_come_by_time_alone(house: County) -> None:
    now = timezone.now()
    enter(house, since=now + HOUR, until=now + 3 * HOUR)
    empty_bed(house, now)
    services.take_findings(at=now)
    bed = Alarm.objects.get()
    steps = [(0, 0), (2, 1), (2.5, 0), (4, 1), (5, 0)]
    assert [services.run_due_absences(at=now + hours * HOUR) for hours, _ in steps] == [
        noted for _, noted in steps
    ]
    assert [e.kind for e in AlarmEntry.objects.filter(alarm=bed)] == ["raised", "away", "home"]


def test_refusals_leave_everything_as_it_was(house: County) -> None:
    now = timezone.now()
    absence = enter(house)
    before = (standing(), Absence.objects.count(), AbsenceEntry.objects.count())
    for given, error in (
        ({"since": now + HOUR}, absences.AwayAlready),
        ({"since": now - timedelta(days=200)}, absences.BadAbsence),
        ({"since": now - 9 * HOUR, "until": now - 10 * HOUR}, absences.BadAbsence),
        ({"kind": "moon"}, absences.BadAbsence),
        ({"told_by": "  "}, absences.WhoSaidSo),
        ({"login": "wu"}, NotFound),
        ({"login": "far"}, NotFound),
        ({"login": "qian"}, Denied),  # knows that there is somebody, and may do nothing
    ):
        with pytest.raises(error):
            enter(house, **given)  # type: ignore[arg-type]
    with pytest.raises(absences.BadAbsence):
        services.set_absence_end(
            actor=house.actor("sun", now), absence_id=absence.pk, until=now - 5 * HOUR,
            told_by="x", at=now,
        )  # fmt: skip
    with pytest.raises(NotFound):
        services.withdraw_absence(
            actor=house.actor("far", now), absence_id=absence.pk, reason="x", at=now
        )
    assert (standing(), Absence.objects.count(), AbsenceEntry.objects.count()) == before


def test_a_worker_needs_the_person_opened_and_family_only_looks(house: County) -> None:
    now = timezone.now()
    with pytest.raises(NotFound):
        enter(house, "liu")
    for login, fields in (("liu", ["identity", "home", "contact"]), ("wu", ["identity", "home"])):
        access.grant(
            actor=SYSTEM, user=house.users[login], subject_type="people.Person",
            subject_id=house.chen.pk, purpose="care", field_classes=fields, source="t",
            at=now - HOUR,
        )  # fmt: skip
    access.give_role(
        actor=SYSTEM, user=house.users["wu"], role="family", region_prefix="", at=now - HOUR
    )
    enter(house, "liu", place="县医院 3 病区", contact_phone="19900000011")
    with pytest.raises(Denied):
        services.withdraw_absence(
            actor=house.actor("wu", now), absence_id=Absence.objects.get().pk, reason="x", at=now
        )
    address = reverse("monitoring:absences", args=[house.chen.pk])
    worker = client(house, "liu").get(address).content.decode()
    assert "县医院 3 病区" in worker
    assert "19900000011" in worker
    family = client(house, "wu").get(address).content.decode()
    assert "住院" in family
    assert "县医院 3 病区" not in family
    assert "19900000011" not in family
    assert "登记外出" not in family


def test_withdrawn_holds_nothing_still_and_stays_in_the_history(house: County) -> None:
    absence = enter(house)
    now = timezone.now()
    sun = client(house, "sun")
    sent = sun.post(
        reverse("monitoring:withdraw_absence", args=[absence.pk]), {"told_by": "登记错了人"}
    )
    assert sent.status_code == 302
    assert "away" not in snapshot(house).facts
    said = sun.get(reverse("monitoring:absences", args=[house.chen.pk])).content.decode()
    assert "登记错了人" in said
    assert "已撤回" in said
    again = sun.post(
        reverse("monitoring:end_absence", args=[absence.pk]), {"until": "", "told_by": "x"}
    )
    assert again.status_code == 409
    enter(house, at=now + timedelta(seconds=5))


def test_what_calls_for_a_look(house: County) -> None:
    """Motion in an empty home, an end that is near, an end that passed without a sign."""
    now = timezone.now().replace(microsecond=0)
    actor = house.actor("sun", now)
    person = people.person_views(actor, [house.chen.pk])[house.chen.pk]
    absence = enter(house, since=now - 6 * HOUR, until=now + 5 * HOUR)

    def look() -> absence_reads.Standing:
        return absence_reads.standing(actor, person, at=now)

    assert (look().seen_at, look().ends_soon, look().over) == (None, True, None)
    sensor, _ = devices.register_device(
        actor=SYSTEM, type="pir", organization_id=house.centre.pk,
        at=now - timedelta(days=9), region_code="990121001001",
    )  # fmt: skip
    store(house.bedroom.pk, sensor.pk, now - timedelta(hours=5, minutes=30), {"motion": 1}, kind=2)
    assert look().seen_at is None  # whoever packs a bag moves about
    store(house.bedroom.pk, sensor.pk, now - 2 * HOUR, {"motion": 1}, kind=2)
    assert look().seen_at == now - 2 * HOUR
    page = client(house, "sun").get(reverse("monitoring:absences", args=[house.chen.pk]))
    assert "发现家中有人" in page.content.decode()
    # Somebody who lives there and is at home is no sign of her.
    spouse, _home, _room = make_home(7)
    residency = persons.move_in(
        actor=SYSTEM, person_id=spouse.pk, home=house.home, at=now - 9 * HOUR
    )
    assert look().seen_at is None
    residency.delete()
    services.set_absence_end(
        actor=actor, absence_id=absence.pk, until=now - 90 * timedelta(minutes=1), told_by="x",
        at=now,
    )  # fmt: skip
    assert look().now is None
    assert look().over is not None
    store(house.bedroom.pk, sensor.pk, now - timedelta(minutes=20), {"motion": 1}, kind=2)
    assert look().over is None


def test_what_was_measured_before_she_left_is_not_shown_as_now(house: County) -> None:
    """The panel of last values says since when and where she is; what she wears still speaks."""
    now = timezone.now()
    band, _ = devices.register_device(
        actor=SYSTEM, type="band", organization_id=house.centre.pk,
        at=now - timedelta(days=9), region_code="990121001001",
    )  # fmt: skip
    before, since = now - 9 * HOUR, now - timedelta(minutes=4)
    chen = {"subject": house.chen.pk, "device": band.pk}
    make_reading(**chen, at=before, values={"sbp": 147, "dbp": 83})
    make_reading(**chen, at=since, values={"heart-rate": 71})
    page = f"/people/{house.chen.pk}/"

    def panel(login: str = "sun") -> str:
        browser = client(house, login)
        browser.cookies["songhe_language"] = "en"
        html = browser.get(page).content.decode()
        return html.split('aria-labelledby="h-now"')[1].split("</section>")[0]

    assert "147/83" in panel()
    absence = enter(house, since=now - 2 * HOUR, place="县医院")
    away = panel()
    assert "147/83" not in away
    assert "71" in away
    assert "Away since" in away
    assert "in hospital" in away
    assert "县医院" in away
    key = make_reading(**chen, at=before + HOUR, values={"sbp": 186, "dbp": 112})
    make_finding(
        rule="bp-critical", subject=house.chen.pk, subject_kind=SubjectKind.PERSON,
        person=house.chen.pk, at=before + HOUR,
        summary={"code": codes.by_key("sbp").number, "value": 186},
        evidence=[{"subject": str(house.chen.pk), "device": str(band.pk), "at_us": key.at_us,
                   "fingerprint": key.fingerprint}],
    )  # fmt: skip
    services.take_findings(at=now)
    assert "186/112" in panel()  # what rings is never hidden
    services.withdraw_absence(
        actor=house.actor("sun", now), absence_id=absence.pk, reason="误录", at=now
    )
    assert "Away since" not in panel()
