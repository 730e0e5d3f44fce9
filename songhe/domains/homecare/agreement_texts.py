"""Texts of agreements, by version and language; what was signed is known by the text's digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language

from songhe.domains.homecare.params import params


@dataclass(frozen=True, slots=True)
class AgreementText:
    """One text in one language (zh, en)."""

    version: str
    language: str
    title: str
    paragraphs: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of version, language, title and paragraphs, a line each (UTF-8)."""
        lines = (self.version, self.language, self.title, *self.paragraphs)
        return hashlib.sha256("\n".join(lines).encode()).digest()


def text_now() -> AgreementText:
    """Return the text that is signed now, in the reader's language."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    return _texts(params()["agreement"]["terms"])[language]


def text_of(version: str, digest: bytes) -> AgreementText | None:
    """Return the text that was signed, None where it does not lie here any more."""
    try:
        known = _texts(version)
    except FileNotFoundError:
        return None
    return next((one for one in known.values() if one.digest == bytes(digest)), None)


@cache
def _texts(version: str) -> dict[str, AgreementText]:
    place = files("songhe.domains.homecare") / "data" / "agreements" / f"{version}.yaml"
    data: dict[str, Any] = yaml.safe_load(place.read_text("utf-8"))
    return {
        language: AgreementText(
            version, language, data[language]["title"], tuple(data[language]["paragraphs"])
        )
        for language in ("zh", "en")
    }
