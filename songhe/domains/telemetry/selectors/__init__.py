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
    latest_of_persons,
    opened,
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
    sums_of,
    voided_by_keys,
)
from songhe.domains.telemetry.selectors.stored import stream

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
    "latest_of_persons",
    "lines_of",
    "list_letters",
    "opened",
    "parse_key",
    "readings_by_keys",
    "readings_of",
    "series",
    "stream",
    "sums_of",
    "voided_by_keys",
]
