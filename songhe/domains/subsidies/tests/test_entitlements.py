"""Entitlements: who gives them, for whom they are, and their life."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.domains.organizations import testing as organizations
from songhe.domains.organizations.models import Organization
from songhe.domains.people import testing as people
from songhe.domains.subsidies import services
from songhe.domains.subsidies.models import Entitlement, Programme
from songhe.domains.subsidies.services.programmes import shipped
from songhe.domains.subsidies.testing import entitle, make_programme
from songhe.domains.subsidies.tests.conftest import NOW, TODAY, County
from songhe.engines.workflow.engine import ReasonNeeded, WrongState
from songhe.kernel.errors import Denied, NotFound


def actor(county: County, role: str) -> Actor:
    bureau = Organization.objects.get(pk=county.bureau)
    user = organizations.make_user(at=NOW, login=role or "wu", role=role, organization=bureau)
    return access.actor_for(user, NOW)


def give(county: County, who: Actor, **more: object) -> object:
    given = {"person_id": county.chen, "programme": "test-half", "since": TODAY, "at": NOW}
    return services.give_entitlement(actor=who, **(given | more))  # type: ignore[arg-type]


def test_what_ships_is_sound_and_is_loaded_once(county: County) -> None:
    funders = dict.fromkeys(("subsidy", "purchase"), county.bureau)
    given = {"actor": SYSTEM, "region_prefix": "990121", "funders": funders, "at": NOW}
    count = services.load_programmes(from_on=TODAY, **given)  # type: ignore[arg-type]
    assert count == len([one for one in shipped() if one.payer != "insurance"]) == 5
    assert services.load_programmes(from_on=TODAY, **given) == 0  # type: ignore[arg-type]
    assert all(row.source and row.status in ("V", "E") for row in Programme.objects.all())
    # A meal at 12 yuan: she pays 3 (Zengcheng 2020, reference 05).
    entitle(person_id=county.chen, programme="meal-80", at=NOW)
    said = services.quote(person_id=county.chen, item_kind="meal", gross_fen=1_200, on=TODAY)
    assert (said.paid_fen, said.own_fen) == (900, 300)


def test_another_rule_is_another_row_and_the_past_is_kept(county: County) -> None:
    make_programme(funder_id=county.bureau, at=NOW, from_on=date(2026, 1, 1))
    entitle(person_id=county.chen, programme="test-half", at=NOW)
    make_programme(funder_id=county.bureau, at=NOW, from_on=date(2026, 12, 1), share_pct=80)
    asked = {"person_id": county.chen, "item_kind": "bath", "gross_fen": 10_000}
    assert services.quote(on=TODAY, **asked).paid_fen == 5_000  # type: ignore[arg-type]
    assert services.quote(on=date(2026, 12, 1), **asked).paid_fen == 8_000  # type: ignore[arg-type]
    for change in ({"share_pct": 90}, {"cap_fen": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Programme.objects.filter(share_pct=50).update(**change)
    with pytest.raises(services.BadProgramme):
        make_programme(funder_id=county.bureau, at=NOW, code="x", item_kinds=("flying",))


def test_who_may_give_and_to_whom(county: County) -> None:
    make_programme(funder_id=county.bureau, at=NOW, least_age=80, least_level=3)
    for role in ("regulator", "operator", ""):
        with pytest.raises((Denied, NotFound)):
            give(county, actor(county, role))
    admin = actor(county, "admin")
    young = people.make_person(at=NOW, name="李桂芳", birth_on=date(1960, 1, 1), care_level=3)
    able = people.make_person(at=NOW, name="王桂香", care_level=1)
    for person, why in ((young, "age"), (able, "level")):
        with pytest.raises(services.NotFor) as refused:
            give(county, admin, person_id=person.pk)
        assert refused.value.params["why"] == why
    with pytest.raises(services.BadPeriod):
        give(county, admin, until=TODAY)
    assert not Entitlement.objects.exists()
    give(county, admin)
    row = Entitlement.objects.get()
    assert (row.state, row.ability_level, row.given_by_name) == ("active", 3, "admin")
    with pytest.raises(services.Doubled):
        give(county, admin)


def test_it_begins_rests_and_runs_out(county: County) -> None:
    make_programme(funder_id=county.bureau, at=NOW)
    tomorrow, week = TODAY + timedelta(days=1), TODAY + timedelta(days=7)
    pk = entitle(person_id=county.chen, programme="test-half", at=NOW, since=tomorrow, until=week)
    asked = {"person_id": county.chen, "item_kind": "bath", "gross_fen": 10_000}
    assert services.quote(on=TODAY, **asked).paid_fen == 0  # type: ignore[arg-type]
    assert services.quote(on=tomorrow, **asked).paid_fen == 5_000  # type: ignore[arg-type]
    assert services.advance(at=NOW) == 0
    assert services.advance(at=NOW + timedelta(days=1)) == 1
    with pytest.raises(ReasonNeeded):
        services.pause_entitlement(actor=SYSTEM, entitlement_id=pk, reason="", at=NOW)
    services.pause_entitlement(actor=SYSTEM, entitlement_id=pk, reason="in hospital", at=NOW)
    assert services.quote(on=tomorrow, **asked).paid_fen == 0  # type: ignore[arg-type]
    services.resume_entitlement(actor=SYSTEM, entitlement_id=pk, at=NOW)
    assert services.quote(on=tomorrow, **asked).paid_fen == 5_000  # type: ignore[arg-type]
    assert services.advance(at=datetime(2026, 11, 30, tzinfo=UTC)) == 1
    assert Entitlement.objects.get().state == "ended"
    with pytest.raises(WrongState):
        services.resume_entitlement(actor=SYSTEM, entitlement_id=pk, at=NOW)


def test_the_page_gives_pauses_and_ends(county: County) -> None:
    make_programme(funder_id=county.bureau, at=NOW - timedelta(days=40))
    who = actor(county, "admin")
    client = Client()
    client.cookies["songhe_language"] = "en"
    client.force_login(User.objects.get(pk=who.user_id))
    url = f"/people/{county.chen}/entitlements/"
    assert "Home service subsidy" in client.get(f"{url}give/").content.decode()
    today = TODAY.isoformat()
    wrong = client.post(f"{url}give/", {"programme": "test-half", "since": today, "until": today})
    assert (wrong.status_code, Entitlement.objects.count()) == (422, 0)
    done = client.post(f"{url}give/", {"programme": "test-half", "since": today, "cap": "50"})
    assert done.status_code == 302
    row = Entitlement.objects.get()
    assert row.cap_fen == 5_000
    assert "¥50" in client.get(url).content.decode()
    assert client.post(f"/entitlements/{row.pk}/pause/", {"note": ""}).status_code == 422
    client.post(f"/entitlements/{row.pk}/pause/", {"note": "in hospital"})
    client.post(f"/entitlements/{row.pk}/resume/")
    client.post(f"/entitlements/{row.pk}/end/", {"note": "moved away"})
    row.refresh_from_db()
    assert row.state == "ended"
