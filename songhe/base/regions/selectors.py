"""Reading the tree of divisions; it is public knowledge, so no actor is asked for."""

from __future__ import annotations

from django.db.models import Q

from songhe.base.regions.models import Region


def path_of(code: str) -> list[Region]:
    """Return the divisions from the province down to this code."""
    codes = [code[:size] for size in (2, 4, 6, 9, 12) if size <= len(code)]
    return list(Region.objects.filter(code__in=codes).order_by("level"))


def below(prefix: str, level: int) -> list[Region]:
    """Return the divisions of a level within a prefix."""
    return list(Region.objects.filter(code__startswith=prefix, level=level))


def names(codes: list[str]) -> dict[str, str]:
    """Return names by code, for lists."""
    return dict(Region.objects.filter(code__in=codes).values_list("code", "name"))


def codes_below(prefixes: list[str], level: int) -> set[str]:
    """Return the codes of a level within any of the prefixes; no query for none."""
    if not prefixes:
        return set()
    reach = Q()
    for prefix in prefixes:
        reach |= Q(code__startswith=prefix)
    return set(Region.objects.filter(reach, level=level).values_list("code", flat=True))


def by_code(codes: list[str]) -> dict[str, Region]:
    """Return divisions by code, with their names in both languages; 1 query."""
    return {row.code: row for row in Region.objects.filter(code__in=codes)}
