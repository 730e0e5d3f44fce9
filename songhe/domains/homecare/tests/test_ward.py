"""The ward: a tile says what is open, what is not known, who is away; a hundred cost as three."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.domains.devices.testing import make_device
from songhe.domains.homecare import handover_reads, services, ward_reads
from songhe.domains.homecare.models import (
    EquipmentNeed,
    Fitting,
    Handover,
    HomeBed,
    RiskNote,
    Round,
)
from songhe.domains.homecare.services.common import WordsNeeded
from songhe.domains.homecare.services.ward import HandedOverAlready, OwnHandover
from songhe.domains.homecare.tests.conftest import NOW, County
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.people import selectors as people_reads
from songhe.domains.people import testing as people
from songhe.domains.telemetry.testing import make_reading
from songhe.kernel.errors import Denied, NotFound
from songhe.kernel.wire import SubjectKind

EVENING = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)  # nine in the evening


def room_of(county: County, bed: HomeBed, at: datetime = NOW, login: str = "sun"):
    found = ward_reads.ward(county.actor(login, at), at=at)
    return next(room for floor in found.floors for room in floor.rooms if room.bed.pk == bed.pk)


def heard(bed: HomeBed, at: datetime) -> None:
    """Let every device of a bed have spoken just now."""
    with connection.cursor() as cursor:
        for pk in Fitting.objects.filter(need__bed=bed).values_list("device", flat=True):
            cursor.execute(
                "INSERT INTO device_seen (device, last_at, received_at, online) VALUES"
                " (%s, %s, %s, true) ON CONFLICT (device) DO UPDATE SET received_at = %s",
                [pk, at, at, at],
            )


def test_a_tile_says_the_worst_first(county: County) -> None:
    bed = county.bed()
    room = room_of(county, bed)
    assert (room.priority, room.is_quiet) == ("unknown", False)  # its devices never spoke
    heard(bed, NOW)
    room = room_of(county, bed)
    assert (room.priority, room.say) == ("", "没有需要留意的")
    monitoring.make_absence(
        actor=SYSTEM, person_id=county.chen.pk, kind="hospital", since=NOW - timedelta(hours=1),
        until=NOW + timedelta(days=2), told_by="家人", at=NOW,
    )  # fmt: skip
    room = room_of(county, bed)
    assert room.away.startswith("住院")
    assert room.priority == ""
    make_finding(rule="sos", subject=county.chen.pk, at=NOW)
    monitoring.take_findings(at=NOW)
    room = room_of(county, bed)
    assert (room.priority, room.alarm_state) == ("high", "unacknowledged")
    found = ward_reads.ward(county.actor("sun"), at=NOW)
    assert found.tally == [("high", 1)]
    assert (found.away, found.calling) == (1, 1)


def test_the_night_in_one_line(county: County) -> None:
    bed = county.bed(needs=["bedridden"])
    heard(bed, EVENING)
    place = people_reads.rooms_in(county.home.pk)[0].pk
    mattress = Fitting.objects.get(device__type="sleep-mattress").device_id
    say = ("bed", 1.0), ("bed", 1.0), ("bed", 0.0)
    for minutes, (key, value) in zip((90, 40, 7), say, strict=True):
        make_reading(
            subject=place, device=mattress, at=EVENING - timedelta(minutes=minutes),
            values={key: value}, subject_kind=SubjectKind.PLACE,
        )  # fmt: skip
    room = room_of(county, bed, EVENING)
    assert room.say == "离床 7 分钟"
    assert 'class="in"' in room.night
    assert 'class="out"' in room.night
    assert 'class="gap"' not in room.night
    later = EVENING + timedelta(hours=3)
    heard(bed, later)
    room = room_of(county, bed, later)
    assert room.say == "是否在床不明"
    assert 'class="gap"' in room.night


def test_rounds_risks_and_who_took_over(county: County) -> None:
    bed = county.bed()
    sun, leader = county.actor("sun"), county.actor("leader")
    services.note_round(actor=sun, bed_id=bed.pk, found="well", at=NOW)
    with pytest.raises(WordsNeeded):
        services.note_round(actor=sun, bed_id=bed.pk, found="unseen", at=NOW)
    assert Round.objects.count() == 1
    until = NOW + timedelta(hours=12)
    services.add_risk(actor=sun, bed_id=bed.pk, words="慢起", until=until, at=NOW)
    for login in ("wu", "qian", "keeper"):
        with pytest.raises((Denied, NotFound)):
            services.add_risk(
                actor=county.actor(login), bed_id=bed.pk, words="x", until=until, at=NOW
            )
    assert RiskNote.objects.count() == 1
    found = ward_reads.ward(sun, at=NOW)
    first = found.risks[0].reasons[0]
    assert (first.kind, first.words) == ("note", "慢起")
    assert found.looked == 1
    later = ward_reads.ward(sun, at=until)
    assert later.risks == []
    assert {reason.kind for one in later.silent for reason in one.reasons} == {"device"}
    (area, _name), *_more = handover_reads.areas(sun)
    row = services.hand_over(actor=sun, area=area, words="3-402 慢起", at=NOW)
    with pytest.raises(HandedOverAlready):
        services.hand_over(actor=sun, area=area, words="再交一次", at=NOW)
    with pytest.raises(OwnHandover):
        services.take_over(actor=sun, handover_id=row.pk, at=NOW)
    with pytest.raises(NotFound):
        services.take_over(actor=county.actor("keeper"), handover_id=row.pk, at=NOW)
    assert Handover.objects.get().taken_at is None
    assert handover_reads.handovers(leader)[0].may_take
    services.take_over(actor=leader, handover_id=row.pk, at=NOW + timedelta(minutes=5))
    with pytest.raises(NotFound):
        services.take_over(actor=leader, handover_id=row.pk, at=NOW + timedelta(minutes=6))
    assert Handover.objects.get().taken_by_name == "leader"


def many(county: County, count: int) -> None:
    """Stand beds in use in as many homes, each with a mattress that meets its need."""
    first = HomeBed.objects.first()
    assessment = first.assessments.get()
    start = HomeBed.objects.count()
    for number in range(start, start + count):
        home, rooms = people.make_home(at=NOW, address=f"桂花里 {number} 号")
        person = people.make_person(at=NOW, name=f"老{number}", home=home)
        bed = HomeBed.objects.create(
            person=person, home=home, organization=county.organization,
            region_code=home.region_code, number=f"990121-2026-{number + 1:04d}", state="active",
            applied_at=NOW, active_on=NOW.date(), review_on=NOW.date(), agreed_until=NOW.date(),
        )  # fmt: skip
        need = EquipmentNeed.objects.create(
            bed=bed, assessment=assessment, code="bed", required=True, made_at=NOW
        )
        device, _secret = make_device(
            at=NOW, organization=county.organization, type="sleep-mattress", steps=1,
            room_id=next(iter(rooms.values())).pk,
        )  # fmt: skip
        Fitting.objects.create(need=need, device=device, period=(NOW, None), proof="试呼通过")


def queries(county: County) -> int:
    sun = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    with CaptureQueriesContext(connection) as seen:
        answer = sun.get("/ward/")
    assert answer.status_code == 200
    return len(seen)


def test_thirty_beds_cost_as_many_queries_as_three(county: County) -> None:
    county.bed(needs=["bedridden"])
    many(county, 2)
    few = queries(county)
    many(county, 27)
    assert HomeBed.objects.count() == 30
    assert queries(county) <= few
    sun = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    page = sun.get("/ward/").content.decode()
    assert page.count('class="bed"') == 30
    assert "老＊＊" in page
    assert "老17" not in page


def test_the_pages_of_the_ward(county: County) -> None:
    bed = county.bed()
    sun = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    leader = signed_in(Client(), county.users["leader"], at=datetime.now(UTC))
    assert sun.get("/ward/", headers={"HX-Request": "true"}).content.startswith(b'<div id="ward"')
    assert sun.get(f"/beds/{bed.pk}/look/").status_code == 200
    assert sun.post(f"/beds/{bed.pk}/look/", {"found": "needs"}).status_code == 422
    assert sun.post(f"/beds/{bed.pk}/look/", {"found": "well"}).status_code == 302
    assert sun.post(f"/beds/{bed.pk}/risk/", {"risk": "慢起", "hours": "12"}).status_code == 302
    page = sun.get("/ward/").content.decode()
    assert "慢起" in page
    (area, _name), *_more = handover_reads.areas(county.actor("sun", datetime.now(UTC)))
    asked = {"area": area, "words": "今晚平安"}
    assert sun.post("/ward/handover/", asked).status_code == 302
    assert sun.post("/ward/handover/", asked).status_code == 422
    row = Handover.objects.get()
    assert "查看并接班" not in sun.get("/ward/").content.decode()
    assert "查看并接班" in leader.get("/ward/").content.decode()
    leader.post(f"/ward/handover/{row.pk}/take/")
    assert "leader" in sun.get("/ward/handover/").content.decode()
    keeper = signed_in(Client(), county.users["keeper"], at=datetime.now(UTC))
    assert keeper.get("/ward/").status_code == 403
