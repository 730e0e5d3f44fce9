"""Terms of telemetry: classes of codes, how old a value may be, words for flags and reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from songhe.kernel import codes
from songhe.kernel.wire import Flag

VIEW_READINGS = "telemetry.view_readings"
VOID_READING = "telemetry.void_reading"
VIEW_LETTERS = "telemetry.view_dead_letters"
HANDLE_LETTER = "telemetry.replay_dead_letter"
VIEW_OLD_DAYS = "telemetry.view_old_days"
KEEP_OLD_DAYS = "telemetry.keep_old_days"
VIEW_REGIONS = "telemetry.view_regions"
DESTROY_READINGS = "telemetry.destroy_readings"
# Jobs that read and rewrite old days run one after the other, the nightly destruction among them.
OLD_DAYS_LOCK = "telemetry.old_days"

HOUR_S = 3600
DAY_S = 24 * HOUR_S

_HOME = frozenset(
    {
        "bed",
        "motion",
        "door",
        "smoke",
        "gas",
        "water-leak",
        "power",
        "item-use",
        "vibration",
        "tamper",
        "room-temperature",
        "humidity",
        "illuminance",
        "thermal-array",
        "radar-points",
    }
)
_LOCATION = frozenset({"lat", "lon", "accuracy", "speed", "sighting"})
_DEVICES = frozenset({"battery", "rssi", "link-quality", "snr"})

# Steps that a device counted itself, and those that were counted from its motion.
STEPS = ("steps", "steps-felt")

# Values that come once a day or less: by their device's rhythm alone they would look stale.
_DAILY_FRESH_S = {
    "sleep": 26 * HOUR_S,
    "sleep-deep": 26 * HOUR_S,
    "sleep-light": 26 * HOUR_S,
    "sleep-rem": 26 * HOUR_S,
    "steps": 26 * HOUR_S,
    "steps-felt": 26 * HOUR_S,
    "cadence": 26 * HOUR_S,
    "active-minutes": 26 * HOUR_S,
    "weight": 7 * DAY_S,
    "body-fat": 7 * DAY_S,
    "bmi": 7 * DAY_S,
    "height": 365 * DAY_S,
}
_SPOT_FRESH_S = DAY_S
_SPOT_KNOWN_S = 3 * DAY_S


class Rhythm(Protocol):
    """What a type of device tells of how often it speaks."""

    @property
    def expected_interval_s(self) -> int | None: ...
    @property
    def silent_after_s(self) -> int: ...


class Freshness(StrEnum):
    """How far a last value may be taken for the present one (engineering, status E)."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"


def class_of(code: codes.Code) -> str:
    """Return the class of fields that a code belongs to, for masking."""
    if code.key in _HOME:
        return "home"
    if code.key in _LOCATION:
        return "location"
    return "devices" if code.key in _DEVICES else "health"


def age_limits_s(code: codes.Code, kind: Rhythm | None) -> tuple[int, int]:
    """Return (fresh, known): seconds after which a value is stale, then unknown.

    Three missed reports of a device that speaks by itself make a value stale, its type's silence
    makes it unknown; a device that speaks when used is fresh for a day.
    """
    if kind is None:
        fresh_s, known_s = _SPOT_FRESH_S, _SPOT_KNOWN_S
    elif kind.expected_interval_s is None:
        fresh_s, known_s = _SPOT_FRESH_S, kind.silent_after_s
    else:
        fresh_s, known_s = 3 * kind.expected_interval_s, kind.silent_after_s
    daily_s = _DAILY_FRESH_S.get(code.key)
    if daily_s is not None:
        return daily_s, max(2 * daily_s, known_s)
    return min(fresh_s, known_s), known_s


def freshness(code: codes.Code, kind: Rhythm | None, age_s: float) -> Freshness:
    """Return what an age makes of the last value of a code from a type of device."""
    fresh_s, known_s = age_limits_s(code, kind)
    if age_s > known_s:
        return Freshness.UNKNOWN
    return Freshness.STALE if age_s > fresh_s else Freshness.FRESH


class LetterState(models.TextChoices):
    """What became of a dead letter."""

    NEW = "new", pgettext_lazy("letter", "to be looked at")
    REPLAY = "replay", pgettext_lazy("letter", "being replayed")
    REPLAYED = "replayed", pgettext_lazy("letter", "replayed")
    DISMISSED = "dismissed", pgettext_lazy("letter", "put aside")


