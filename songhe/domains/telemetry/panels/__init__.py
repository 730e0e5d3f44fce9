"""Panels of telemetry for the person page, and their words for portals."""

from songhe.domains.telemetry.panels.charts import charts_panel, days_of, window_of
from songhe.domains.telemetry.panels.day import day_panel, plan_panel
from songhe.domains.telemetry.panels.track import track_panel
from songhe.domains.telemetry.panels.vitals import Vital, now_panel, vitals, when_words

__all__ = [
    "Vital",
    "charts_panel",
    "day_panel",
    "days_of",
    "now_panel",
    "plan_panel",
    "track_panel",
    "vitals",
    "when_words",
    "window_of",
]
