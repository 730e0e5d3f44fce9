"""trial: seconds to try a rule on 30 days of 300 persons, and of one. Keys: *_s, readings, raised.

--devices: how many persons; --scale: minutes between two messages of a person.
"""

from __future__ import annotations

import msgspec

from bench.house import Login, house
from bench.options import Options

PERSONS = 300
MINUTES = 5.0
DAYS = 30
# One message of five values every so many minutes; one in 500 has a dangerous pressure.
_DAY = """
INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint, received_at,
                         codes, vals, flags, person)
SELECT 1, w.person, w.device, t, 7, t + interval '1 second', '{1,2,4,6,7}'::smallint[],
       ARRAY[120 + 20 * sin(n) + CASE WHEN (n * 7919) %% 97 = 5 THEN 60 ELSE 0 END,
             75, 70 + 10 * cos(n), 97, 36.5]::float8[], 0, w.person
  FROM unnest(%s::uuid[], %s::uuid[]) AS w(person, device),
       LATERAL (SELECT t, (extract(epoch FROM t) / 60)::bigint AS n
                  FROM generate_series(%s::timestamptz, %s::timestamptz, %s::interval) AS t) s
"""
_SILENT = "device-silent"


def _fill(url: str, logins: list[Login], minutes: float, options: Options) -> int:
    import psycopg

    persons = [login.person for login in logins]
    devices = [login.id for login in logins]
    stored = 0
    with psycopg.connect(url, autocommit=True) as database:
        for day in range(DAYS + 2, 0, -1):
            begin, end = database.execute(
                "SELECT now() - make_interval(days => %s),"
                " now() - make_interval(days => %s) - interval '1 second'", (day, day - 1)
            ).fetchone() or (None, None)  # fmt: skip
            for one in (begin, end):
                database.execute("SELECT ensure_reading_day((%s AT TIME ZONE 'UTC')::date)", (one,))
            step = f"{minutes} minutes"
            stored += database.execute(_DAY, (persons, devices, begin, end, step)).rowcount
        database.execute("ANALYZE reading_hot")
    options.say(f"{stored:,} messages of {DAYS + 2} days stored")
    return stored


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says."""
    persons = options.devices or PERSONS
    minutes = options.scale or MINUTES
    with house() as bench:
        options.say(f"a county with {persons} persons")
        logins = bench.county(persons)
        messages = _fill(bench.url, logins, minutes, options)
        found: dict[str, float] = {"persons": persons, "days": DAYS, "messages": messages}
        for name, rule, scope in (
            ("all", "bp-critical", "*"),
            ("one", "bp-critical", f"person:{logins[0].person}"),
            ("all_silent", _SILENT, "*"),
        ):
            said = bench.django("bench.trial_run", rule, scope)
            took = msgspec.json.decode(said.splitlines()[-1], type=dict[str, float])
            options.say(f"{rule} for {name}: {took['seconds']:.1f} s")
            found |= {f"{name}_{key}": value for key, value in took.items()}
    return found
