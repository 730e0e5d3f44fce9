"""Daily life in words: the night in a line, today against the usual, habits and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.utils.translation import gettext as _

from songhe.domains.monitoring import words
from songhe.domains.monitoring.life_reads import Life
from songhe.kernel.night import words as night_words
from songhe.kernel.rhythm import Message, Profile, sayings, sentence, today

HALF_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence and its tone: plain, notable (worth asking about) or unknown."""

    text: str
    tone: str


def language() -> Literal["en", "zh"]:
    """Return the reader's language as the rooms of the kernel name it."""
    return "en" if words.is_english() else "zh"


def _said(message: Message) -> Said:
    return Said(sentence(message, language()), message.tone)


def night_line(life: Life) -> str:
    """Return the last night in one line, empty where no bed told of it or it is not open."""
    if life.night is None:
        return ""
    told = night_words.lines(life.night, life.earlier)
    return night_words.one_line(told, language(), settings.TIME_ZONE)


def until_half(life: Life) -> int:
    """Return how many half hours of today are over."""
    return life.until_minute // HALF_MINUTES


def of_today(life: Life, profile: Profile) -> list[Said]:
    """Return what today is like beside the usual."""
    if life.today is None:
        return []
    return [_said(message) for message in today(profile, life.today, life.until_minute).messages]


def of_profile(profile: Profile) -> tuple[list[Said], list[Said]]:
    """Return what changed or is not known yet, and then what is usual."""
    told = [_said(message) for message in sayings(profile)]
    return [one for one in told if one.tone != "plain"], [
        one for one in told if one.tone == "plain"
    ]


def picture(life: Life, profile: Profile) -> str:
    """Return the drawing in a sentence, for who does not see it."""
    first = next(iter(of_today(life, profile)), None)
    said = _("Movement at home by half hour: what is usual above, today below.")
    return said if first is None else f"{said} {first.text}"
