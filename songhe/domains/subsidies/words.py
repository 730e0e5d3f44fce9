"""Why somebody pays what, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.domains.catalog.terms import ItemKind
from songhe.domains.subsidies import selectors
from songhe.domains.subsidies.selectors import ProgrammeView
from songhe.domains.subsidies.terms import Payer, Share, Why
from songhe.kit.formats import money


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One share in words. is_own: of the person herself."""

    who: str
    kind: str
    fen: int
    why: str
    is_own: bool


def share_rows(shares: Iterable[Share]) -> list[ShareRow]:
    """Return shares in words, in their order; 1 query."""
    some = list(shares)
    named = selectors.programmes_by_code(one.programme for one in some if one.programme)
    return [
        ShareRow(
            who=_("Own share") if one.payer == Payer.PERSON else _name(one, named),
            kind="" if one.payer == Payer.PERSON else str(Payer(one.payer).label),
            fen=one.fen,
            why=why_words(one),
            is_own=one.payer == Payer.PERSON,
        )
        for one in some
    ]


def _name(share: Share, named: dict[str, ProgrammeView]) -> str:
    found = named.get(share.programme)
    return found.name if found else share.programme


_WORDS: dict[str, Callable[[dict[str, int]], str]] = {
    Why.WHOLE: lambda d: _("pays all of it"),
    Why.PART: lambda d: (
        _("pays %(pct)s%% of the price") % {"pct": d["share_pct"]}
        if "share_pct" in d
        else _("pays a part")
    ),
    Why.FIXED: lambda d: (
        _("pays %(money)s each time") % {"money": money(d["fixed_fen"])}
        if "fixed_fen" in d
        else _("pays a part")
    ),
    Why.LIMIT: lambda d: (
        _("pays what was left of %(money)s this month") % {"money": money(d["cap_fen"])}
        if "cap_fen" in d
        else _("pays what was left this month")
    ),
    Why.REST: lambda d: _("pays what others left open"),
    Why.USED_UP: lambda d: _("nothing is left of the entitlement this month"),
    Why.VISITS_UP: lambda d: _("the services of this month are used up"),
    Why.PAID: lambda d: _("everything was paid already"),
    Why.OWN: lambda d: _("what others do not pay"),
    Why.NO_PROGRAMME: lambda d: _("no programme pays for this"),
}


def why_words(share: Share) -> str:
    """Return the reason of a share in a few words."""
    return _WORDS[share.why](share.detail)


def rule_words(programme: ProgrammeView) -> str:
    """Return what a programme pays, in a line."""
    pays = (
        _("%(money)s each time") % {"money": money(programme.fixed_fen)}
        if programme.fixed_fen is not None
        else _("%(pct)s%% of the price") % {"pct": programme.share_pct}
    )
    parts = [pays]
    if programme.cap_fen is not None:
        parts.append(_("at most %(money)s a month") % {"money": money(programme.cap_fen)})
    if programme.cap_visits is not None:
        parts.append(
            ngettext("at most %(n)d time a month", "at most %(n)d times a month",
                     programme.cap_visits) % {"n": programme.cap_visits}
        )  # fmt: skip
    return _(", ").join(parts)


def for_words(programme: ProgrammeView) -> str:
    """Return for whom a programme is, in a line; "" for everybody."""
    parts = []
    if programme.least_age is not None:
        parts.append(_("from %(n)s years on") % {"n": programme.least_age})
    if programme.least_level is not None:
        parts.append(_("from ability level %(n)s on") % {"n": programme.least_level})
    return _(", ").join(parts)


def kind_words(programme: ProgrammeView) -> str:
    """Return for which kinds of services a programme pays, in a line."""
    return pgettext("listed words", ", ").join(
        str(ItemKind(kind).label) for kind in programme.item_kinds
    )


def why_not_words(why: str) -> str:
    """Return why a programme is not for a person."""
    return {
        "region": _("it is of another region"),
        "age": _("she is too young for it"),
        "level": _("her ability level in the register does not fit"),
    }[why]
