"""What every page is given: actor, menu, look, live stream, the lit crown, language, clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

from songhe.kit import slots
from songhe.kit.look import Look
from songhe.kit.screens import MenuEntry, menu_for, screen_of

LIVE_TICKET_PATH = "/live/ticket/"
DEFAULT_SECTION = "desk"
TOOLS_SECTION = "tools"
HTML_LANGUAGES = {"zh-hans": "zh-CN", "en": "en"}


@dataclass(frozen=True, slots=True)
class ShownEntry:
    """A menu entry with whether it is the page that is open."""

    entry: MenuEntry
    current: bool


class Page:
    """The frame of one page. Every part is worked out when a template first asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def actor(self) -> Any:
        """Return the signed-in actor, or None."""
        actor = getattr(self.request, "actor", None)
        return actor if actor is not None and actor.is_authenticated else None

    @cached_property
    def look(self) -> Look:
        look = getattr(self.request, "look", None)
        return look if isinstance(look, Look) else Look()

    @cached_property
    def section(self) -> str:
        here = screen_of(self.request)
        section = here.section if here else None
        return DEFAULT_SECTION if section in {None, TOOLS_SECTION} else str(section)

    @cached_property
    def menu(self) -> list[ShownEntry]:
        return self._shown(self.section)

    @cached_property
    def tools(self) -> list[ShownEntry]:
        return self._shown(TOOLS_SECTION)

    def _shown(self, section: str) -> list[ShownEntry]:
        if self.actor is None:
            return []
        entries = menu_for(self.actor, section)
        path = self.request.path
        urls = [entry.url for entry in entries]
        fits = [u for u in urls if path == u or (u != "/" and path.startswith(u))]
        here = max(fits, key=len, default=None)
        return [ShownEntry(entry, entry.url == here) for entry in entries]

    @cached_property
    def alarms_lit(self) -> bool:
        """Tell whether a high-priority alarm that this actor may see stands unacknowledged."""
        return self.actor is not None and any(slots.values("page.alarms_lit", self.request))

    @cached_property
    def place(self) -> str:
        """Return the words of where the actor works (slot page.place), "" when nobody says."""
        said = slots.values("page.place", self.request) if self.actor is not None else []
        return next((str(s) for s in said if s), "")

    @cached_property
    def live_port(self) -> int | None:
        """Return the port of the event stream; None for those who are not signed in."""
        return settings.LIVE_PORT if self.actor is not None else None

    live_ticket = LIVE_TICKET_PATH

    @cached_property
    def language(self) -> str:
        return translation.get_language() or settings.LANGUAGE_CODE

    @cached_property
    def html_lang(self) -> str:
        return HTML_LANGUAGES.get(self.language, self.language)

    @cached_property
    def other_languages(self) -> list[tuple[str, str, str]]:
        """Return (code, own name, HTML language) of the languages that are not on."""
        return [
            (code, name, HTML_LANGUAGES.get(code, code))
            for code, name in settings.LANGUAGES
            if code != self.language
        ]

    @cached_property
    def now(self) -> datetime:
        return timezone.localtime()

    @cached_property
    def here(self) -> str:
        return self.request.get_full_path()


def page(request: HttpRequest) -> dict[str, Page]:
    """Context processor: `page` for the templates."""
    return {"page": Page(request)}
