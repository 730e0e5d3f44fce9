"""The desk over HTTP: who sees which alarm and whose name, live pieces, what they cost."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import County, make_home
from songhe.domains.monitoring.tests.surfaces import HTMX, LONG_AGO, client, ring

Counter = Callable[[int], AbstractContextManager[object]]
DESK = reverse("desk:alarms")
LIST = reverse("desk:list")
TALLY = reverse("desk:tally")
MAP = reverse("desk:map")


def opened(alarm: Alarm) -> str:
    return reverse("desk:alarm", args=[alarm.pk])


def more_alarms(count: int) -> list[Alarm]:
    """Let neighbours' alarms ring, one each."""
    for number in range(20, 20 + count):
        person, _home, _room = make_home(number)
        at = timezone.now() - timedelta(minutes=5)
        make_finding(rule="sos", subject=person.pk, at=at, summary={"code": 36, "value": 1})
        services.take_findings(at=at)
    return list(Alarm.objects.filter(rule="sos").order_by("raised_at"))


def test_who_may_sit_at_the_desk(house: County) -> None:
    alarm = ring(house)
    for address in (DESK, LIST, TALLY, MAP, opened(alarm)):
        answers = {
            login: client(house, login).get(address).status_code
            for login in ("sun", "leader", "admin", "zhao", "liu", "qian", "wu")
        }
        assert answers == {
            "sun": 200, "leader": 200, "admin": 200,
            "zhao": 403, "liu": 403, "qian": 403, "wu": 403,
        }  # fmt: skip


def test_another_countys_desk_sees_nothing_of_it(house: County) -> None:
    alarm = ring(house)
    far = client(house, "far")
    said = far.get(DESK).content.decode()
    assert "血压" not in said
    assert "现在没有告警" in said
    assert far.get(opened(alarm)).status_code == 404
    assert 'data-lit="yes"' not in far.get(TALLY).content.decode()


def test_worst_and_newest_first_with_sign_word_and_state(house: County) -> None:
    low = ring(house, "bp-high", ago_s=10)
    [older, newer] = more_alarms(2)
    said = client(house, "sun").get(DESK).content.decode()
    rows = said[said.index('id="alarms"') : said.index("</ol>")]
    ids = re.findall(r'data-id="([0-9a-f-]{36})"', rows)
    assert ids == [str(newer.pk), str(older.pk), str(low.pk)]
    assert 'aria-label="紧急"' in said
    assert "无人接警" in said
    assert "现在 3 起" in said


