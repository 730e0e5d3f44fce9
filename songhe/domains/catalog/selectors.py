"""Reading the catalogue. What is offered and what it costs is public to whoever holds a role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from songhe.base.access.actor import Actor
from songhe.base.regions.days import day_of
from songhe.domains.catalog.models import Item, ItemVersion, Price
from songhe.domains.catalog.terms import VIEW, Check, ItemKind, Step
from songhe.kernel.errors import NotFound


class NotInCatalog(NotFound):
    code = "catalog.not_in_catalog"
    message = "There is no such item in the catalogue of your region."


@dataclass(frozen=True, slots=True)
class VersionView:
    """What an item is in a version. until: the first day on which it is not in force any more."""

    id: UUID
    code: str
    kind: str
    number: int
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    duration_minutes: int
    workers_needed: int
    requires: tuple[str, ...]
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    since: date
    until: date | None
    reason: str
    made_at: datetime
    made_by: UUID | None
    is_withdrawn: bool

    @property
    def name(self) -> str:
        """Return the name in the reader's language."""
        return self.name_en if english() else self.name_zh

    @property
    def text(self) -> str:
        """Return what it is, in a sentence in the reader's language."""
        return self.text_en if english() else self.text_zh

    @property
    def must(self) -> tuple[Step, ...]:
        """Return the steps without whose evidence a visit is not done."""
        return tuple(step for step in self.steps if step.required)


@dataclass(frozen=True, slots=True)
class PriceView:
    """What a unit costs in a period. organization_id None: the guide price of the region."""

    id: UUID
    organization_id: UUID | None
    region_prefix: str
    amount_fen: int
    per: str
    since: date
    until: date | None
    is_withdrawn: bool

    @property
    def is_guide(self) -> bool:
        return self.organization_id is None


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item with the version and the guide price of a day; None where there is none."""

    code: str
    kind: str
    region_prefix: str
    since_on: date
    retired_on: date | None
    version: VersionView | None
    guide: PriceView | None = None
    own: PriceView | None = None

    @property
    def price(self) -> PriceView | None:
        """Return what is paid: the organisation's own price before the guide price."""
        return self.own or self.guide


def english() -> bool:
    """Tell whether the reader reads English."""
    return (get_language() or "zh").startswith("en")


def item_codes(region: str) -> set[str]:
    """Return the codes of what is or was ever offered in a region; 1 query."""
    rows = Item.objects.values_list("code", "region_prefix")
    return {code for code, prefix in rows if region.startswith(prefix)}


def items(on: date, region: str, *, organization_id: UUID | None = None) -> list[ItemView]:
    """Return what is offered in a region on a day, with its guide price there; 3 queries.

    own: the price of an organisation, where one is given.
    """
    rows = [
        row
        for row in Item.objects.filter(Q(retired_on=None) | Q(retired_on__gt=on), since_on__lte=on)
        if region.startswith(row.region_prefix)
    ]
    found = _views(rows, on=on, region=region, organization_id=organization_id)
    return [one for one in found if one.version is not None]


def version_at(code: str, at: datetime | date) -> VersionView:
    """Return the version of an item that is in force at a moment or on a day; 1 query.

    Raises NotInCatalog where there is none.
    """
    on = day_of(at) if isinstance(at, datetime) else at
    row = (
        ItemVersion.objects.filter(item__code=code, withdrawn_at=None, period__contains=on)
        .select_related("item")
        .first()
    )
    if row is None:
        raise NotInCatalog
    return _version(row, row.item)


def get_version(version_id: UUID) -> VersionView:
    """Return a version by its id, whether in force or past; 1 query. Raises NotInCatalog."""
    row = ItemVersion.objects.filter(pk=version_id).select_related("item").first()
    if row is None:
        raise NotInCatalog
    return _version(row, row.item)


def price(code: str, organization: UUID | None, region: str, on: date) -> PriceView | None:
    """Return what an item costs of an organisation in a region on a day; 1 query.

    Her own price comes before the guide price, the price of a nearer region before a wider one.
    None where nobody has set a price.
    """
    rows = Price.objects.filter(item__code=code, withdrawn_at=None, period__contains=on)
    return _nearest(rows.filter(_of(organization)), region)


def _of(organization: UUID | None) -> Q:
    guide = Q(organization=None)
    return guide if organization is None else guide | Q(organization=organization)


def _nearest(rows: Iterable[Price], region: str) -> PriceView | None:
    fit = [row for row in rows if region.startswith(row.region_prefix)]
    if not fit:
        return None
    return _price(
        max(fit, key=lambda row: (row.organization_id is not None, len(row.region_prefix)))
    )


