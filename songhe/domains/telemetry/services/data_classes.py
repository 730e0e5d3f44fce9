"""The terms of kept.yaml as classes of data of base.retention, and who destroys them."""

from __future__ import annotations

from django.utils import translation

from songhe.base.retention.classes import DataClass
from songhe.base.retention.handlers import Handler
from songhe.domains.telemetry.services import retention
from songhe.domains.telemetry.terms import KEPT_WORDS

NAME = "telemetry"
_AFTER = {"en": "after the day of the measurement", "zh": "自测量当日起"}
_TABLES: dict[str, tuple[str, ...]] = {
    "hours": ("reading_hour",),
    "days": ("reading_month",),
    "regions": ("region_hour", "region_day"),
    "waveforms": ("waveform",),
    "dead_letters": ("dead_letter",),
    "voided": ("voided_reading",),
}
_READINGS = ("reading_hot", "reading_day")


def data_classes() -> list[DataClass]:
    """Return a class for each term, in the order of the file."""
    return [
        DataClass(
            name=name,
            en=_words(term.name, "en"),
            zh=_words(term.name, "zh-hans"),
            after=_AFTER,
            why={"en": term.en, "zh": term.zh},
            way="destroy" if term.days else "never",
            days=term.days,
            source=term.source,
            status=term.status,
            handler=NAME,
            tables=_TABLES.get(term.name, _READINGS),
            can_be_set=False,
        )
        for name, term in retention.terms_by_class().items()
    ]


def _words(name: str, language: str) -> str:
    with translation.override(language):
        return str(KEPT_WORDS[name])


HANDLER = Handler(NAME, retention.find, retention.destroy, data_classes)