def test_names_are_masked_until_opened_or_taken(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    for address in (DESK, LIST):
        said = sun.get(address).content.decode()
        assert "陈＊＊ 82 岁" in said
        assert "陈秀兰" not in said
    said = sun.get(LIST, {"open": str(alarm.pk)}).content.decode()
    assert "陈秀兰 82 岁" in said
    assert 'aria-current="true"' in said
    [other] = more_alarms(1)
    said = sun.get(opened(other)).content.decode()
    rows = said[said.index('id="alarms"') : said.index("</ol>")]
    assert rows.count("陈秀兰") == 1
    assert rows.count("陈＊＊") == 1
    sun.post(reverse("monitoring:acknowledge", args=[alarm.pk]))
    assert "陈秀兰 82 岁" in sun.get(LIST).content.decode()
    assert "陈秀兰" not in client(house, "leader").get(LIST).content.decode()


def test_the_list_asks_for_no_alarm_that_is_not_open_to_the_reader(house: County) -> None:
    alarm = ring(house)
    said = client(house, "far").get(LIST, {"open": str(alarm.pk)}).content.decode()
    assert "陈" not in said
    assert client(house, "sun").get(LIST, {"open": "nonsense"}).status_code == 200


def test_an_opened_alarm_is_a_whole_page_or_its_part(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    whole = sun.get(opened(alarm)).content.decode()
    assert "<html" in whole
    assert 'id="alarms"' in whole
    assert f'name="next" value="{opened(alarm)}"' in whole
    answer = sun.get(opened(alarm), headers=HTMX)
    part = answer.content.decode()
    assert "<html" not in part
    assert 'id="alarms"' not in part
    assert f'value="{alarm.pk}"' in part
    assert answer.headers["HX-Trigger-After-Settle"] == "songhe:alarm-changed"
    again = sun.get(opened(alarm), headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in again.content.decode()


def test_taking_leads_back_to_the_desk(house: County) -> None:
    alarm = ring(house)
    answer = client(house, "sun").post(
        reverse("monitoring:acknowledge", args=[alarm.pk]), {"next": opened(alarm)}
    )
    assert answer["Location"] == opened(alarm)


def test_the_crown_is_lit_while_a_high_alarm_stands_unanswered(house: County) -> None:
    sun = client(house, "sun")
    assert "data-lit>" not in sun.get(DESK).content.decode()
    alarm = ring(house)
    assert "data-lit>" in sun.get(DESK).content.decode()
    tally = sun.get(TALLY).content.decode()
    assert 'data-lit="yes"' in tally
    assert f'data-newest="{alarm.pk}"' in tally
    assert "新告警，紧急：血压高到危险值" in tally
    assert "陈" not in tally
    assert "data-lit>" not in client(house, "qian").get("/statistics/").content.decode()
    services.acknowledge_alarm(
        actor=house.actor("sun", timezone.now()), alarm_id=alarm.pk, at=timezone.now()
    )
    assert "data-lit>" not in sun.get(DESK).content.decode()
    assert 'data-lit=""' in sun.get(TALLY).content.decode()


def test_the_sound_follows_what_rings_even_where_new_rows_wait(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    for address in (DESK, TALLY):
        said = sun.get(address).content.decode()
        ringing = said[said.index('id="desk-ringing"') :].partition("</div>")[0]
        assert f'data-id="{alarm.pk}" data-priority="high"' in ringing
    sun.post(reverse("monitoring:acknowledge", args=[alarm.pk]))
    assert str(alarm.pk) not in sun.get(TALLY).content.decode()


def test_the_top_bar_says_where_one_works(house: County) -> None:
    said = client(house, "sun").get(DESK).content.decode()
    assert "服务中心·松鹤示范县" in said


def test_the_plan_shows_where_and_leads_there(house: County) -> None:
    ring(house)
    said = client(house, "sun").get(MAP).content.decode()
    assert "云岭镇" in said
    assert "桂花里：1 起紧急" in said or "桂花里" in said
    assert "state=open&amp;region=990121001001" in said
    assert 'class="sign" data-priority="high" data-state="unacknowledged"' in said


def test_pieces_cost_few_queries_however_many_alarms_there_are(
    house: County, django_assert_num_queries: Counter, django_assert_max_num_queries: Counter
) -> None:
    ring(house)
    sun = client(house, "sun")
    costs = {}
    for address, most in ((LIST, 9), (TALLY, 7)):
        with django_assert_max_num_queries(most) as counted:
            sun.get(address, headers=HTMX)
        costs[address] = len(counted)  # type: ignore[arg-type]
    more_alarms(5)
    for address, cost in costs.items():
        with django_assert_num_queries(cost):
            sun.get(address, headers=HTMX)


def test_a_role_for_one_community_sees_only_that(house: County) -> None:
    ring(house)
    access.give_role(
        actor=SYSTEM,
        user=house.users["wu"],
        role="operator",
        region_prefix="990121001002",
        at=LONG_AGO,
    )
    assert "现在没有告警" in client(house, "wu").get(DESK).content.decode()


def test_one_community_and_the_oldest_clock_first(house: County) -> None:
    low = ring(house, "bp-high", ago_s=10)
    [older, newer] = more_alarms(2)
    sun = client(house, "sun")

    def ids(query: dict[str, str], address: str = LIST) -> list[str]:
        said = sun.get(address, query).content.decode()
        rows = said[said.index('id="alarms"') : said.index("</ol>")]
        return re.findall(r'data-id="([0-9a-f-]{36})"', rows)

    rows = Alarm.objects.filter(pk__in=[low.pk, older.pk, newer.pk])
    by_clock = [str(one.pk) for one in rows.order_by("raised_at", "id")]
    assert ids({"order": "oldest"}) == by_clock
    assert ids({"place": low.region_code}) == ids({})  # all of them are of one community here
    assert ids({"place": "990121999"}) == []
    assert ids({"place": "x' OR 1=1"}) == ids({})
    # Who opens one of a chosen list keeps the list; the counts stay those of everything.
    said = sun.get(DESK, {"place": low.region_code, "order": "oldest"}).content.decode()
    assert f"?place={low.region_code}&amp;order=oldest" in said
    assert "现在 3 起" in sun.get(DESK, {"place": "990121999"}).content.decode()
