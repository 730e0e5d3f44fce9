"""What is watched outside: set by who may, with a reason; rules follow; positions are audited."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.devices import services as devices
from songhe.domains.monitoring import outdoor_reads, services
from songhe.domains.monitoring.models import GatewayRules, RuleOverride
from songhe.domains.monitoring.services import outdoors
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import client, settle
from songhe.domains.people import selectors as people
from songhe.domains.telemetry.testing import make_reading
from songhe.kernel.detectors import RuleBook
from songhe.kernel.errors import Denied
from songhe.kernel.wire import RuleScope

HOME = (30.0, 120.0)
WHY = "与儿子商定"


@pytest.fixture
def house(county: County) -> County:
    settle(county)
    services.write_person_scope(person_id=county.chen.pk, at=timezone.now())
    return county


def put(house: County, login: str, **given: Any) -> None:
    watched = {"centre": HOME, "radius_m": 300, "back_by": time(20, 30), "wandering": True}
    now = timezone.now()
    services.set_outdoors(
        actor=house.actor(login, now), person_id=house.chen.pk,
        watched=services.Watched(**(watched | given)), reason=given.pop("why", WHY), at=now,
    )  # fmt: skip


def held(house: County) -> RuleBook:
    import msgspec

    body = GatewayRules.objects.get(scope=f"person:{house.chen.pk}").body
    return RuleBook([msgspec.convert(body, RuleScope)])


def test_rules_and_the_area_hold_for_her_and_are_taken_back(house: County) -> None:
    put(house, "leader")
    book = held(house)
    assert book.resolve(house.chen.pk).facts["fence"] == {
        "lat": 30.0, "lon": 120.0, "radius_m": 300
    }  # fmt: skip
    back = book.rule("not-back-by", house.chen.pk)
    assert back is not None
    assert back.params["from"] == "20:30"
    assert book.rule("wandering", house.chen.pk) is not None
    assert book.rule("wandering") is None
    entry = AuditEntry.objects.filter(action="monitoring.set_safe_area").latest("at")
    assert entry.detail == {"radius_m": 300}
    versions = RuleOverride.objects.count()
    put(house, "leader")  # the same again is no version
    assert RuleOverride.objects.count() == versions
    put(house, "leader", centre=None, back_by=None, wandering=False)
    book = held(house)
    assert "fence" not in book.resolve(house.chen.pk).facts
    assert book.rule("not-back-by", house.chen.pk) is None
    assert book.rule("wandering", house.chen.pk) is None


def test_a_new_area_takes_the_place_of_the_old_one(house: County) -> None:
    put(house, "leader")
    put(house, "leader", radius_m=800)
    assert held(house).resolve(house.chen.pk).facts["fence"]["radius_m"] == 800
    known = people.facts_of([house.chen.pk], at=timezone.now())[house.chen.pk]
    assert [fact.code for fact in known].count("fence") == 1


@pytest.mark.parametrize("login", ["sun", "liu", "zhao", "far"])
def test_who_may_not_change_rules_changes_nothing(house: County, login: str) -> None:
    before = GatewayRules.objects.get(scope=f"person:{house.chen.pk}").body
    with pytest.raises((Denied, people.NoSuchPerson)):
        put(house, login)
    assert GatewayRules.objects.get(scope=f"person:{house.chen.pk}").body == before
    assert not RuleOverride.objects.exists()


def test_what_cannot_be_is_refused_and_nothing_is_half_set(house: County) -> None:
    with pytest.raises(outdoors.NeedsArea):
        put(house, "leader", centre=None)
    with pytest.raises(outdoors.BadRadius):
        put(house, "leader", radius_m=10)
    assert not RuleOverride.objects.exists()
    assert "fence" not in held(house).resolve(house.chen.pk).facts


def tracked(house: County) -> None:
    device, _secret = devices.register_device(
        actor=SYSTEM, type="tracker", organization_id=house.centre.pk, at=timezone.now()
    )
    since = timezone.now() - timedelta(days=2)
    devices.bind_device(actor=SYSTEM, device_id=device.pk, person_id=house.chen.pk, at=since)
    for minutes in (50, 30, 10):
        make_reading(
            subject=house.chen.pk, device=device.pk,
            at=timezone.now() - timedelta(minutes=minutes),
            values={"lat": 30.0 + minutes * 1e-5, "lon": 120.001, "accuracy": 8.0},
        )  # fmt: skip


def test_the_page_shows_the_track_and_takes_a_setting(house: County) -> None:
    tracked(house)
    url = reverse("monitoring:outdoors", args=[house.chen.pk])
    leader = client(house, "leader")
    text = leader.get(url).content.decode()
    assert "<svg" in text
    assert 'name="centre"' in text
    given = {"centre": "last", "radius_m": "400", "back_by": "21:00", "reason": WHY}
    refused = leader.post(url, given | {"radius_m": "5"})
    assert refused.status_code == 422
    assert leader.post(url, given | {"reason": ""}).status_code == 422
    assert not RuleOverride.objects.exists()
    assert leader.post(url, given).status_code == 302
    area = held(house).resolve(house.chen.pk).facts["fence"]
    assert area == {"lat": pytest.approx(30.0001), "lon": 120.001, "radius_m": 400}
    assert 'class="room-here"' in leader.get(url).content.decode()
    reads = AuditEntry.objects.filter(action="telemetry.view_readings", kind="read")
    assert reads.filter(ref=f"people.Person/{house.chen.pk}").exists()


def test_who_only_looks_sees_no_form_and_cannot_post(house: County) -> None:
    tracked(house)
    url = reverse("monitoring:outdoors", args=[house.chen.pk])
    desk = client(house, "sun")
    assert 'name="centre"' not in desk.get(url).content.decode()
    given = {"centre": "none", "radius_m": "400", "reason": WHY, "wandering": "on"}
    assert desk.post(url, given).status_code == 403
    assert desk.post(url, {}).status_code == 403
    assert not RuleOverride.objects.exists()
    assert client(house, "wu").get(url).status_code in (403, 404)


def test_positions_that_are_not_open_are_not_read(house: County) -> None:
    tracked(house)
    now = timezone.now()
    actor = house.actor("sun", now)
    person = people.get_person(actor, house.chen.pk, at=now)
    import dataclasses

    hidden = dataclasses.replace(person, fields=frozenset({"identity", "health"}))
    assert not outdoor_reads.is_open_to(actor, hidden)
    assert outdoor_reads.outdoors_of(actor, hidden, at=now).fixes == ()
