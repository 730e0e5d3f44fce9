"""Finding persons by what somebody types: name, pinyin, initials, tail of a number, ID number.

The one place that asks the search. What is found is a list of ids, narrowed to the actor's regions
and grants within the database's own function; it is narrowed again where persons are read.
"""

from __future__ import annotations

import re
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import sealing
from songhe.domains.people.models import Home
from songhe.engines.search import selectors as search
from songhe.engines.search.words import asked

KIND = "people.Person"
COUNTY = 6
COMMUNITY = 12
_MOST_HOMES = 5000
_NUMBERS = re.compile(r"\d+")


def find_ids(
    actor: Actor,
    action: str,
    words: str,
    *,
    limit: int,
    region_prefix: str = "",
    named_only: bool = True,
) -> list[UUID]:
    """Return the persons whom all the words fit, best first; none where nothing can be asked.

    named_only: just where the actor sees names, for who does not may not find out who has one.
    """
    what = asked(words)
    if what.is_empty or len(what.digits) > 1:
        return []
    if not actor.may(action):
        return []
    reach = _named(actor, action) if named_only else actor.prefixes(action)
    prefixes = _within(reach, region_prefix)
    granted = [pk for pk, fields in actor.opened(KIND).items() if "identity" in fields]
    marks: list[bytes] = []
    if what.digits:
        marks = sealing.marks_asked(what.digits[0], counties=_counties(prefixes, granted))
        if not marks:
            return []
    return search.find(KIND, what, prefixes=prefixes, granted=granted, marks=marks, limit=limit)


def _named(actor: Actor, action: str) -> tuple[str, ...]:
    """Return where the actor may do an action and sees names."""
    prefixes = actor.prefixes(action)
    if actor.is_system:
        return prefixes
    return tuple(prefix for prefix in prefixes if "identity" in actor.fields_in(prefix))


def _within(prefixes: tuple[str, ...], region: str) -> tuple[str, ...]:
    """Return where prefixes and a region both reach."""
    inside = [region for one in prefixes if region.startswith(one)][:1]
    return tuple(inside or [one for one in prefixes if one.startswith(region)])


def _counties(prefixes: tuple[str, ...], granted: list[UUID]) -> set[str]:
    """Return the counties to whose scope the tails of numbers may belong."""
    wide = [prefix for prefix in prefixes if len(prefix) < COUNTY]
    if granted:
        wide.append("")  # a granted person may live anywhere
    found = {prefix[:COUNTY] for prefix in prefixes if len(prefix) >= COUNTY}
    return found | regions.codes_below(wide, COUNTY)


def homes_at(actor: Actor, action: str, words: str) -> list[UUID]:
    """Return the homes whose address somebody says: whole, or its community and its numbers.

    Only where the actor sees contact data. Addresses lie sealed, so that what is said in part is
    compared within the communities that it names. None where it names no place.
    """
    reach = tuple(
        prefix
        for prefix in actor.prefixes(action)
        if actor.is_system or "contact" in actor.fields_in(prefix)
    )
    said = "".join(words.split())
    if not reach or not _NUMBERS.search(said):
        return []
    named = {
        place.code: place.name
        for prefix in reach
        for place in regions.below(prefix, COMMUNITY)
        if place.name and place.name in said
    }
    whole = Home.objects.filter(address_index__in=sealing.address_indexes(words.strip()))
    found = [home.pk for home in whole if home.region_code.startswith(reach)]
    for home in Home.objects.filter(region_code__in=named)[:_MOST_HOMES]:
        rest = said.replace(named[home.region_code], "")
        if home.pk not in found and _fits(rest, home.address):
            found.append(home.pk)
    return found


def _fits(said: str, address: str) -> bool:
    """Tell whether the numbers of what was said stand in an address, in order, and its words."""
    there = iter(_NUMBERS.findall(address))
    return all(one in there for one in _NUMBERS.findall(said)) and all(
        one in address for one in _NUMBERS.sub("", said)
    )
