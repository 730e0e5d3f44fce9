"""Finding persons by what somebody types: name, pinyin, initials, tail of a number, ID number.

The one place that asks the search. What is found is a list of ids, narrowed to the actor's regions
and grants within the database's own function; it is narrowed again where persons are read.
"""

from __future__ import annotations

from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.people import sealing
from songhe.engines.search import selectors as search
from songhe.engines.search.words import asked

KIND = "people.Person"
COUNTY = 6


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
    granted = [pk for pk, fields in actor.granted(KIND).items() if "identity" in fields]
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
