"""Writing what can be found, within the transaction that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from songhe.base.database.copying import copy_in
from songhe.base.vault import keyring
from songhe.engines.search.models import SearchEntry
from songhe.engines.search.words import spelling


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be found of one thing; marks are made by `marks`."""

    id: UUID
    target: UUID
    region_code: str
    name: str
    marks: Sequence[bytes] = ()
    is_past: bool = False


def put(kind: str, entries: Iterable[Entry]) -> None:
    """Write the entries of things, new or changed; 1 query."""
    key = keyring.ring().newest
    SearchEntry.objects.bulk_create(
        [_row(kind, one, key) for one in entries],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[
            "target", "region_code", "title", "grams", "pinyin", "initials", "marks", "key", "rank",
        ],
        batch_size=1000,
    )  # fmt: skip


def add(kind: str, entries: Iterable[Entry]) -> None:
    """Write the entries of things that are new; 1 query. Raises IntegrityError where one is not."""
    key = keyring.ring().newest
    copy_in(SearchEntry, [_row(kind, one, key) for one in entries])


def _row(kind: str, one: Entry, key: int) -> SearchEntry:
    how = spelling(one.name)
    return SearchEntry(
        id=one.id,
        kind=kind,
        target=one.target,
        region_code=one.region_code,
        title=how.title,
        grams=how.grams,
        pinyin=how.pinyin,
        initials=how.initials,
        marks=list(one.marks),
        key=key,
        rank=int(one.is_past),
    )


def under_older_keys(kind: str, *, limit: int) -> list[UUID]:
    """Return things whose marks were made by a key that is not the newest any more."""
    rows = SearchEntry.objects.filter(kind=kind).exclude(key=keyring.ring().newest)
    return list(rows.values_list("id", flat=True)[:limit])
