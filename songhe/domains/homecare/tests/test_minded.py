"""What to mind tonight and why, the round to its end, the hand-over with its sheet, areas."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.services import add_region
from songhe.domains.homecare import handover_reads, round_reads, services, ward_reads
from songhe.domains.homecare.models import Handover, HomeBed, Round
from songhe.domains.homecare.tests.conftest import NOW, County
from songhe.domains.homecare.tests.test_ward import heard, many
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Alarm, LifeDay
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.people import selectors as people_reads
from songhe.domains.people import testing as people
from songhe.domains.people.models import Home
from songhe.kernel.errors import NotFound
from songhe.kernel.night.summary import Exit, NightSummary
from songhe.kernel.wire import SubjectKind


def minded(county: County, bed: HomeBed, at: datetime = NOW, login: str = "sun"):
    found = ward_reads.ward(county.actor(login, at), at=at)
    lines = [one for one in [*found.risks, *found.silent] if one.room.bed.pk == bed.pk]
    return lines[0].reasons if lines else []


def kinds(county: County, bed: HomeBed, at: datetime = NOW, login: str = "sun") -> list[str]:
    return [reason.kind for reason in minded(county, bed, at, login)]


def night(exits: int) -> dict:
    made = NightSummary(
        since_us=0, until_us=1, bed=True, bed_us=0, exits=(Exit(0, 60_000_000),) * exits
    )
    return msgspec.to_builtins(made)


def test_a_calm_home_is_not_minded_and_each_reason_says_whence_and_leads_there(
    county: County,
) -> None:
    bed = county.bed()
    heard(bed, NOW)
    assert kinds(county, bed) == []
    make_finding(rule="sos", subject=county.chen.pk, at=NOW)
    monitoring.take_findings(at=NOW)
    services.add_risk(
        actor=county.actor("sun"), bed_id=bed.pk, words="慢起", at=NOW,
        until=NOW + timedelta(hours=12),
    )  # fmt: skip
    services.note_round(
        actor=county.actor("sun"), bed_id=bed.pk, found="needs", words="灯坏了", at=NOW
    )
    alarm, told, note = minded(county, bed)
    assert (alarm.kind, alarm.source) == ("high", "告警")
    assert "无人接警" in alarm.words
    assert alarm.url == f"/desk/alarms/{Alarm.objects.get().pk}/"
    assert (told.kind, told.words) == ("round", "需要处理：灯坏了")
    assert (note.kind, note.words) == ("note", "慢起")
    monitoring.acknowledge_alarm(actor=county.actor("sun"), alarm_id=Alarm.objects.get().pk, at=NOW)
    assert "sun已接警" in minded(county, bed)[0].words
    # Who may not read notes does not read them here either.
    assert kinds(county, bed, login="boss") == kinds(county, bed)
    assert ward_reads.ward(county.actor("wu"), at=NOW).risks == []


def test_what_was_real_is_minded_for_three_days(county: County) -> None:
    bed = county.bed()
    make_finding(rule="sos", subject=county.chen.pk, at=NOW)
    monitoring.take_findings(at=NOW)
    pk = Alarm.objects.get().pk
    sun = county.actor("sun")
    monitoring.acknowledge_alarm(actor=sun, alarm_id=pk, at=NOW)
    monitoring.resolve_alarm(actor=sun, alarm_id=pk, outcome="true", note="跌倒", at=NOW)
    for hours, expected in ((1, ["real"]), (71, ["real"]), (73, [])):
        at = NOW + timedelta(hours=hours)
        heard(bed, at)
        assert kinds(county, bed, at) == expected
    Alarm.objects.filter(pk=pk).update(outcome="false")
    heard(bed, NOW + timedelta(hours=2))
    assert kinds(county, bed, NOW + timedelta(hours=2)) == []


def test_coming_home_is_minded_before_and_after(county: County) -> None:
    bed = county.bed()
    monitoring.make_absence(
        actor=SYSTEM, person_id=county.chen.pk, kind="hospital", since=NOW - timedelta(days=3),
        until=NOW + timedelta(hours=30), told_by="家人", at=NOW,
    )  # fmt: skip
    for hours, expected in ((0, []), (20, ["away"]), (40, ["away"]), (103, [])):
        at = NOW + timedelta(hours=hours)
        heard(bed, at)
        assert kinds(county, bed, at) == expected
    heard(bed, NOW + timedelta(hours=40))
    assert "住院" in minded(county, bed, NOW + timedelta(hours=40))[0].words


@pytest.mark.parametrize(
    ("before", "last", "expected"),
    [
        ([1] * 10, 2, []),
        ([1] * 10, 4, ["night"]),
        ([4] * 10, 4, []),
        ([], 4, []),
        ([], 5, ["night"]),
    ],
)
def test_a_night_is_held_against_her_own_nights(
    county: County, before: list[int], last: int, expected: list[str]
) -> None:
    bed = county.bed()
    heard(bed, NOW)
    today = timezone.localdate(NOW)
    for back, exits in enumerate([last, *before]):
        LifeDay.objects.create(
            person=county.chen, on=today - timedelta(days=back), night=night(exits), made_at=NOW
        )
    assert kinds(county, bed) == expected
    if expected and before:
        assert minded(county, bed)[0].words == "起夜 4 次，平日至多 2 次"


def test_a_silent_device_says_since_when(county: County) -> None:
    bed = county.bed()
    heard(bed, NOW)
    late = NOW + timedelta(days=3)
    reasons = minded(county, bed, late)
    assert {reason.kind for reason in reasons} == {"device"}
    assert "自 2026年11月22日" in reasons[0].words or "11-22" in reasons[0].words
    assert reasons[0].url == f"/beds/{bed.pk}/fit/"


def test_what_is_the_homes_concerns_each_bed_in_it(county: County) -> None:
    bed = county.bed()
    husband = people.make_person(at=NOW, name="陈大海", home=county.home)
    other = county.bed(person_id=husband.pk)
    make_finding(
        rule="smoke", subject=people_reads.rooms_in(county.home.pk)[0].pk, at=NOW,
        subject_kind=SubjectKind.PLACE,
    )  # fmt: skip
    monitoring.take_findings(at=NOW)
    found = ward_reads.ward(county.actor("sun"), at=NOW)
    assert {room.bed.pk for room in found.rooms if room.priority == "high"} == {bed.pk, other.pk}
    # One door is two beds: a sheet without names tells them apart.
    assert {bed.number, other.number} == {
        item.door.rpartition(" · ")[2] for item in handover_reads.sheet_of(found).open
    }


def test_who_does_not_answer_alarms_is_told_that_calm_says_nothing(county: County) -> None:
    bed = county.bed()
    heard(bed, NOW)
    make_finding(rule="sos", subject=county.chen.pk, at=NOW)
    monitoring.take_findings(at=NOW)
    manager = ward_reads.ward(county.actor("manager"), at=NOW)
    assert (manager.beds, manager.calling, manager.unwatched) == (1, 0, 1)
    assert manager.rooms[0].say == ""  # never that nothing is to report
    sun = ward_reads.ward(county.actor("sun"), at=NOW)
    assert (sun.calling, sun.unwatched, sun.areas[0].calling) == (1, 0, 1)
    page = signed_in(Client(), county.users["manager"], at=datetime.now(UTC)).get("/ward/")
    assert "告警不对您开放" in page.content.decode()
    assert "0 户要看" not in page.content.decode()
    page = signed_in(Client(), county.users["sun"], at=datetime.now(UTC)).get("/ward/")
    assert "告警不对您开放" not in page.content.decode()


def test_an_area_narrows_and_the_picker_counts(county: County) -> None:
    county.bed()
    heard(HomeBed.objects.get(), NOW)
    many(county, 3)
    add_region(code="990121002", name="石桥镇")
    add_region(code="990121002001", name="柳湾社区")
    far = HomeBed.objects.last()
    Home.objects.filter(pk=far.home_id).update(region_code="990121002001")
    HomeBed.objects.filter(pk=far.pk).update(region_code="990121002001")
    sun = county.actor("sun")
    every = ward_reads.ward(sun, at=NOW)
    assert every.beds == 4
    one = next(area for area in every.areas if area.code == "990121002001")
    assert (one.name, one.beds, one.is_town) == ("柳湾社区", 1, False)
    assert next(area for area in every.areas if area.code == "990121002").is_town
    there = ward_reads.ward(sun, at=NOW, area="990121002")
    assert [room.bed.pk for room in there.rooms] == [far.pk]
    assert len(there.areas) == len(every.areas)
    assert ward_reads.ward(sun, at=NOW, area="88").beds == 0
    client = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    page = client.get("/ward/?area=990121002001").content.decode()
    assert page.count('class="bed"') == 1
    assert '<option value="990121002001" selected>' in page
    assert client.get("/ward/?area=x'--").content.decode().count('class="bed"') == 4


def test_many_homes_are_drawn_small_and_say_the_same(county: County) -> None:
    county.bed()
    many(county, 3)
    found = ward_reads.ward(county.actor("sun"), at=NOW)
    assert [replace(found, beds=n).is_large for n in (4, 60, 61)] == [False, False, True]
    client = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    page = client.get("/ward/?size=small").content.decode()
    assert 'data-size="small"' in page
    assert page.count('class="bed"') == 4
    assert "不知道：" in page  # said, not by colour alone
    assert 'class="bed-say"' not in page
    assert 'class="bed-say"' in client.get("/ward/").content.decode()


def test_the_round_goes_from_what_calls_to_the_end(county: County) -> None:
    bed = county.bed()
    many(county, 2)
    other, away = HomeBed.objects.exclude(pk=bed.pk).order_by("number")
    now = timezone.now()
    monitoring.make_absence(
        actor=SYSTEM, person_id=away.person_id, kind="family", since=now - timedelta(hours=1),
        until=now + timedelta(days=2), told_by="家人", at=now,
    )  # fmt: skip
    make_finding(rule="sos", subject=other.person_id, at=now)
    monitoring.take_findings(at=now)
    sheet = round_reads.round_sheet(county.actor("sun", now), at=now)
    assert [room.bed.pk for room in sheet.left] == [other.pk, bed.pk]
    assert (sheet.due, sheet.done) == (2, 0)
    sun = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))
    page = sun.get("/ward/round/").content.decode()
    assert other.person.name in page  # the one in hand is opened by name, and that is audited
    read = AuditEntry.objects.filter(kind="read", ref=f"homecare.HomeBed/{other.pk}")
    assert read.exists()
    asked = {"bed": other.pk, "then": bed.pk}
    refused = sun.post("/ward/round/", asked | {"found": "needs", "words": ""})
    assert refused.status_code == 422
    assert other.person.name in refused.content.decode()
    assert not Round.objects.exists()
    answer = sun.post("/ward/round/", asked | {"found": "needs", "words": "要送药"})
    assert answer.url == f"/ward/round/?bed={bed.pk}&last={other.pk}"
    page = sun.get(answer.url).content.decode()
    assert "陈秀兰" in page
    assert "需要处理" in page
    # Later leads to the next one; with one left there is nothing to put off.
    assert 'data-round-key="0"' not in page
    answer = sun.post("/ward/round/", {"bed": bed.pk, "found": "well", "words": ""})
    assert "走访完成" in sun.get(answer.url).content.decode()
    assert Round.objects.count() == 2
    keeper = signed_in(Client(), county.users["keeper"], at=datetime.now(UTC))
    assert keeper.post("/ward/round/", asked | {"found": "well"}).status_code == 403
    assert Round.objects.count() == 2
    # What calls after the look is to be looked at again, before all others.
    later = timezone.now() + timedelta(minutes=5)
    make_finding(rule="sos", subject=county.chen.pk, at=later)
    monitoring.take_findings(at=later)
    sheet = round_reads.round_sheet(county.actor("sun", later), at=later)
    assert ([room.bed.pk for room in sheet.left], sheet.done) == ([bed.pk], 1)


def test_a_hand_over_takes_what_is_open_along_without_a_name(county: County) -> None:
    bed = county.bed()
    heard(bed, NOW)
    make_finding(rule="sos", subject=county.chen.pk, at=NOW)
    monitoring.take_findings(at=NOW)
    sun, leader = county.actor("sun"), county.actor("leader")
    (area, _name), *_more = handover_reads.areas(sun)
    row = services.hand_over(actor=sun, area=area, words="看住 3-402", at=NOW)
    monitoring.acknowledge_alarm(actor=sun, alarm_id=Alarm.objects.get().pk, at=NOW)
    one = handover_reads.get_handover(leader, row.pk)
    assert one.sheet.silent == {}
    [item] = one.sheet.open
    assert item.bed == bed.pk
    assert "无人接警" in item.words[0][1]  # as it was then, not as it is now
    assert "陈" not in msgspec.json.encode(one.sheet).decode()
    with override("en"):
        there = handover_reads.get_handover(leader, row.pk).sheet
        assert "nobody has it" in there.open[0].words[0][1]
    assert handover_reads.named(leader, one.sheet)[0].who == "陈＊＊"
    with pytest.raises(NotFound):
        handover_reads.get_handover(county.actor("wu"), row.pk)
    client = signed_in(Client(), county.users["leader"], at=datetime.now(UTC))
    page = client.get(f"/ward/handover/{row.pk}/").content.decode()
    assert "无人接警" in page
    assert "由我接班" in page
    assert client.post(f"/ward/handover/{row.pk}/take/").status_code == 302
    assert Handover.objects.get().taken_by_name == "leader"


def test_a_page_that_asks_each_minute_is_one_look_an_hour(county: County) -> None:
    county.bed()
    many(county, 2)
    sun = county.actor("sun")
    reads = AuditEntry.objects.filter(kind="read", action="homecare.view_ward")
    seen = ward_reads.ward(sun, at=NOW).seen
    assert reads.count() == 3
    ward_reads.ward(sun, at=NOW + timedelta(minutes=1), seen=seen)
    assert reads.count() == 3
    # Another area, or the next hour, is another look.
    ward_reads.ward(sun, at=NOW + timedelta(minutes=1), area="99012", seen="forged")
    assert reads.count() == 6
    ward_reads.ward(sun, at=NOW + timedelta(hours=1), seen=seen)
    assert reads.count() == 9


def test_lists_and_rounds_ask_no_more_for_more_beds(county: County) -> None:
    county.bed(needs=["bedridden"])
    many(county, 2)
    sun = signed_in(Client(), county.users["sun"], at=datetime.now(UTC))

    def asked(url: str) -> int:
        sun.get(url)
        with CaptureQueriesContext(connection) as found:
            assert sun.get(url).status_code == 200
        return len(found)

    urls = ("/beds/", "/beds/?show=due", "/ward/", "/ward/round/", "/ward/handover/")
    few = {url: asked(url) for url in urls}
    many(county, 20)
    assert {url: asked(url) for url in urls} == few
