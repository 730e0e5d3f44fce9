"""Addresses of every screen and who of the demo's cast opens it: for the crawl and the pictures."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from django.urls import reverse

from songhe.base.access.roles import all_roles
from songhe.kit.screens import all_screens

if TYPE_CHECKING:
    from songhe.kit.screens import Screen

# Logins of the cast with their roles, in this order of preference.
WHO = (
    ("sun", "operator"),
    ("leader", "shift_leader"),
    ("keeper", "device_keeper"),
    ("qian", "regulator"),
    ("zhao", "clinician"),
    ("registrar", "registrar"),
    ("auditor", "auditor"),
    ("officer", "privacy_officer"),
    ("chenxiulan", "elder"),
    ("chenwei", "family"),
    ("admin", "admin"),
    ("manager", "provider_manager"),
    ("liu", "worker"),
    ("clerk", "payer"),
)
# Screens of which the first in that order may not see the thing that stands in the address.
BETTER = {
    "billing:person": "chenxiulan",
    "subsidies:person": "chenxiulan",
    "homecare:assess": "manager",
    "homecare:visit": "manager",
}
PARAMETERS = {
    "job": "2000000000",
    "rule": "bp-critical",
    "rule_id": "bp-critical",
    "code": "sbp",
    "chart": "blood-pressure",
    "wave": "ecg",
    "region": "990121001",
    "day": "2026-11-21",
    "kind": "sbp",
    "request_kind": "copy",
    "data_class": "alarms",
    "topic": "living",
    "item": "talk-read",
    "move": "pause",
}

NOBODY = "00000000-0000-0000-0000-000000000000"  # what is not given is not found
OF_A_SCOPE = {
    "monitoring:change_rule",
    "monitoring:pick_rule",
    "monitoring:try_rule",
    "monitoring:revert_rule",
}


def screens() -> list[Screen]:
    """Return every screen once, by name."""
    return sorted({screen.name: screen for screen in all_screens()}.values(), key=lambda s: s.name)


def who_may(screen: Screen) -> str:
    """Return the login of the first of the cast whose role opens a screen; "" for public ones."""
    if screen.public or screen.action is None:
        return ""
    if screen.name in BETTER:
        return BETTER[screen.name]
    return next(login for login, role in WHO if all_roles()[role].carries(screen.action))


@dataclass(frozen=True)
class Things:
    """What stands in addresses: one id of each kind; key names a reading of the person.

    under: the id by what a route holds, where routes say `<uuid:id>` of many kinds of things.
    """

    person: str
    device: str
    alarm: str
    letter: str
    home: str
    room: str
    organization: str
    key: str
    absence: str = NOBODY
    trial: str = NOBODY
    run: str = NOBODY
    request: str = NOBODY
    contact: str = NOBODY
    record: str = NOBODY
    recipient: str = NOBODY
    paper: str = NOBODY
    emergency: str = NOBODY
    guardianship: str = NOBODY
    staff: str = NOBODY
    role: str = NOBODY
    user: str = NOBODY
    gone: str = NOBODY
    merge: str = NOBODY
    hold: str = NOBODY
    destruction: str = NOBODY
    purpose: str = "family"
    under: dict[str, str] = field(default_factory=dict)

    def address(self, screen: Screen) -> str:
        """Return a screen's address for these things."""
        values: dict[str, str] = {}
        for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", screen.route):
            values[name] = self._value(converter, name, screen)
        return reverse(screen.name, kwargs=values) + self._query(screen)

    def _value(self, converter: str, name: str, screen: Screen) -> str:
        known = asdict(self)
        stem = name.removesuffix("_id")
        if stem in known:
            return str(known[stem])
        if stem == "import":  # a run is its asker's alone
            return NOBODY
        for part, thing in self.under.items():
            if part == stem or (stem == "id" and part in screen.route):
                return thing
        if converter == "uuid":  # a bare id: the route or the name says of what
            words = f"{screen.route} {screen.name}"
            kind = next((kind for kind in known if kind in words), "")
            return str(known.get(kind, NOBODY))
        return PARAMETERS.get(name, NOBODY)

    def _query(self, screen: Screen) -> str:
        """Return what a screen must be asked with to be a page."""
        if screen.name in OF_A_SCOPE:
            return f"?rule={PARAMETERS['rule']}&scope=person:{self.person}&to=0"
        return ""
