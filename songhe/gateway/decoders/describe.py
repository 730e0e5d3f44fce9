"""Decoded messages as lines that people read: what a payload becomes, in canonical units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from songhe.gateway.decoders.messages import (
    Acknowledgement,
    Decoded,
    Measurement,
    Refused,
    Sightings,
    Status,
    Value,
    Waveform,
)
from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kernel.time import to_us

RECEIPT = "at receipt"


def lines(items: Iterable[Decoded], received_us: int) -> list[str]:
    """Return one line for every value, state and refusal."""
    return [line for item in items for line in _lines(item, received_us)]


def _lines(item: Decoded, received_us: int) -> list[str]:
    if isinstance(item, Refused):
        how = "partly refused" if item.is_partial else "refused"
        return [f"{how}: {item.reason}: {item.detail}"]
    moment = _moment(getattr(item, "at", None), received_us)
    if isinstance(item, Measurement):
        return [f"{moment}: {_value(value)}" for value in item.readings]
    if isinstance(item, Status):
        said = msgspec.to_builtins(item)
        facts = {k: v for k, v in said.items() if v is not None and k not in ("at", "sent_at")}
        words = ", ".join(f"{name} {_shown(fact)}" for name, fact in facts.items())
        return [f"{moment}: device {words or 'is there'}"]
    if isinstance(item, Sightings):
        return [f"{moment}: beacon {b.key} {b.rssi_dbm:g} dB[mW]" for b in item.sightings]
    if isinstance(item, Waveform):
        return [f"{moment}: {line}" for line in _waveform(item)]
    assert isinstance(item, Acknowledgement)  # noqa: S101 (the last kind there is)
    return [f"{moment}: command {item.command} {item.result}"]


def _moment(moment: datetime | None, received_us: int) -> str:
    if moment is None or to_us(moment) == received_us:
        return RECEIPT
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _shown(fact: Any) -> str:
    return f"{fact:g}" if isinstance(fact, float) else str(fact)


def _value(value: Value) -> str:
    try:
        number, amount = codes.normalise(value.code, value.value, value.unit)
    except Invalid as error:
        return f"refused: {error}"
    code = codes.by_number(number)
    unit = "" if code.unit == "1" else f" {code.unit}"
    return f"{code.code} {code.en} {round(amount, max(code.decimals, 0) + 2):g}{unit}"


def _waveform(item: Waveform) -> list[str]:
    found = []
    for part in item.parts():
        missing = sum(sample is None for sample in part.samples)
        facts = [f"{len(part.samples)} samples", f"{item.rate_hz:g} Hz"]
        facts += [f"lead {part.lead}"] if part.lead else []
        facts += [f"{missing} without a value"] if missing else []
        facts += [f"frames of {item.frame[0]} x {item.frame[1]}"] if item.frame else []
        found.append(f"waveform {item.code}, {', '.join(facts)}")
    return found
