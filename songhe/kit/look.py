"""The look a person chose: theme, mode, text size, contrast, density; kept in cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("", "light", "dark"),
    "mode": ("", "elder"),
    "text": ("", "1.25", "1.5", "1.75"),
    "contrast": ("", "more"),
    "density": ("", "dense"),
}
COOKIE_PREFIX = f"{settings.COOKIE_PREFIX}songhe_"
LANGUAGE_COOKIE = f"{COOKIE_PREFIX}language"
KEEP_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Look:
    """One value a switch; "" means that the system's wish or the page's own habit decides."""

    theme: str = ""
    mode: str = ""
    text: str = ""
    contrast: str = ""
    density: str = ""

    @classmethod
    def from_cookies(cls, cookies: Mapping[str, str]) -> Look:
        """Return the look that the cookies ask for; an unknown value counts as not chosen."""
        asked = {name: cookies.get(COOKIE_PREFIX + name, "") for name in CHOICES}
        return cls(**{name: v if v in CHOICES[name] else "" for name, v in asked.items()})

    @property
    def attributes(self) -> SafeString:
        """Return the attributes for <html>, all but density, which a page may have its own of."""
        theme = self.theme or ("light" if self.contrast else "")
        given = {"theme": theme, "mode": self.mode, "text": self.text, "contrast": self.contrast}
        return format_html_join("", ' data-{}="{}"', [(n, v) for n, v in given.items() if v])
