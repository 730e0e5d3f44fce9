"""A worker's own call for help: once at the desk, and she reads whether anybody opened it."""

from __future__ import annotations

import re
from datetime import timedelta

from songhe.base.access import services as access
from songhe.base.audit.models import AuditEntry
from songhe.base.notify import selectors as told_of
from songhe.base.notify.models import Notice
from songhe.base.regions.services import add_region
from songhe.domains.dispatch import shift_reads
from songhe.domains.dispatch.models import Happening, Position
from songhe.domains.dispatch.notices import where_to_go
from songhe.domains.dispatch.testing import stand
from songhe.domains.organizations import testing as organizations
from songhe.portals.worker.tests.phones import World, record, send, states


def test_help_for_the_worker_reaches_the_desk_once(world: World) -> None:
    liu, sun = world.client("liu"), world.client("sun")
    call = record(None, "help", 3, lat=35.2, lon=108.3)
    assert states(send(liu, call)) == ["taken"]
    assert states(send(liu, call)) == ["known"]
    notice = Notice.objects.get(kind="dispatch.worker_help")
    assert (notice.user_id, notice.chain) == (world.users["sun"].pk, "urgent")
    strip = sun.get("/work/bar/").content.decode()
    assert "liu" in strip
    assert "35.20000, 108.30000" in strip  # no community is known here that could be named
    assert 'id="worker-bar"' in sun.get("/desk/").content.decode()
    # She sees who it is and where, and sends whoever is near; nobody else does.
    stand(world.users["ma"], 35.201, 108.301, at=world.now)
    call = f"/rescues/worker/{world.users['liu'].pk}/"
    assert notice.url == call
    shown = sun.get(call).content.decode()
    assert "分钟可到" in shown, re.sub(r"<[^>]+>|\s+", " ", shown.split("<main")[1])[:900]
    sun.post(f"{call}send/", {"worker": world.users["ma"].pk})
    sun.post(f"{call}send/", {"worker": world.users["ma"].pk})
    asked = Notice.objects.get(kind="dispatch.go_to_worker")
    assert (asked.user_id, asked.chain) == (world.users["ma"].pk, "urgent")
    page = world.client("ma").get(f"/notices/{asked.pk}/").content.decode()
    assert ("liu" in page, "35.20000, 108.30000" in page) == (True, True)
    sun.post(f"{call}send/", {"worker": world.users["sun"].pk})
    assert Notice.objects.filter(kind="dispatch.go_to_worker").count() == 1
    assert liu.get(call).status_code == 403
    assert sun.get(f"/rescues/worker/{world.users['ma'].pk}/").status_code == 404
    assert "liu" not in sun.get("/work/bar/").content.decode()  # its page was opened
    # Who was asked stands before who else could be, and the worker reads it too.
    shown = sun.get(call).content.decode()
    assert shown.index("已请谁前去") < shown.index("<b>ma</b>") < shown.index('id="h-place"')
    assert "已请ma来您这里" in liu.get("/work/help/").content.decode()
    foreign = record(world.visit("ma"), "help", 1)
    assert states(send(liu, foreign)) == ["taken"]
    assert not Happening.objects.exists()


def test_two_presses_are_one_call_until_the_desk_opens_it(world: World) -> None:
    """The worker reads what the desk did with it; the desk reads where she is in words."""
    visit, liu, sun = world.visit(), world.client("liu"), world.client("sun")
    world.users["leader"] = organizations.make_user(
        at=world.now - timedelta(days=1), login="leader", role="operator",
        organization=world.centre,
    )  # fmt: skip
    leader = world.client("leader")
    lat, lon = world.home.lat, world.home.lon
    send(liu, record(visit, "arrived", 60))
    first, second = record(visit, "help", 3), record(None, "help", 2)
    said = send(liu, first)
    versions = {page["url"]: page["version"] for page in said["pages"]}
    assert "还没有人打开" in liu.get("/work/help/").content.decode()
    strip = sun.get("/work/bar/").content.decode()
    assert (world.home.address in strip, "按了" in strip) == (True, False)
    # The place comes later with the same call; a second press, sent twice, adds to it.
    assert states(send(liu, first | {"lat": lat, "lon": lon})) == ["known"]
    assert Position.objects.get(user=world.users["liu"]).lat == lat
    assert states(send(liu, second)) == ["taken"]
    assert states(send(liu, second)) == ["known"]
    notice = Notice.objects.get(kind="dispatch.worker_help", user=world.users["sun"])
    strip = sun.get("/work/bar/").content.decode()
    assert strip.count("我来处理") == 1
    assert 'data-priority="high" data-state="unacknowledged"' in strip
    assert "还没有人打开" in leader.get("/rescues/").content.decode()
    assert (world.home.address in strip, "按了 2 次" in strip) == (True, True)
    assert f'href="{notice.url}"' in strip
    # Nobody has said that anybody saw it; now somebody opens it, and the worker's page says so.
    assert "值班台已看到" not in liu.get("/work/help/").content.decode()
    sun.get(notice.url)
    assert "liu" not in sun.get("/work/bar/").content.decode()
    assert "值班台已看到" in liu.get("/work/help/").content.decode()
    after = {page["url"]: page["version"] for page in liu.get("/work/sync/").json()["pages"]}
    assert after["/work/help/"] != versions["/work/help/"]
    # Her colleagues at the desk read who has it, on the strip and on the board, without the call.
    for address in ("/work/bar/", "/rescues/"):
        assert re.search(r"sun \d\d:\d\d 已打开", leader.get(address).content.decode()), address
    assert "我来处理" not in leader.get("/work/bar/").content.decode()
    # Who presses after that is heard anew.
    assert states(send(liu, record(None, "help", 1))) == ["taken"]
    assert Notice.objects.filter(user=notice.user, kind="dispatch.worker_help").count() == 2
    shift = shift_reads.shift_at(world.now)
    actor = access.actor_for(world.users["sun"], world.now)
    calls = shift_reads.report(actor, shift, at=world.now).own_calls
    assert [(one.worker, one.seen_by) for one in calls] == [("liu", "sun"), ("liu", "")]
    assert "liu" in sun.get("/work/bar/").content.decode()


