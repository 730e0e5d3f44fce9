"""Words of organisations: roles, regions, classes of data, why somebody sees something."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from songhe.base.access.roles import all_roles
from songhe.base.consent import texts
from songhe.base.regions import selectors as regions
from songhe.base.regions.models import Region
from songhe.domains.organizations.access_reads import Sight
from songhe.domains.organizations.terms import all_languages

PURPOSES: dict[str, Promise] = {
    "self": gettext_lazy("the person herself"),
    "guardian": gettext_lazy("guardian"),
    "emergency": gettext_lazy("emergency access"),
    "contract": gettext_lazy("contract with the family doctor"),
    "alarm": gettext_lazy("an alarm that was answered"),
}


def english() -> bool:
    """Tell whether the reader reads English."""
    return (get_language() or "zh").startswith("en")


def role_words(role: str) -> str:
    """Return the name of a role in the reader's language."""
    known = all_roles().get(role)
    return role if known is None else known.en if english() else known.zh


def class_words(classes: Iterable[str]) -> str:
    """Return classes of data in words, in their order."""
    wanted, shown = set(classes), list(texts.all_texts().values())[-1]
    names = [one.words.name for name, one in shown.classes.items() if name in wanted]
    return pgettext("listed words", ", ").join(names) or _("no names and no details")


def region_name(region: Region) -> str:
    """Return the name of a division in the reader's language."""
    return region.name_en if english() and region.name_en else region.name


def region_names(codes: Iterable[str]) -> dict[str, str]:
    """Return regions by code, the whole install for ""; 1 query."""
    wanted = sorted({code for code in codes if code})
    known = regions.by_code(wanted) if wanted else {}
    return {"": _("everywhere"), **{code: region_name(row) for code, row in known.items()}}


def why(sight: Sight, names: dict[str, str]) -> str:
    """Return why somebody sees something: a role in a region, consent, or another ground."""
    if sight.role:
        place = names.get(sight.region_prefix, sight.region_prefix)
        return _("%(role)s, %(region)s") % {"role": role_words(sight.role), "region": place}
    if sight.by_consent:
        purpose = list(texts.all_texts().values())[-1].purposes.get(sight.purpose)
        name = purpose.words.name if purpose else sight.purpose
        return _("with consent: %(purpose)s") % {"purpose": name}
    return str(PURPOSES.get(sight.purpose, sight.purpose))


def language_words(codes: Iterable[str]) -> str:
    """Return the languages that a worker speaks, in words."""
    known = all_languages()
    return pgettext("listed words", ", ").join(known[one].name for one in codes if one in known)
