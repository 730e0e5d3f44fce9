"""`python -m bench.trust_pages COOKIE PERSONS ROUNDS`: two pages with and without walls."""

from __future__ import annotations

import random
import statistics
import sys
import time
from typing import Any, cast

import django
import msgspec

WARM = 10
# What is on in each way: row-level security, the audit of reads, opening what is sealed.
WAYS = {
    "plain": frozenset[str](),
    "wall": frozenset({"wall"}),
    "audit": frozenset({"audit"}),
    "vault": frozenset({"vault"}),
    "all": frozenset({"wall", "audit", "vault"}),
}


class Switches:
    """Turns the three off and on in this process, by the names that the product calls."""

    def __init__(self) -> None:
        from django.db import connection

        from songhe.base import vault
        from songhe.base.audit import services as audit
        from songhe.base.database.base import DatabaseWrapper

        self._vault, self._audit = vault, audit
        self._unseal, self._record = vault.unseal, audit.record_reads
        self._database = cast(DatabaseWrapper, connection)
        self._known: dict[bytes, str] = {}

    def _plain(self, sealed: Any, **place: Any) -> str:
        """Give the text as a plain column would: what was opened once is known."""
        key = bytes(sealed)
        if key not in self._known:
            self._known[key] = self._unseal(sealed, **place)
        return self._known[key]

    def turn(self, on: frozenset[str]) -> None:
        """Make the next page one of this way; what the turning takes is outside the page."""
        from songhe.base.database.roles import APP

        self._database.wall(APP if "wall" in on else None)
        self._database.handed_out()  # as from the pool
        self._vault.unseal = self._unseal if "vault" in on else self._plain
        skip = self._record if "audit" in on else lambda **_: None
        self._audit.record_reads = skip


def compared(client: Any, switches: Switches, paths: list[str], rounds: int) -> dict[str, float]:
    """Return the medians of the ways (ms), and of each page's ratio to itself in the plain way."""
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(rounds + WARM):
        path, order = paths[number % len(paths)], list(WAYS)
        random.shuffle(order)
        for way in order:
            switches.turn(WAYS[way])
            begun_s = time.perf_counter()
            response = client.get(path)
            spent_s = time.perf_counter() - begun_s
            if response.status_code != 200:
                raise SystemExit(f"{path}: {response.status_code} in the way {way}")
            if number >= WARM:
                took[way].append(spent_s * 1000)
    figures = {f"{way}_ms": statistics.median(times) for way, times in took.items()}
    plain = took.pop("plain")
    return figures | {
        f"{way}_ratio": statistics.median([a / b for a, b in zip(times, plain, strict=True)])
        for way, times in took.items()
    }


def main(cookie: str, persons: str, rounds: int) -> None:
    """Print what both pages cost as JSON."""
    django.setup()
    from django.test import Client

    switches, client = Switches(), Client(SERVER_NAME="localhost")
    name, _, value = cookie.partition("=")
    client.cookies[name] = value
    figures: dict[str, float] = {}
    for page, rest in (("person", ""), ("contacts", "contacts/")):
        paths = [f"/people/{person}/{rest}" for person in persons.split(",")]
        found = compared(client, switches, paths, rounds)
        figures |= {f"{page}_{key}": value for key, value in found.items()}
    print()
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
