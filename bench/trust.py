"""trust: cost of encryption, row-level security and read audit on pages. Keys: *_ms, *_ratio.

One process of the product's own asks for the pages of a person (now: with readings; contacts: with
what is sealed) in the county of `bench web`, each time in all five ways in random order: with
nothing of the three, with each alone, with all. Medians.
"""

from __future__ import annotations

import msgspec

from bench.house import house
from bench.options import Options
from bench.web import THOUSANDS, county

ROUNDS = 150


def run(options: Options) -> dict[str, float]:
    """Measure; keys as the first line of the module says. devices: rounds."""
    count = round((options.scale or THOUSANDS) * 1000)
    keep = options.state / f"web-{count}"
    keep.mkdir(parents=True, exist_ok=True)
    with house(keep) as bench:
        found = county(bench, keep / "built", count, options)
        options.say("the person page in five ways")
        persons = ",".join(found.persons)
        rounds = str(options.devices or ROUNDS)
        said = bench.django("bench.trust_pages", found.operator, persons, rounds)
    figures = msgspec.json.decode(said.splitlines()[-1], type=dict[str, float])
    return {"persons": count, **figures}
