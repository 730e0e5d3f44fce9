"""Panels of telemetry for the person page, and their words for portals."""

from songhe.domains.telemetry.panels.charts import charts_panel
from songhe.domains.telemetry.panels.day import day_of, day_panel, plan_panel
from songhe.domains.telemetry.panels.evidence import WaveMark, draw_waves
from songhe.domains.telemetry.panels.reads import (
    AWAY_SLOT,
    LIMITS_SLOT,
    MARKS_SLOT,
    Away,
    Holding,
    Mark,
    packaged_rules,
)
from songhe.domains.telemetry.panels.track import track_panel
from songhe.domains.telemetry.panels.vitals import Vital, now_panel, vitals, when_words
from songhe.domains.telemetry.panels.waves import waves_panel

__all__ = [
    "AWAY_SLOT",
    "LIMITS_SLOT",
    "MARKS_SLOT",
    "Away",
    "Holding",
    "Mark",
    "Vital",
    "WaveMark",
    "charts_panel",
    "day_of",
    "day_panel",
    "draw_waves",
    "now_panel",
    "packaged_rules",
    "plan_panel",
    "track_panel",
    "vitals",
    "waves_panel",
    "when_words",
]
