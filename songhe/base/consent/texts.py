"""The texts a person agrees to, as data: what is asked, why it is needed, what it changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils import timezone
from django.utils.translation import get_language

from songhe.base.access.roles import FIELD_CLASSES
from songhe.kernel.errors import Conflict, Invalid

CONSENT = "consent"


class UnknownPurpose(Invalid):
    code = "consent.unknown_purpose"
    message = "There is no purpose %(given)s that can be agreed to."


class TextChanged(Conflict):
    code = "consent.text_changed"
    message = "The text has changed since you read it. Please read it once more."


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a class of data or of a purpose in one language."""

    name: str
    what: str = ""
    impact: str = ""
    ask: str = ""
    necessity: str = ""
    refuse: str = ""


@dataclass(frozen=True, slots=True)
class DataClass:
    name: str
    is_sensitive: bool
    zh: Words
    en: Words

    @property
    def words(self) -> Words:
        """Return the words in the reader's language."""
        return self.en if _english() else self.zh


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data are for. classes: those that may be opened, in the order in which they are asked.

    basis: consent (asked and refused freely), contract or law (told, not asked).
    """

    name: str
    basis: str
    classes: tuple[str, ...]
    recipient_roles: frozenset[str]
    recipients: frozenset[str]
    longest_days: int
    zh: Words
    en: Words

    @property
    def words(self) -> Words:
        """Return the words in the reader's language."""
        return self.en if _english() else self.zh

    @property
    def is_optional(self) -> bool:
        return self.basis == CONSENT


@dataclass(frozen=True, slots=True)
class Texts:
    """One version of all texts."""

    version: str
    since: date
    purposes: dict[str, Purpose]
    classes: dict[str, DataClass]

    def digest(self, purpose: str, data_class: str) -> str:
        """Return the SHA-256 of what a person read, in both languages, as hexadecimal digits."""
        asked, opened = self.purposes[purpose], self.classes[data_class]
        shown = [
            [words.name, words.what, words.impact, words.ask, words.necessity, words.refuse]
            for words in (asked.zh, asked.en, opened.zh, opened.en)
        ]
        body = json.dumps([self.version, purpose, data_class, shown], ensure_ascii=False)
        return hashlib.sha256(body.encode()).hexdigest()


def _english() -> bool:
    return (get_language() or "zh-hans").startswith("en")


@cache
def all_texts() -> dict[str, Texts]:
    """Return every version that was ever shown, the oldest first."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.base.consent") / "data/consents.yaml").read_text("utf-8")
    )
    return {body["version"]: _version(body) for body in raw["versions"]}


def _version(body: dict[str, Any]) -> Texts:
    classes = {
        name: DataClass(name, one["sensitive"], Words(**one["zh"]), Words(**one["en"]))
        for name, one in body["classes"].items()
    }
    purposes = {
        name: Purpose(
            name=name,
            basis=one["basis"],
            classes=tuple(c for c in one["classes"] if c in FIELD_CLASSES and c in classes),
            recipient_roles=frozenset(one["recipient_roles"]),
            recipients=frozenset(one["recipients"]),
            longest_days=one["longest_days"],
            zh=Words(**one["zh"]),
            en=Words(**one["en"]),
        )
        for name, one in body["purposes"].items()
    }
    return Texts(body["version"], body["from"], purposes, classes)


def texts_at(at: datetime) -> Texts:
    """Return the version in force at a moment: the newest that had begun by the local day."""
    today = timezone.localdate(at)
    versions = list(all_texts().values())
    return next((one for one in reversed(versions) if one.since <= today), versions[0])


def version_of(name: str) -> Texts:
    """Return one version, the newest for a name that nobody knows (to show an old record)."""
    versions = all_texts()
    return versions.get(name) or list(versions.values())[-1]


def purpose_for_consent(texts: Texts, name: str) -> Purpose:
    """Return a purpose that a person may agree to. Raises UnknownPurpose."""
    purpose = texts.purposes.get(name)
    if purpose is None or not purpose.is_optional:
        raise UnknownPurpose(field="purpose", given=name[:40])
    return purpose
