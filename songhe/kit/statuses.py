"""How sure a number is: the status that the reference files give every fact, in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WORDS = {
    "V": _("found in public material"),
    "V2": _("two sources agree"),
    "M": _("not yet confirmed: written from memory"),
    "X": _("not yet confirmed: the sources disagree"),
    "E": _("an engineering setting of ours, not yet confirmed"),
}
UNCONFIRMED = frozenset({"M", "X", "E"})


def status_words(status: str) -> str:
    """Return a status in words; one that is not known stays as it is."""
    return str(WORDS.get(status, status))
