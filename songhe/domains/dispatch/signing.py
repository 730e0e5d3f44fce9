"""What is signed at the end of a visit: a sentence of ours, kept with its digest as it was shown.

The words name the service and the day, nobody. A phone tells them back with the signature, so that
what was on its screen is what is kept, days later and after a change of the words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language

from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.params import params

_MOST = 500
_HOW = ("drawn", "typed", "photo")
_HELP = {"zh": "救助", "en": "help at once"}


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence to sign, in one language (zh, en)."""

    words: str
    language: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the words (UTF-8), in hexadecimal."""
        return hashlib.sha256(self.words.encode()).hexdigest()


def words_of(order: Order, visit: Visit, language: str = "") -> Words:
    """Return what is signed for a visit; language: the reader's where none is asked for."""
    asked = language or ("en" if (get_language() or "").startswith("en") else "zh")
    item = order.item
    what = _HELP[asked] if item is None else item.name_en if asked == "en" else item.name_zh
    day = timezone.localdate(visit.period.lower).isoformat()
    return Words(str(params()["signing"][asked]).format(day=day, what=what), asked)


def kept(told: Any, order: Order, visit: Visit) -> dict[str, Any]:
    """Return what is kept of what a phone says was signed, whatever it sent.

    how: drawn, typed or photo; words with their digest; is_ours: they are those of this visit.
    """
    given = told if isinstance(told, dict) else {}
    how = str(given.get("how", ""))
    language = str(given.get("language", ""))
    words = Words(str(given.get("words", ""))[:_MOST], language if language in _HELP else "")
    is_ours = bool(words.language) and words == words_of(order, visit, words.language)
    return {
        "how": how if how in _HOW else "photo",
        "words": words.words,
        "language": words.language,
        "sha256": words.digest,
        "is_ours": is_ours,
    }