def _price(row: Price) -> PriceView:
    return PriceView(
        id=row.pk,
        organization_id=row.organization_id,
        region_prefix=row.region_prefix,
        amount_fen=row.amount_fen,
        per=row.per,
        since=row.period.lower,
        until=row.period.upper,
        is_withdrawn=row.withdrawn_at is not None,
    )


def _version(row: ItemVersion, item: Item) -> VersionView:
    return VersionView(
        id=row.pk,
        code=item.code,
        kind=item.kind,
        number=row.number,
        name_zh=row.name_zh,
        name_en=row.name_en,
        text_zh=row.text_zh,
        text_en=row.text_en,
        duration_minutes=row.duration_minutes,
        workers_needed=row.workers_needed,
        requires=tuple(row.requires),
        steps=tuple(Step.of(one) for one in row.steps),
        checks=tuple(Check.of(one) for one in row.checks),
        since=row.period.lower,
        until=row.period.upper,
        reason=row.reason,
        made_at=row.made_at,
        made_by=row.made_by,
        is_withdrawn=row.withdrawn_at is not None,
    )


def _views(
    rows: list[Item], *, on: date, region: str, organization_id: UUID | None
) -> list[ItemView]:
    """Return items with version and prices of a day; 2 queries."""
    by_id = {row.pk: row for row in rows}
    versions = {
        one.item_id: one
        for one in ItemVersion.objects.filter(
            item__in=by_id, withdrawn_at=None, period__contains=on
        )
    }
    prices: dict[UUID, list[Price]] = {}
    for one in Price.objects.filter(
        _of(organization_id), item__in=by_id, withdrawn_at=None, period__contains=on
    ):
        prices.setdefault(one.item_id, []).append(one)
    found = []
    for row in rows:
        all_of = prices.get(row.pk, [])
        found.append(
            ItemView(
                code=row.code,
                kind=row.kind,
                region_prefix=row.region_prefix,
                since_on=row.since_on,
                retired_on=row.retired_on,
                version=_version(versions[row.pk], row) if row.pk in versions else None,
                guide=_nearest([p for p in all_of if p.organization_id is None], region),
                own=_nearest([p for p in all_of if p.organization_id is not None], region),
            )
        )
    return found


# The pages of who keeps the catalogue: also what is retired or not yet in force.


def regions_of(actor: Actor) -> list[str]:
    """Return the regions in which an actor may look at the catalogue, the widest first."""
    return sorted({held.region_prefix for held in actor.roles if held.carries(VIEW)})


def _near(actor: Actor) -> QuerySet[Item]:
    """Return the items that concern an actor's regions: offered there, around or within."""
    condition = Q(pk__in=[])
    for region in regions_of(actor):
        around = [region[:size] for size in range(len(region) + 1)]
        condition |= Q(region_prefix__in=around) | Q(region_prefix__startswith=region)
    return Item.objects.filter(condition)


def list_items(
    actor: Actor,
    *,
    on: date,
    kind: str = "",
    words: str = "",
    retired: bool = False,
    organization_id: UUID | None = None,
) -> list[ItemView]:
    """Return the items that concern an actor, with names and prices of a day; 3 queries.

    words: a part of the name or code. retired: what is not offered any more too. own: the price of
    the organisation.
    """
    rows = _near(actor)
    if kind:
        rows = rows.filter(kind=kind)
    if not retired:
        rows = rows.filter(Q(retired_on=None) | Q(retired_on__gt=on))
    regions = regions_of(actor)
    found = _views(
        list(rows), on=on, region=regions[0] if regions else "", organization_id=organization_id
    )
    asked = words.strip().casefold()
    return sorted(
        (one for one in found if asked in _all_words(one)),
        key=lambda one: (ItemKind.values.index(one.kind), one.code),
    )


def _all_words(one: ItemView) -> str:
    version = one.version
    names = f"{version.name_zh}\n{version.name_en}" if version else ""
    return f"{one.code}\n{names}".casefold()


@dataclass(frozen=True, slots=True)
class History:
    """An item with everything that was ever published of it, the newest first."""

    item: ItemView
    versions: tuple[VersionView, ...]
    prices: tuple[PriceView, ...]


def history(actor: Actor, code: str, *, on: date) -> History:
    """Return an item with all its versions and prices; 4 queries. Raises NotInCatalog."""
    row = _near(actor).filter(code=code).first()
    if row is None:
        raise NotInCatalog
    regions = regions_of(actor)
    (item,) = _views([row], on=on, region=regions[0] if regions else "", organization_id=None)
    return History(
        item=item,
        versions=tuple(_version(one, row) for one in row.versions.order_by("-number")),
        prices=tuple(_price(one) for one in row.prices.order_by("-period", "-made_at")),
    )
