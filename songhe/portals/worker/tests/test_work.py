"""A worker's pages over HTTP: her day, what her phone tells in any order, who else may not."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.files.models import StoredFile
from songhe.base.files.testing import photograph
from songhe.domains.dispatch import day_reads, services
from songhe.domains.dispatch.models import Happening, Offer, Visit
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.people import testing as people
from songhe.portals.worker.tests.phones import MIN, World, record, send, states


def test_a_day_told_in_any_order_and_twice_is_one_day(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    told = [
        record(visit, "set_off", 50), record(visit, "arrived", 40, way="code", shown=visit.code),
        record(visit, "step", 35, step="greet"),
        record(visit, "measure", 30, step="pressure", data={"values": {"8480-6": 128}}),
        record(visit, "step", 20, step="bath"), record(visit, "done", 10),
    ]  # fmt: skip
    random.Random(5).shuffle(told)
    assert states(send(client, *told[:3])) == ["taken"] * 3
    again = send(client, *told)
    assert sorted(states(again)) == ["known"] * 3 + ["taken"] * 3
    assert [one["state"] for one in again["visits"]] == ["done"]
    visit.refresh_from_db()
    assert (visit.state, visit.arrived_by, Happening.objects.count()) == ("done", "code", 6)
    page = client.get(f"/work/visits/{visit.pk}/").content.decode()
    assert page.count('data-state="done" data-at=') == 6
    assert 'aria-current="step"' not in page


def test_somebody_elses_visit_is_refused_in_words_and_nothing_changes(world: World) -> None:
    visit = world.visit()
    stranger = world.client("ma")
    said = send(stranger, record(visit, "done", 5), record(visit, "note", 5, text="x"))
    assert states(said) == ["refused", "refused"]
    assert said["answers"][0]["words"].startswith("这不是您的任务") or said["answers"][0]["words"]
    assert said["visits"] == []
    upload = SimpleUploadedFile("a.jpg", photograph(), "image/jpeg")
    answer = stranger.post(
        "/work/files/", {"visit": visit.pk, "id": uuid4(), "file": upload},
        headers={"Accept": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert stranger.get(f"/work/visits/{visit.pk}/").status_code == 404
    assert not Happening.objects.exists()
    assert not StoredFile.objects.exists()


def test_who_is_no_worker_has_none_of_these_pages(world: World) -> None:
    visit = world.visit()
    for login in ("wu", "sun"):
        client = world.client(login)
        for path in ("", "route/", "me/", "help/", "sync/", f"visits/{visit.pk}/"):
            assert client.get(f"/work/{path}").status_code == 403, path
        for path in ("sync/", "files/", "help/", f"visits/{visit.pk}/told/"):
            assert client.post(f"/work/{path}").status_code == 403, path
    assert not Happening.objects.exists()
    assert "/sign-in/" in Client().get("/work/").headers["Location"]
    accept = {"Accept": "application/json"}
    assert Client().get("/work/sync/", headers=accept).status_code == 401


def test_one_that_cannot_be_read_is_refused_alone(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    bad = record(visit, "set_off", 5) | {"kind": "flew"}
    nowhere = record(None, "done", 5)
    long = record(visit, "note", 5, data={"x": "y" * 9000})
    said = send(client, bad, record(visit, "set_off", 4), nowhere, long)
    found = {one["id"]: (one["state"], bool(one["words"])) for one in said["answers"]}
    assert [found[one["id"]] for one in (bad, nowhere, long)] == [("refused", True)] * 3
    assert Happening.objects.count() == 1
    for body in (b"{", b"[]", b'{"told": 3}', b'{"sent_at": "2026-11-22T10:00:00"}'):
        answer = client.post("/work/sync/", body, content_type="application/json")
        assert answer.status_code == 422
    assert Happening.objects.count() == 1


def test_a_phone_days_late_with_a_wrong_clock_is_heard(world: World) -> None:
    """The grant is over by then: the database's wall still takes what was done."""
    visit = world.visit()
    Visit.objects.filter(pk=visit.pk).update(
        period=(world.now - timedelta(days=3), world.now - timedelta(days=3) + MIN)
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_grant SET period = tstzrange(now() - interval '4 days',"
                       " now() - interval '2 days') WHERE source = %s",
                       [f"dispatch.Visit/{visit.pk}"])  # fmt: skip
    late_s = 3 * 86400 + 3600.0
    at = world.now - timedelta(days=3)
    kept = record(visit, "arrived", 0, lat=35.2, lon=108.3) | {
        "device_at": (at + timedelta(seconds=3600)).isoformat(), "offset_s": 3600.0}  # fmt: skip
    said = send(world.client("liu"), kept, ahead_s=3600.0)
    assert states(said) == ["taken"]
    assert said["is_clock_wrong"] is True
    visit.refresh_from_db()
    assert visit.state == "arrived"
    assert visit.arrived_at == at
    assert late_s > 0


def test_the_pages_say_what_one_must_know(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    day = client.get("/work/").content.decode()
    assert "陈秀兰" in day
    assert "助浴" in day
    page = client.get(f"/work/visits/{visit.pk}/").content.decode()
    assert 'data-kind="measure"' in page
    assert 'name="value-8480-6"' in page
    assert re.search(r'aria-current="step"', page)
    assert visit.code not in page  # what the family tells is not in the phone
    assert client.get("/work/route/").status_code == 200
    assert "camera=(self)" in client.get("/work/").headers["Permissions-Policy"]


def test_without_scripts_one_form_tells_one_thing(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    told = f"/work/visits/{visit.pk}/told/"
    for form in (
        {"kind": "set_off"},
        {"kind": "arrived", "shown": visit.code, "reason": "x"},
        {"kind": "step", "step": "greet"},
        {"kind": "measure", "step": "pressure", "value-8480-6": "131", "value-8462-4": "82,5"},
        {"kind": "photo", "file": SimpleUploadedFile("a.jpg", photograph(), "image/jpeg")},
        {"kind": "done"},
    ):
        assert client.post(told, form).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.arrived_by) == ("done", "code")
    kinds = dict(Happening.objects.values_list("kind", "data"))
    assert kinds["measure"]["values"] == {"8480-6": 131.0, "8462-4": 82.5}
    kept = StoredFile.objects.get()
    assert kept.ref == f"dispatch.Visit/{visit.pk}"
    assert Happening.objects.get(kind="photo").file == str(kept.pk)
    before = Happening.objects.count()
    client.post(told, {"kind": "flew"})
    assert "读不出" in client.get(f"/work/visits/{visit.pk}/").content.decode()
    assert Happening.objects.count() == before


def test_a_photograph_sent_twice_is_kept_once(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    given, content = uuid4(), photograph()
    for _turn in range(2):
        upload = SimpleUploadedFile("a.jpg", content, "image/jpeg")
        answer = client.post("/work/files/", {"visit": visit.pk, "id": given, "file": upload})
        assert answer.json() == {"id": str(given)}
    assert StoredFile.objects.count() == 1
    upload = SimpleUploadedFile("a.jpg", b"no picture", "image/jpeg")
    wrong = client.post(
        "/work/files/", {"visit": visit.pk, "id": uuid4(), "file": upload},
        headers={"Accept": "application/json"},
    )  # fmt: skip
    assert wrong.status_code == 422
    assert StoredFile.objects.count() == 1


def test_a_wrong_code_is_told_to_the_worker_and_stops_nothing(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    wrong = "000000" if visit.code != "000000" else "111111"
    told = record(visit, "arrived", 5, way="code", shown=wrong)
    assert states(send(client, told)) == ["taken"]
    words = "不对"
    for page in (f"/work/visits/{visit.pk}/", "/work/"):
        assert words in client.get(page).content.decode(), page
    right = world.visit()
    send(client, record(right, "arrived", 2, way="code", shown=right.code))
    assert words not in client.get(f"/work/visits/{right.pk}/").content.decode()


def test_stops_that_would_hide_each_other_are_one_on_the_way(world: World) -> None:
    """Two of one house are one dot, and a line leads from stop to stop."""
    far, _rooms = people.make_home(at=world.now - timedelta(days=1), lat=35.3, lon=108.4)
    other = people.make_person(at=world.now - timedelta(days=1), name="李桂英", home=far)
    client = world.client("liu")
    world.visit()
    first, world.chen = world.chen, other
    world.visit()
    world.chen = first
    for _turn in range(2):
        world.visit()
    page = client.get("/work/route/").content.decode()
    assert re.findall(r'text-anchor="middle">([^<]+)<', page) == ["1·3·4", "2"]
    assert len(re.findall(r"<line x1=.[0-9.]+%", page)) == 2


def test_an_offer_stands_on_top_and_is_answered_by_a_press(world: World) -> None:
    order = services.make_order(
        actor=SYSTEM, kind=OrderKind.RESCUE, source=Source.CALL, person_id=world.chen.pk,
        at=world.now,
    )  # fmt: skip
    sun = access.actor_for(world.users["sun"], world.now)
    liu = world.client("liu")
    offer = services.send(
        actor=sun, order_id=order.pk, worker_id=world.users["liu"].pk, at=world.now
    )
    page = liu.get("/work/").content.decode()
    assert f"/work/offers/{offer.pk}/" in page
    assert "陈秀兰" not in page  # who it is, is told once she goes
    assert [one["id"] for one in liu.get("/work/sync/").json()["offers"]] == [str(offer.pk)]
    world.client("ma").post(f"/work/offers/{offer.pk}/", {"answer": "go"})
    assert Offer.objects.get().answer == "open"
    liu.post(f"/work/offers/{offer.pk}/", {"answer": "go"})
    visit = Visit.objects.get()
    assert visit.state == "told"
    assert 'class="sign" data-priority="high"' in liu.get("/work/").content.decode()
    page = liu.get(f"/work/visits/{visit.pk}/").content.decode()
    assert [key for key in re.findall(r'data-key="(\w+)"', page)] == ["set_off", "arrived", "done"]


def test_a_version_changes_with_what_is_told_and_with_nothing_else(world: World) -> None:
    visit, client = world.visit(), world.client("liu")
    url = f"/work/visits/{visit.pk}/"

    def versions() -> dict[str, str]:
        return {page["url"]: page["version"] for page in client.get("/work/sync/").json()["pages"]}

    first = versions()
    assert first == versions() or datetime.now(UTC).minute == 0
    send(client, record(visit, "note", 1, text="x"))
    second = versions()
    assert second[url] != first[url]
    client.cookies["songhe_language"] = "en"
    assert versions()[url] != second[url]


def test_midnight_takes_no_visit_away_that_is_not_over(world: World) -> None:
    now = timezone.localtime(world.now)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
    early = world.visit(begins=midnight - timedelta(hours=3))
    late = world.visit(begins=midnight - timedelta(minutes=30))
    liu = access.actor_for(world.users["liu"], world.now)

    def day(at: datetime) -> tuple[list[UUID], datetime]:
        found = day_reads.day_of(liu, at=at)
        return [line.visit.pk for line in found.visits], found.until

    last = late.period.upper + timedelta(hours=2)
    # At noon, at the door, past midnight, and when she is not open to Liu any more.
    assert day(midnight - timedelta(hours=12)) == ([early.pk, late.pk], last)
    assert day(midnight - timedelta(minutes=1)) == ([early.pk, late.pk], last)
    assert day(midnight + MIN) == ([late.pk], midnight + timedelta(days=1))
    assert day(last + MIN) == ([], midnight + timedelta(days=1))
    # What is called off is told, in words that name nobody, while it would have been.
    services.cancel_order(actor=SYSTEM, order_id=early.order_id, reason="住院", at=world.now)
    off = day_reads.day_of(liu, at=midnight - timedelta(hours=12)).off
    assert [one.id for one in off] == [early.pk]
    assert off[0].what.endswith(" 助浴")
    Visit.objects.filter(pk=early.pk).update(state="told")
    # Once it is over it belongs to yesterday.
    Visit.objects.filter(pk=late.pk).update(state="done")
    assert day(midnight + MIN)[0] == []
    # The phone keeps tomorrow's early visit until that is over, not until midnight.
    dawn = world.visit(begins=midnight + timedelta(hours=6))
    assert day(midnight - timedelta(hours=1)) == (
        [early.pk, late.pk, dawn.pk], dawn.period.upper + timedelta(hours=2),
    )  # fmt: skip


def test_many_visits_ask_no_more_than_few(world: World) -> None:
    client = world.client("liu")
    world.visit()
    counts = []
    for _turn in range(2):
        client.get("/work/sync/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get("/work/sync/")
        counts.append(len(asked))
        for _more in range(6):
            world.visit()
    assert counts[0] == counts[1]


def test_what_could_not_be_sent_outlives_an_ended_session(world: World) -> None:
    client = world.client("liu")
    client.cookies["songhe_unsent"] = "1"
    assert client.post("/sign-out/")["Clear-Site-Data"] == '"cache"'
    del client.cookies["songhe_unsent"]


def test_the_service_worker_and_the_shell(world: World) -> None:
    client = Client()
    worker = client.get("/work/sw.js")
    assert worker.headers["Content-Type"].startswith("text/javascript")
    told = json.loads(re.search(r"const TOLD = (\{.*\});", worker.content.decode())[1])
    for address in told["assets"]:
        assert client.get(address).status_code == 200, address
    assert "陈秀兰" not in client.get("/work/offline/").content.decode()
    assert client.get("/work/app.webmanifest").json()["scope"] == "/work/"


def test_a_value_beyond_its_limit_is_said_on_the_page_that_the_phone_keeps(world: World) -> None:
    visit, liu = world.visit(), world.client("liu")
    path = f"/work/visits/{visit.pk}/"
    page = liu.get(path).content.decode()
    assert 'data-ge="180"' in page
    assert "达到 180 就停" in page
    assert page.count("停下，报告值班台") >= 2  # with the step, and with the warning
    before = {one["url"]: one["version"] for one in liu.get("/work/sync/").json()["pages"]}
    given = {"values": {"8480-6": 190, "8462-4": 95}, "did": "went_on"}
    row = record(visit, "measure", 5, step="pressure", data=given)
    said = send(liu, row)
    assert {one["url"]: one["version"] for one in said["pages"]}[path] != before[path]
    assert states(send(liu, row)) == ["known"]
    assert "超出界限，您继续做了。停下，报告值班台" in liu.get(path).content.decode()
    # Not a number: refused with what was told, and the others are taken all the same.
    odd = record(visit, "measure", 4, step="pressure", data={"values": {"8480-6": "一百"}})
    said = send(liu, odd, record(visit, "note", 3, text="好"))
    assert sorted(states(said)) == ["refused", "taken"]
    assert any("一百" in one["words"] for one in said["answers"])


def test_without_scripts_the_page_says_afterwards_that_a_value_is_beyond(world: World) -> None:
    visit, liu = world.visit(), world.client("liu")
    form = {"kind": "measure", "step": "pressure", "value-8480-6": "190", "value-8462-4": "95"}
    answer = liu.post(f"/work/visits/{visit.pk}/told/", form)
    assert answer.headers["Location"].endswith("#step-pressure")
    assert Happening.objects.get(kind="measure").data["did"] == "later"
    page = liu.get(answer.headers["Location"]).content.decode()
    assert "<span>超出界限。停下，报告值班台</span>" in page
