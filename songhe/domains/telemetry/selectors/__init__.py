"""Reading readings, actor first: last values, series, the home's day, evidence, dead letters."""

from songhe.domains.telemetry.selectors.courses import Bucket, courses_of
from songhe.domains.telemetry.selectors.daily import Daily, daily_of, measured_since
from songhe.domains.telemetry.selectors.home import (
    HomeDay,
    HomeEvent,
    RoomDay,
    Stretch,
    day_picture,
    home_events,
    hours_picture,
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
from songhe.domains.telemetry.selectors.listing import (
    StoredReading,
    VoidedReading,
    key_text,
    parse_key,
    readings_by_keys,
    readings_of,
    voided_by_keys,
)
from songhe.domains.telemetry.selectors.newest import newest_of
from songhe.domains.telemetry.selectors.old_days import (
    OldDays,
    TermLine,
    figures,
    old_days,
    sealed_days,
)
from songhe.domains.telemetry.selectors.regions import (
    RegionStep,
    region_days,
    region_hours,
)
from songhe.domains.telemetry.selectors.series import (
    Sample,
    Series,
    lines_of,
    series,
    sums_of,
)
from songhe.domains.telemetry.selectors.shown_waves import ShownWaves, is_wave, waves_by_keys
from songhe.domains.telemetry.selectors.stored import stream

__all__ = [
    "Baseline",
    "Bucket",
    "Daily",
    "HomeDay",
    "HomeEvent",
    "LatestValue",
    "LetterView",
    "NoSuchLetter",
    "OldDays",
    "RegionStep",
    "RoomDay",
    "Sample",
    "Series",
    "ShownWaves",
    "StoredReading",
    "Stretch",
    "TermLine",
    "VoidedReading",
    "baseline",
    "baselines",
    "courses_of",
    "daily_of",
    "day_picture",
    "figures",
    "get_letter",
    "home_events",
    "hours_picture",
    "is_wave",
    "key_text",
    "latest_of",
    "latest_of_persons",
    "lines_of",
    "list_letters",
    "measured_since",
    "newest_of",
    "old_days",
    "opened",
    "parse_key",
    "readings_by_keys",
    "readings_of",
    "region_days",
    "region_hours",
    "sealed_days",
    "series",
    "stream",
    "sums_of",
    "voided_by_keys",
    "waves_by_keys",
]
