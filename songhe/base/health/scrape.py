"""Asking a process for its measures, and reading them."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 3.0
Buckets = list[tuple[float, float]]


@dataclass(slots=True)
class Measures:
    """The samples of one /metrics: (name, labels) to value."""

    samples: list[tuple[str, dict[str, str], float]] = field(default_factory=list)

    def total(self, name: str, **labels: str) -> float | None:
        """Return the sum of a name over all its labels; None when it is not there."""
        found = [
            value
            for one, has, value in self.samples
            if one == name and all(has.get(key) == wanted for key, wanted in labels.items())
        ]
        return sum(found) if found else None

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums of a name by one label."""
        found: dict[str, float] = {}
        for one, has, value in self.samples:
            if one == name and label in has:
                found[has[label]] = found.get(has[label], 0.0) + value
        return found

    def buckets(self, name: str) -> Buckets:
        """Return a histogram's cumulative counts by upper limit, over all its labels."""
        sums: dict[float, float] = {}
        for limit, count in self.by(f"{name}_bucket", "le").items():
            sums[float(limit)] = count
        return sorted(sums.items())

    def label(self, name: str, label: str) -> str:
        """Return the label of a name's first sample, "" when it is not there."""
        return next((has[label] for one, has, _ in self.samples if one == name), "")


def read(text: str) -> Measures:
    """Return the measures of a text in Prometheus' format."""
    found = Measures()
    for family in text_string_to_metric_families(text):
        found.samples += [(one.name, dict(one.labels), float(one.value)) for one in family.samples]
    return found


def ask(host: str, port: int, token: str, *, tls: bool) -> Measures | None:
    """Return a process's measures; None when it does not answer, or refuses."""
    connection: http.client.HTTPConnection
    if tls:  # we ask ourselves: whose name is on the paper is no matter
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        connection.request("GET", "/metrics", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return read(text) if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def grown(now: float | None, before: float | None) -> float | None:
    """Return by how much a counter grew; one that became smaller began anew from 0."""
    if now is None or before is None:
        return None
    return now - before if now >= before else now


def grown_buckets(now: Sequence[Sequence[float]], before: Sequence[Sequence[float]]) -> Buckets:
    """Return what came into each bucket (cumulative) since the sample before."""
    earlier = {limit: count for limit, count in before}
    began_anew = any(count < earlier.get(limit, 0.0) for limit, count in now)
    return [(limit, count - (0.0 if began_anew else earlier.get(limit, 0.0)))
            for limit, count in now]  # fmt: skip


def quantile(buckets: Buckets, part: float) -> float | None:
    """Return a quantile of a cumulative histogram, linear within its bucket; None when empty.

    What lies above the last limit is told as that limit.
    """
    if not buckets or buckets[-1][1] <= 0:
        return None
    wanted = buckets[-1][1] * part
    for (low, under), (high, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= wanted:
            if high == float("inf"):
                return low
            return low + (high - low) * (wanted - under) / max(count - under, 1e-9)
    return buckets[-1][0]