class Work(models.TextChoices):
    """What is done with old days."""

    SEAL = "seal", _("Sealing")
    REGIONS = "regions", _("Roll-up of regions")
    DESTROY = "destroy", _("Destroying what is out of time")


class RunState(models.TextChoices):
    """How a run stands. Stopped and left runs are gone on with by the next one."""

    RUNNING = "running", pgettext_lazy("run", "running")
    DONE = "done", pgettext_lazy("run", "done")
    STOPPED = "stopped", pgettext_lazy("run", "stopped")
    WAITING = "waiting", pgettext_lazy("run", "put off")
    LEFT = "left", pgettext_lazy("run", "broken off")
    FAILED = "failed", pgettext_lazy("run", "failed")


KEPT_WORDS: dict[str, Promise] = {
    "health": _("Readings of health"),
    "home": _("Readings of the home"),
    "location": _("Positions"),
    "devices": _("Readings of devices"),
    "hours": _("Hours of a person (roll-up)"),
    "days": _("Days of a person (roll-up)"),
    "regions": _("Counts of regions"),
    "waveforms": _("Waveforms"),
    "dead_letters": _("Messages not taken"),
    "voided": _("Voided readings"),
}


def in_english() -> bool:
    """Tell whether the reader's language is English."""
    return (get_language() or "").startswith("en")


FLAG_WORDS: dict[Flag, Promise] = {
    Flag.LATE: pgettext_lazy("reading", "late"),
    Flag.ADJUSTED: pgettext_lazy("reading", "clock corrected"),
    Flag.RESTAMPED: pgettext_lazy("reading", "repeated time stamp"),
    Flag.FUTURE: pgettext_lazy("reading", "slightly ahead"),
    Flag.REPLAYED: pgettext_lazy("reading", "replayed"),
    Flag.WELLNESS: pgettext_lazy("reading", "wellness device"),
}


def flag_words(flags: int) -> list[str]:
    """Return the words of a reading's flags."""
    return [str(words) for flag, words in FLAG_WORDS.items() if flags & flag]


REASON_WORDS: dict[str, Promise] = {
    "not-json": _("not JSON"),
    "bad-shape": _("not the agreed shape"),
    "unknown-code": _("unknown code"),
    "bad-unit": _("unit does not fit"),
    "bad-value": _("not a value"),
    "implausible": _("impossible value"),
    "too-old": _("older than 92 days"),
    "future": _("from the future"),
    "too-large": _("too large"),
    "not-your-topic": _("another device's topic"),
    "unknown-topic": _("unknown topic"),
    "unknown-name": _("a name that nobody registered"),
    "unbound": _("device serves nobody"),
    "rate-limited": _("too many messages"),
}


def reason_word(reason: str) -> str:
    """Return the words of a dead letter's reason; an unknown reason is shown as it is."""
    return str(REASON_WORDS.get(reason, reason))


# How people write the units of kernel/data/codes.yaml (UCUM): the symbol that Chinese and English
# share (GB 3100), or a word of each. A unit that is missing here fails a test.
_UNITS: dict[str, Promise | str] = {
    "%": "%",
    "/min": _("/min"),
    "1": "",
    "Cel": "°C",
    "L/min": "L/min",
    "Ohm": "Ω",
    "W": "W",
    "[ppm]": "ppm",
    "cm": "cm",
    "dB": "dB",
    "dB/MHz": "dB/MHz",
    "dB[mW]": "dBm",
    "deg": "°",
    "deg/s": "°/s",
    "g/cm2": "g/cm²",
    "hPa": "hPa",
    "kPa": "kPa",
    "kcal": pgettext_lazy("unit", "kcal"),
    "kcal/d": pgettext_lazy("unit", "kcal a day"),
    "kg": "kg",
    "kg/m2": "kg/m²",
    "lx": pgettext_lazy("unit", "lux"),
    "m": "m",
    "m/s": "m/s",
    "m/s2": "m/s²",
    "mV": "mV",
    "min": _("min"),
    "mm[Hg]": "mmHg",
    "mmol/L": "mmol/L",
    "mmol/L/min": pgettext_lazy("unit", "mmol/L a minute"),
    "ms": "ms",
    "uT": "µT",
}


def unit_words(code: codes.Code) -> str:
    """Return the unit of a code as people write it, "" for none."""
    if code.key in STEPS:
        return str(_("steps"))
    if code.key == "cadence":
        return str(_("steps/min"))
    return str(_UNITS[code.unit])


def code_name(code: codes.Code) -> str:
    """Return a code's name in the reader's language."""
    return code.en if in_english() else code.zh
