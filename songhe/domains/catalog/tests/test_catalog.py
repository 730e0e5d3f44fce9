"""Versions and prices: what was published stays, one is in force a day, and who may say so."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.days import day_of
from songhe.base.regions.services import add_region
from songhe.domains.catalog import selectors, services
from songhe.domains.catalog.models import Item, ItemVersion, Price
from songhe.domains.catalog.services.items import NotThen
from songhe.domains.catalog.services.prices import NotAPrice, NotOfferedThere
from songhe.domains.catalog.services.sound import (
    NotALimit,
    NotATime,
    NothingMeasured,
    SameTwice,
    UnknownQualification,
    WordsMissing,
)
from songhe.domains.catalog.terms import MEASURES, ItemKind, Limit, Step
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.organizations.terms import all_qualifications
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.kernel import codes
from songhe.kernel.errors import Conflict, Denied

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TODAY = day_of(NOW)
SINCE = NOW - timedelta(days=30)
pytestmark = pytest.mark.django_db


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


def actor(role: str, *, region: str = "990121", organization: Any = None) -> Actor:
    user = make_user(
        at=SINCE,
        login=f"u{User.objects.count()}",
        role=role,
        region_prefix=region,
        organization=organization,
    )
    return access.actor_for(user, NOW)


@pytest.fixture(autouse=True)
def regions(db: None) -> None:
    for code in ("99", "9901", "990121", "990121001", "990122"):
        add_region(code=code, name=code)


def limited(limit: Limit, stop: str = "停") -> Step:
    return Step(
        "a", "甲", "A", "measure", "blood-pressure", stop_zh=stop, stop_en=stop, limits=(limit,)
    )


def set_price(who: Actor, fen: int, from_on: date, **more: Any) -> Price:
    given = {"organization_id": None, "region_prefix": "990121", "per": "visit"} | more
    return services.set_price(
        actor=who, code="test-bath", amount_fen=fen, from_on=from_on, at=NOW, **given
    )


def cost(day: date, organization: Any = None, region: str = "990121001001") -> int | None:
    found = selectors.price("test-bath", organization, region, day)
    return found.amount_fen if found else None


def test_what_ships_is_sound_and_becomes_the_operators() -> None:
    assert services.load_items(actor=SYSTEM, region_prefix="990121", at=SINCE) >= 20
    shown = selectors.items(TODAY, "990121001")
    assert {one.kind for one in shown} == set(ItemKind.values)
    assert all(one.version and one.guide for one in shown)
    for one in shown:
        version = one.version
        assert version is not None
        assert set(version.requires) <= set(all_qualifications())
        assert all(codes.by_code(code) for step in version.steps for code in step.codes)
    for step in (step for one in shown if one.version for step in one.version.steps):
        assert bool(step.limits) == (step.evidence == "measure" and bool(step.stop_zh)), step
        assert all(limit.source and limit.status == "V2" for limit in step.limits)
    admin = actor("admin")
    bath = selectors.version_at("bath-home", NOW)
    services.publish_version(
        actor=admin,
        code="bath-home",
        draft=make_draft(),
        from_on=on(1),
        reason="",
        at=NOW,
    )
    assert services.load_items(actor=SYSTEM, region_prefix="990121", at=NOW) == 0
    assert selectors.version_at("bath-home", NOW).id == bath.id
    assert selectors.version_at("bath-home", on(1)).name_zh == "助浴"
    assert selectors.items(TODAY, "990122") == []


def test_measures_are_codes_that_the_house_knows() -> None:
    assert [codes.by_code(code).key for named in MEASURES.values() for code in named][:2] == [
        "sbp",
        "dbp",
    ]


def test_a_version_holds_from_its_day_and_those_before_it_stay() -> None:
    make_item(at=SINCE)
    admin = actor("admin")
    before = selectors.version_at("test-bath", NOW)

    def publish(draft: Any, day: date) -> ItemVersion:
        return services.publish_version(
            actor=admin, code="test-bath", draft=draft, from_on=day, reason="试点", at=NOW
        )

    with pytest.raises(services.TooSoon):
        publish(make_draft(duration_minutes=50), TODAY)
    with pytest.raises(Conflict):
        publish(make_draft(), on(1))
    assert ItemVersion.objects.count() == 1
    publish(make_draft(duration_minutes=50), on(10))
    third = publish(make_draft(duration_minutes=40), on(5))
    assert selectors.version_at("test-bath", on(4)) == replace(before, until=on(5))
    assert selectors.version_at("test-bath", on(12)).id == third.pk
    planned = selectors.history(admin, "test-bath", on=TODAY).versions
    assert [(one.number, one.is_withdrawn) for one in planned] == [
        (3, False),
        (2, True),
        (1, False),
    ]
    assert selectors.get_version(before.id).duration_minutes == 60
    assert (
        AuditEntry.objects.filter(action="catalog.publish_version", user_id=admin.user_id).count()
        == 2
    )


@pytest.mark.parametrize(
    ("changes", "refusal", "field"),
    [
        ({"name_en": " "}, services.NotSound, "name_en"),
        ({"steps": ()}, services.NotSound, "steps"),
        ({"duration_minutes": 0}, services.NotSound, "duration_minutes"),
        ({"workers_needed": 9}, services.NotSound, "workers_needed"),
        ({"requires": ("magic",)}, UnknownQualification, "requires"),
        ({"steps": (Step("a", "甲", ""),)}, WordsMissing, "steps-0-en"),
        ({"steps": (Step("a", "甲", "A"), Step("a", "乙", "B"))}, SameTwice, "steps"),
        ({"steps": (Step("a", "甲", "A", "measure"),)}, NothingMeasured, "steps-0-measure"),
        ({"steps": (Step("a", "甲", "A", "photo", "weight"),)}, NothingMeasured, "steps-0-measure"),
        ({"steps": (Step("a", "甲", "A", most_minutes=0),)}, NotATime, "steps-0-most_minutes"),
        ({"steps": (Step("a", "甲", "A", stop_zh="停"),)}, WordsMissing, "steps-0-stop_en"),
        ({"steps": (Step("a", "甲", "A", "magic"),)}, services.NotSound, "steps-0-evidence"),
        ({"steps": (limited(Limit("8867-4", ge=120, source="S")),)}, NothingMeasured,
         "steps-0-measure"),
        ({"steps": (limited(Limit("8480-6", source="S")),)}, NotALimit, "steps-0-measure"),
        ({"steps": (limited(Limit("8480-6", ge=900, source="S")),)}, NotALimit, "steps-0-measure"),
        ({"steps": (limited(Limit("8480-6", ge=90, le=180, source="S")),)}, NotALimit,
         "steps-0-measure"),
        ({"steps": (limited(Limit("8480-6", ge=180)),)}, NotALimit, "steps-0-limit_source"),
        ({"steps": (limited(Limit("8480-6", ge=180, source="S"), stop=""),)}, WordsMissing,
         "steps-0-stop_zh"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_with_its_field(
    changes: dict[str, Any], refusal: type[Exception], field: str
) -> None:
    make_item(at=SINCE)
    with pytest.raises(refusal) as found:
        services.publish_version(
            actor=SYSTEM,
            code="test-bath",
            draft=make_draft(**changes),
            from_on=on(1),
            reason="",
            at=NOW,
        )
    assert found.value.params["field"] == field  # type: ignore[attr-defined]
    assert ItemVersion.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_itemversion SET name_zh = 'x'",
        "UPDATE catalog_itemversion SET steps = '[]'",
        "UPDATE catalog_itemversion SET period = daterange('2020-01-01', NULL)",
        "DELETE FROM catalog_itemversion",
        "UPDATE catalog_price SET amount_fen = 1",
        "UPDATE catalog_price SET per = 'hour'",
        "DELETE FROM catalog_price",
        "UPDATE catalog_item SET kind = 'meal'",
        "UPDATE catalog_item SET region_prefix = ''",
        "DELETE FROM catalog_item",
    ],
)
def test_the_database_lets_nobody_change_what_was_published(statement: str) -> None:
    make_item(at=SINCE)
    with (
        pytest.raises(IntegrityError, match="catalog"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert selectors.version_at("test-bath", NOW).name_zh == "助浴"


def test_what_was_cut_short_or_withdrawn_does_not_come_back() -> None:
    make_item(at=SINCE)
    set_price(SYSTEM, 6000, on(5))
    set_price(SYSTEM, 7000, on(3))
    for text in (
        "UPDATE catalog_price SET withdrawn_at = NULL WHERE amount_fen = 6000",
        "UPDATE catalog_price SET period = daterange(lower(period), NULL) WHERE amount_fen = 5000",
    ):
        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(text)
    with pytest.raises(IntegrityError, match="catalog_one_price_a_day"), transaction.atomic():
        Price.objects.create(
            item=Item.objects.get(),
            region_prefix="990121",
            amount_fen=1,
            per="visit",
            period=DateRange(on(2), on(4)),
            made_at=NOW,
        )
    item = Item.objects.get()
    with pytest.raises(IntegrityError, match="catalog_one_version_a_day"), transaction.atomic():
        ItemVersion.objects.create(
            item=item,
            number=2,
            name_zh="x",
            name_en="x",
            duration_minutes=1,
            steps=[],
            period=DateRange(TODAY, None),
            made_at=NOW,
        )


def test_the_own_price_comes_before_the_guide_and_the_nearer_before_the_wider() -> None:
    make_item(at=SINCE)
    house = make_organization(at=SINCE)
    assert cost(TODAY, house.pk) == 5000
    set_price(SYSTEM, 4500, on(0), region_prefix="990121001")
    set_price(SYSTEM, 4000, on(0), organization_id=house.pk)
    assert cost(TODAY) == 4500
    assert cost(TODAY, region="990121002001") == 5000
    assert cost(TODAY, house.pk) == 4000
    assert cost(TODAY, make_organization(at=SINCE, name="另一家").pk) == 4500
    assert cost(TODAY, region="990122") is None
    services.end_price(
        actor=SYSTEM,
        code="test-bath",
        organization_id=house.pk,
        region_prefix="990121",
        from_on=on(3),
        at=NOW,
    )
    assert (cost(on(2), house.pk), cost(on(3), house.pk)) == (4000, 4500)


def test_a_price_changes_from_a_day_on_and_never_for_today() -> None:
    make_item(at=SINCE)
    admin = actor("admin")
    with pytest.raises(services.TooSoon):
        set_price(admin, 6000, TODAY)
    with pytest.raises(services.TooSoon):
        set_price(admin, 6000, on(-1), region_prefix="990121001")
    for fen in (-1, 10_000_001):
        with pytest.raises(NotAPrice):
            set_price(admin, fen, on(1))
    with pytest.raises(NotOfferedThere):
        set_price(SYSTEM, 6000, on(1), region_prefix="990122")
    assert Price.objects.count() == 1
    set_price(admin, 6000, on(1))
    assert (cost(TODAY), cost(on(1))) == (5000, 6000)


def test_who_may_set_which_price() -> None:
    make_item(at=SINCE)
    own, other = make_organization(at=SINCE), make_organization(at=SINCE, name="另一家")
    manager = actor("provider_manager", organization=own)
    set_price(manager, 4800, on(1), organization_id=own.pk)
    count = Price.objects.count()
    refused: list[tuple[Actor, Any]] = [
        (manager, other.pk),
        (manager, None),
        (actor("worker", organization=own), own.pk),
        (actor("operator"), None),
        (actor("admin", region="990122"), None),
        (actor("admin", region="990122"), own.pk),
        (actor(""), None),
    ]
    for who, whose in refused:
        with pytest.raises(Denied):
            set_price(who, 1, on(1), organization_id=whose)
    assert Price.objects.count() == count
    set_price(actor("admin"), 4700, on(2), organization_id=own.pk)
    assert cost(on(2), own.pk) == 4700


def test_who_may_keep_items() -> None:
    make_item(at=SINCE)
    for who in (
        actor("provider_manager", organization=make_organization(at=SINCE)),
        actor("admin", region="990122"),
        actor("admin", region="990121001"),
        actor("operator"),
        actor("worker"),
        actor(""),
    ):
        with pytest.raises(Denied):
            services.publish_version(
                actor=who,
                code="test-bath",
                draft=make_draft(duration_minutes=5),
                from_on=on(1),
                reason="",
                at=NOW,
            )
        with pytest.raises(Denied):
            services.retire_item(actor=who, code="test-bath", retired_on=on(1), at=NOW)
        with pytest.raises(Denied):
            services.define_item(
                actor=who,
                code="new",
                kind="other",
                region_prefix="990121",
                draft=make_draft(),
                from_on=on(1),
                at=NOW,
            )
    assert Item.objects.get().retired_on is None
    assert ItemVersion.objects.count() == 1


def test_a_retired_item_is_not_offered_from_that_day_and_may_come_back() -> None:
    make_item(at=SINCE)
    admin = actor("admin")
    with pytest.raises(NotThen):
        services.retire_item(actor=admin, code="test-bath", retired_on=on(-1), at=NOW)
    services.retire_item(actor=admin, code="test-bath", retired_on=on(2), at=NOW)
    assert len(selectors.items(on(1), "990121")) == 1
    assert selectors.items(on(2), "990121") == []
    assert selectors.list_items(admin, on=on(2)) == []
    assert len(selectors.list_items(admin, on=on(2), retired=True)) == 1
    services.bring_back(actor=admin, code="test-bath", at=NOW)
    assert len(selectors.items(on(2), "990121")) == 1
    with pytest.raises(services.CodeTaken):
        make_item(at=SINCE)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 60),  # the day of the change, from today
            st.one_of(st.none(), st.integers(0, 999)),  # an amount, or the end of the price
            st.sampled_from(["990121", "990121001"]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_there_is_one_price_a_day_whatever_is_changed_in_whatever_order(
    steps: list[tuple[int, int | None, str, bool]],
) -> None:
    with transaction.atomic():
        make_item(at=SINCE, amount_fen=None)
        house = make_organization(at=SINCE)
        expected: dict[tuple[bool, str], dict[int, int | None]] = {}
        for day, fen, region, is_own in steps:
            whose = house.pk if is_own else None
            if fen is None:
                services.end_price(
                    actor=SYSTEM,
                    code="test-bath",
                    organization_id=whose,
                    region_prefix=region,
                    from_on=on(day),
                    at=NOW,
                )
            else:
                set_price(SYSTEM, fen, on(day), organization_id=whose, region_prefix=region)
            known = expected.setdefault((is_own, region), {})
            known.update({one: fen for one in range(day, 62)})
        for day in (0, 1, 7, 20, 33, 59, 61):
            standing = Price.objects.filter(withdrawn_at=None, period__contains=on(day))
            held = [(row.organization_id is not None, row.region_prefix) for row in standing]
            assert len(held) == len(set(held))
            assert {
                (row.organization_id is not None, row.region_prefix): row.amount_fen
                for row in standing
            } == {key: days[day] for key, days in expected.items() if days.get(day) is not None}
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_two_who_set_a_price_at_once_leave_one() -> None:
    make_item(at=SINCE)
    gate = threading.Barrier(2)

    def put(fen: int) -> None:
        gate.wait()
        try:
            set_price(SYSTEM, fen, on(1))
        finally:
            connection.close()

    threads = [threading.Thread(target=put, args=(fen,)) for fen in (6000, 7000)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    standing = Price.objects.filter(withdrawn_at=None, period__contains=on(1))
    assert [row.amount_fen for row in standing] in ([6000], [7000])
    assert Price.objects.count() == 3
