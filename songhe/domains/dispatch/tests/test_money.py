"""A price, who pays it: set aside with the order, given back with it, charged once when done."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from songhe.base.access.actor import SYSTEM
from songhe.domains.billing.models import Charge
from songhe.domains.billing.proofs import Proof, proofs_of
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Evidence, Order
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import MIN, planned, story
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.domains.subsidies import services as subsidies
from songhe.domains.subsidies.testing import entitle, make_programme
from songhe.engines.ledger import sealing

AFTER = NOW + 200 * MIN


@pytest.fixture
def halved(centre: Centre) -> Centre:
    programme = make_programme(funder_id=centre.organization.pk, at=BEFORE)
    entitle(person_id=centre.chen.pk, programme=programme, at=BEFORE)
    return centre


def shares(order: Order) -> dict[str, int]:
    return {one["payer"]: one["fen"] for one in order.shares}


def ref(order: Order) -> str:
    return f"dispatch.Order/{order.pk}"


def test_done_it_is_charged_once_with_its_shares(halved: Centre) -> None:
    visit = planned(halved)
    order = visit.order
    assert (order.gross_fen, shares(order)) == (5000, {"subsidy": 2500, "person": 2500})
    assert subsidies.held(ref(order)) is not None
    tell(halved.users["liu"], story(visit), at=AFTER)
    first = services.charge_visit(visit_id=visit.pk, at=AFTER)
    assert first is not None
    assert services.charge_visit(visit_id=visit.pk, at=AFTER + MIN) == first
    charge = Charge.objects.get()
    assert (charge.gross_fen, charge.item_code, charge.person_id) == (
        5000,
        "test-bath",
        halved.chen.pk,
    )
    assert dict(charge.shares.values_list("payer", "fen")) == {"subsidy": 2500, "person": 2500}
    assert subsidies.held(ref(order)) is None
    assert not list(sealing.verify())


def test_who_charges_sees_what_the_record_of_the_visit_is_worth(halved: Centre) -> None:
    visit = planned(halved)
    tell(halved.users["liu"], story(visit), at=AFTER)
    Evidence.objects.update_or_create(
        visit=visit, defaults={"score": 20, "rules": "x", "status": "E", "made_at": AFTER}
    )
    halved.users["hu"] = make_user(
        at=BEFORE, login="hu", role="provider_manager", organization=halved.organization
    )
    halved.users["qi"] = make_user(
        at=BEFORE,
        login="qi",
        role="provider_manager",
        organization=make_organization(at=BEFORE, name="别家", serves=()),
    )
    request = RequestFactory().get("/")
    seen = {}
    for login in ("hu", "qi", "liu"):
        request.actor = halved.actor(login)
        seen[login] = proofs_of(request, {ref(visit.order), "demo.Past/1"})
    url = f"/visits/{visit.pk}/"
    visit.refresh_from_db()
    came, went = visit.arrived_at or visit.began_at, visit.ended_at
    told = seen["hu"].pop(ref(visit.order))
    assert told == Proof(20, True, url, came, went, told.against, worker="liu")
    assert seen == {"hu": {}, "qi": {}, "liu": {}}
    # Who checks the bill for its payer is told the same, without the record's page.
    halved.users["pay"] = make_user(
        at=BEFORE, login="pay", role="payer", organization=halved.organization
    )
    request.actor = halved.actor("pay")
    assert proofs_of(request, {ref(visit.order)}) == {}
    checked = proofs_of(request, {ref(visit.order)}, is_checked=True)[ref(visit.order)]
    assert checked == Proof(20, True, "", came, went, told.against)


def test_what_is_cancelled_or_fails_gives_everything_back(halved: Centre) -> None:
    cancelled = planned(halved).order
    services.cancel_order(
        actor=halved.actor("sun"), order_id=cancelled.pk, reason="住院", at=NOW + MIN
    )
    failed = planned(halved)
    tell(
        halved.users["liu"],
        [told(failed.pk, "not_done", NOW + 70 * MIN, data={"why": "nobody"})],
        at=AFTER,
    )
    assert services.charge_visit(visit_id=failed.pk, at=AFTER) is None
    for order in (cancelled, failed.order):
        assert subsidies.held(ref(order)) is None
    assert not Charge.objects.exists()
    again = planned(halved).order
    assert shares(again) == {"subsidy": 2500, "person": 2500}
    assert not list(sealing.verify())


def test_help_at_once_costs_nothing(centre: Centre) -> None:
    order = services.make_order(
        actor=SYSTEM, kind="rescue", source="call", person_id=centre.chen.pk, at=NOW
    )
    assert (order.gross_fen, order.shares) == (None, [])
