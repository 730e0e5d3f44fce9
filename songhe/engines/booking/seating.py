"""Who sits where: pure arithmetic on half-open times and numbered seats that are alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from songhe.engines.booking.terms import Span


@dataclass(frozen=True, slots=True)
class Sitting:
    """A booking as arithmetic sees it."""

    id: UUID
    span: Span
    seats: frozenset[int]


def overlap(one: Span, other: Span) -> bool:
    """Tell whether two half-open times share a moment."""
    return one.begins < other.ends and other.begins < one.ends


def lowest_free(
    sittings: Iterable[Sitting], span: Span, units: int, capacity: int
) -> frozenset[int] | None:
    """Return the lowest seats that are free all through a time; None where there are too few."""
    taken: set[int] = set()
    for one in sittings:
        if overlap(one.span, span):
            taken |= one.seats
    free = [number for number in range(capacity) if number not in taken]
    return frozenset(free[:units]) if len(free) >= units else None


def reseated(sittings: Iterable[Sitting], capacity: int) -> list[Sitting] | None:
    """Return everybody on seats of a capacity, each with as many as before; None if too many.

    In the order of their beginnings each takes the lowest free seats: that fits whenever at no
    moment there are more than the capacity.
    """
    found: list[Sitting] = []
    for one in sorted(sittings, key=lambda sitting: (sitting.span, sitting.id)):
        here = [other for other in found if other.span.ends > one.span.begins]
        seats = lowest_free(here, one.span, len(one.seats), capacity)
        if seats is None:
            return None
        found.append(replace(one, seats=seats))
    return found


def in_the_way(
    sittings: Sequence[Sitting], span: Span, units: int, capacity: int
) -> tuple[UUID, ...]:
    """Return those who sit at a moment of a time when too few seats are left for some units."""
    touched = [one for one in sittings if overlap(one.span, span)]
    moments = {max(span.begins, one.span.begins) for one in touched}
    found: set[UUID] = set()
    for moment in moments:
        here = [one for one in touched if one.span.begins <= moment < one.span.ends]
        if sum(len(one.seats) for one in here) + units > capacity:
            found |= {one.id for one in here}
    return tuple(one.id for one in sorted(touched, key=lambda s: (s.span, s.id)) if one.id in found)


def free_spans(
    sittings: Iterable[Sitting], open_spans: Iterable[Span], units: int, capacity: int
) -> list[Span]:
    """Return the longest times within the open ones all through which some units are free."""
    changes: dict[datetime, int] = {}
    for one in sittings:
        changes[one.span.begins] = changes.get(one.span.begins, 0) + len(one.seats)
        changes[one.span.ends] = changes.get(one.span.ends, 0) - len(one.seats)
    moments = sorted(changes)
    found: list[Span] = []
    for opened in open_spans:
        used = sum(changes[moment] for moment in moments if moment <= opened.begins)
        since = opened.begins if used + units <= capacity else None
        for moment in moments:
            if not opened.begins < moment < opened.ends:
                continue
            used += changes[moment]
            fits = used + units <= capacity
            if fits and since is None:
                since = moment
            elif not fits and since is not None:
                found.append(Span(since, moment))
                since = None
        if since is not None:
            found.append(Span(since, opened.ends))
    return found


def long_enough(spans: Iterable[Span], length: timedelta) -> list[Span]:
    """Return the times that last at least so long."""
    return [span for span in spans if span.ends - span.begins >= length]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return times in order, those that touch or overlap as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begins <= found[-1].ends:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return found


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Return what is left of some times when others are taken out of them."""
    gone = joined(taken)
    found: list[Span] = []
    for span in spans:
        since = span.begins
        for one in gone:
            if one.begins >= span.ends or one.ends <= since:
                continue
            if one.begins > since:
                found.append(Span(since, one.begins))
            since = one.ends
        if since < span.ends:
            found.append(Span(since, span.ends))
    return found
