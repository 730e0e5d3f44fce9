"""Words of asking for a service."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from songhe.domains.dispatch.panels import own_words
from songhe.domains.organizations.terms import Gender


def day_words(day: date, today: date) -> str:
    """Return a day one may choose: today and tomorrow by their names, each with its date."""
    words = {"day": own_words.near_date(day)}
    if (day - today).days == 0:
        return _("Today, %(day)s") % words
    if (day - today).days == 1:
        return _("Tomorrow, %(day)s") % words
    return words["day"]


def nobody_then(sex: str) -> str:
    """Return that no woman or no man can come at the time that was chosen."""
    return _("No woman is free then.") if sex == Gender.FEMALE else _("No man is free then.")