def test_a_colleague_reads_where_to_go_and_for_how_long(world: World) -> None:
    """The address of the home, not whose it is; what the desk may not see it gives to nobody."""
    visit, liu, sun, ma = world.visit(), *(world.client(one) for one in ("liu", "sun", "ma"))
    send(liu, record(visit, "arrived", 60))
    lat, lon = world.home.lat, world.home.lon
    send(liu, record(visit, "help", 3, lat=lat, lon=lon))
    versions = {page["url"]: page["version"] for page in ma.get("/work/sync/").json()["pages"]}
    assert "请去帮" not in ma.get("/work/").content.decode()
    stand(world.users["ma"], 35.201, 108.301, at=world.now)
    sun.post(f"/rescues/worker/{world.users['liu'].pk}/send/", {"worker": world.users["ma"].pk})
    asked = Notice.objects.get(kind="dispatch.go_to_worker")
    page = ma.get("/work/").content.decode()
    assert f'href="geo:{lat:.5f},{lon:.5f}?q={lat:.5f},{lon:.5f}"' in page
    assert f'<p class="offer-where">{world.home.address}</p>' in page
    assert world.chen.name not in page
    assert world.home.address in ma.get(f"/notices/{asked.pk}/").content.decode()
    after = {one["url"]: one["version"] for one in ma.get("/work/sync/").json()["pages"]}
    assert after["/work/"] != versions["/work/"]
    assert world.home.address not in world.client("wu").get("/work/").content.decode()
    told = AuditEntry.objects.get(action="dispatch.send_helper", ref__startswith="accounts.User/")
    assert told.detail["home_of"] == str(visit.order_id)
    # Three hours later the address is closed again, on the page and in the notice.
    params = dict(told_of.params_of(asked))
    assert params["order"] == str(visit.order_id)
    later = where_to_go(access.actor_for(world.users["ma"], world.now), params | {"until": "2020"})
    assert world.home.address not in later["place"]
    Notice.objects.filter(pk=asked.pk).update(made_at=world.now - timedelta(hours=4))
    assert "请去帮" not in ma.get("/work/").content.decode()
    # Another call of the same worker, after the desk opened this one: the colleague is asked anew.
    sun.get(f"/rescues/worker/{world.users['liu'].pk}/")
    send(liu, record(None, "help", 1, lat=lat, lon=lon))
    sun.post(f"/rescues/worker/{world.users['liu'].pk}/send/", {"worker": world.users["ma"].pk})
    assert Notice.objects.filter(kind="dispatch.go_to_worker").count() == 2


def test_a_place_far_from_every_community_is_not_told_as_a_fact(world: World) -> None:
    add_region(code="990121001", name="云岭镇")
    lat, lon = world.home.lat, world.home.lon
    add_region(code="990121001001", name="桂花里", lat=lat, lon=lon)
    visit, liu, sun = world.visit(), world.client("liu"), world.client("sun")
    stand(world.users["ma"], lat + 0.01, lon, at=world.now)
    send(liu, record(visit, "arrived", 60))
    send(liu, record(visit, "help", 3, lat=30.0, lon=120.0, accuracy_m=5000.0))
    strip = sun.get("/work/bar/").content.decode()
    assert (world.home.address in strip, "不可信" in strip) == (True, True)
    call = f"/rescues/worker/{world.users['liu'].pk}/"
    shown = sun.get(call).content.decode()
    assert re.search(r"距桂花里 1,\d{3} 公里，不可信", shown)
    assert f"{visit.order_id}" in shown
    assert world.home.address in shown  # where she is at work
    assert "约 8 分钟可到" in shown  # from there, not from where her phone says it is
    sun.post(f"{call}send/", {"worker": world.users["ma"].pk})
    page = world.client("ma").get("/work/").content.decode()
    assert (world.home.address in page, "geo:" in page) == (True, False)
    # Near enough, but not exact: how exact is said.
    Position.objects.update(lat=lat + 0.02, lon=lon, accuracy_m=800.0)
    shown = sun.get(call).content.decode()
    assert ("桂花里附近" in shown, "误差约 800 米" in shown) == (True, True)
