"""Device types as data: what they measure, how often they speak, what they can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language

from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kernel.signals.mounting import Fact, facts_of


class UnknownDeviceType(Invalid):
    code = "devices.unknown_type"
    message = "There is no device type %(type)s."


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One type. Intervals in seconds; None means that it speaks only when it is used.

    format: the language that it speaks beside our own; carries: whether it speaks for others.
    """

    code: str
    klass: str
    zh: str
    en: str
    icon: str
    measures: tuple[codes.Code, ...]
    medical: bool
    on: str
    silent_after_s: int
    expected_interval_s: int | None = None
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: dict[str, tuple[float, float]] = field(default_factory=dict)
    format: str = "songhe"
    carries: bool = False

    @property
    def mounting(self) -> dict[str, Fact]:
        """Return what is to be known of how a device of this type hangs; empty for most."""
        return facts_of(code.number for code in self.measures)

    @property
    def name(self) -> str:
        """Return the type's name in the reader's language."""
        return self.en if (get_language() or "").startswith("en") else self.zh


@cache
def all_types() -> dict[str, DeviceType]:
    """Return every device type by code."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.domains.devices") / "data/types.yaml").read_text("utf-8")
    )
    return {
        row["code"]: DeviceType(
            code=row["code"],
            klass=row["class"],
            zh=row["zh"],
            en=row["en"],
            icon=row["icon"],
            measures=tuple(codes.by_code(code) for code in row["measures"]),
            medical=row["medical"],
            on=row["on"],
            silent_after_s=row["silent_after_s"],
            expected_interval_s=row.get("expected_interval_s"),
            commands={name: tuple(args) for name, args in row.get("commands", {}).items()},
            settings={name: tuple(span) for name, span in row.get("settings", {}).items()},
            format=row.get("format", "songhe"),
            carries=row.get("carries", False),
        )
        for row in raw["types"]
    }


def get_type(code: str) -> DeviceType:
    """Return one device type; raises UnknownDeviceType."""
    known = all_types()
    if code not in known:
        raise UnknownDeviceType(type=code)
    return known[code]
