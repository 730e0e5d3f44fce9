"""Reading readings, actor first: last values, series, the home's day, evidence, dead letters."""

from songhe.domains.telemetry.selectors.home import (
    HomeDay,
    HomeEvent,
    RoomDay,
    Stretch,
    day_picture,
    home_events,
)
from songhe.domains.telemetry.selectors.latest import (
    Baseline,
    LatestValue,
    baseline,
    baselines,
    latest_of,
)
from songhe.domains.telemetry.selectors.letters import (
    LetterView,
    NoSuchLetter,
    get_letter,
    list_letters,
)
from songhe.domains.telemetry.selectors.series import (
    Sample,
    Series,
    StoredReading,
    VoidedReading,
    key_text,
    lines_of,
    parse_key,
    readings_by_keys,
    readings_of,
    series,
    voided_by_keys,
)

__all__ = [
    "Baseline",
    "HomeDay",
    "HomeEvent",
    "LatestValue",
    "LetterView",
    "NoSuchLetter",
    "RoomDay",
    "Sample",
    "Series",
    "StoredReading",
    "Stretch",
    "VoidedReading",
    "baseline",
    "baselines",
    "day_picture",
    "get_letter",
    "home_events",
    "key_text",
    "latest_of",
    "lines_of",
    "list_letters",
    "parse_key",
    "readings_by_keys",
    "readings_of",
    "series",
    "voided_by_keys",
]
