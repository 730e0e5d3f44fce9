"""Who pays what in the county: programmes, Grandma Chen's entitlements, her bills of past months.

Her services of past months are charged as visits are, her own shares noted in cash; the month
before last is settled and paid, last month lies with the bureau.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.demo import places
from songhe.config.demo.cast import Institutions
from songhe.domains.billing import services as billing
from songhe.domains.billing.selectors import Settlement
from songhe.domains.catalog import selectors as catalog
from songhe.domains.subsidies import services as subsidies

# Item and on which weekdays it comes (Monday is 0).
_WEEK = (("bath-home", (1,)), ("meal-home", (0, 2, 4)), ("clean-room", (3,)))
_MONTHS = 2


def make_money(
    *,
    institutions: Institutions,
    users: Mapping[str, User],
    chen_id: UUID,
    since: datetime,
    at: datetime,
) -> None:
    """Put programmes, entitlements and the bills of the past months into the county."""
    begin = timezone.localdate(since)
    subsidies.load_programmes(
        actor=SYSTEM,
        region_prefix=places.COUNTY.code,
        funders={
            "subsidy": institutions.bureau.pk,
            "purchase": institutions.bureau.pk,
            "insurance": institutions.insurance.pk,
        },
        from_on=begin,
        at=since,
    )
    for programme in ("home-care", "meal-80"):
        subsidies.give_entitlement(
            actor=access.actor_for(users["admin"], since),
            person_id=chen_id,
            programme=programme,
            since=begin,
            at=since,
        )
    today = timezone.localdate(at)
    first = max(begin, today.replace(day=1) - relativedelta(months=_MONTHS))
    charged: list[UUID] = []
    for number in range((today - first).days):
        day = first + timedelta(days=number)
        charged += _day(institutions.centre.pk, chen_id, day)
        morrow = day + timedelta(days=1)
        _follow(users, morrow, charged, is_old=(today - morrow).days > 27)


def _day(provider: UUID, chen_id: UUID, day: date) -> list[UUID]:
    """Charge what came on a day; return the charges of which she pays a share."""
    noon = _at(day, 12)
    made = []
    for code, weekdays in _WEEK:
        try:
            item = catalog.version_at(code, day)
        except catalog.NotInCatalog:
            continue
        price = catalog.price(code, provider, places.COUNTY.code, day)
        if day.weekday() not in weekdays or price is None:
            continue
        ref = f"demo.Past/{day:%Y%m%d}/{code}"
        said = subsidies.hold(
            actor=SYSTEM,
            ref=ref,
            person_id=chen_id,
            item_kind=item.kind,
            gross_fen=price.amount_fen,
            on=day,
            at=noon,
        )
        pk = billing.charge(
            actor=SYSTEM,
            ref=ref,
            person_id=chen_id,
            organization_id=provider,
            item_code=code,
            item_number=item.number,
            gross_fen=price.amount_fen,
            shares=said.stored(),
            on=day,
            at=noon,
        )
        if said.own_fen:
            made.append(pk)
    return made


def _follow(users: Mapping[str, User], day: date, charged: list[UUID], *, is_old: bool) -> None:
    """Do what comes with a new month: she pays the month in cash, the provider settles it."""
    if day.day != 1 or not charged:
        return
    noon = _at(day, 9)
    subsidies.turn(at=noon)
    manager = access.actor_for(users["manager"], noon)
    billing.note_cash(actor=manager, charge_ids=charged, at=noon)
    charged.clear()
    billing.draft_settlements(at=noon)
    month = day - relativedelta(months=1)
    for row in Settlement.objects.filter(month=month):
        billing.submit_settlement(actor=manager, settlement_id=row.pk, at=noon)
        if is_old:
            bureau = access.actor_for(users["clerk"], noon)
            billing.confirm_settlement(actor=bureau, settlement_id=row.pk, at=noon)
            note = f"{month:%Y%m}-{row.programme}"
            billing.pay_settlement(actor=bureau, settlement_id=row.pk, note=note, at=noon)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), timezone.get_default_timezone())
