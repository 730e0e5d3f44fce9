"""ChirpStack v4: an uplink's decoded object by its device profile, and the best signal."""

from __future__ import annotations

from typing import Any

import msgspec

from songhe.gateway.decoders import fields
from songhe.gateway.decoders.formats import Said, Talk
from songhe.gateway.decoders.messages import Decoded, Measurement, Refused, Status

GATEWAYS_MAX = 64


def up(talk: Talk, said: Said) -> list[Decoded]:
    """Read an uplink. Without a decoded object there is nothing that a table could read."""
    source = fields.parsed(said)
    if isinstance(source, Refused):
        return [source]
    assert talk.format is not None and talk.rule is not None  # noqa: S101, PT018 (a format's topic)
    signal = _signal(source.get("rxInfo"))
    decoded = source.get("object")
    moment = fields.instant(source.get("time"), talk.device.time_zone)
    if not isinstance(decoded, dict):
        state = Status(at=moment, **signal)
        if not source.get("data"):
            return [state]  # an uplink of the network alone: the device is there
        port = source.get("fPort")
        detail = f"no decoded object (port {port!r:.20}): give the device profile a codec"
        return [state, Refused("bad-shape", detail, said.payload, is_partial=True)]
    profile = fields.at("deviceInfo.deviceProfileName", source)
    tables = talk.format.tables
    reserved = {rule.table for rule in talk.format.topics}
    own = isinstance(profile, str) and profile in tables and profile not in reserved
    table = tables[profile] if own else tables[talk.rule.table]
    given: dict[str, Any] = {**decoded, "time": source.get("time")}
    once = source.get("deduplicationId")
    found = fields.read(
        talk,
        said,
        table,
        given,
        times=talk.format.times,
        message_id=once[:200].replace("\0", "") if isinstance(once, str) else None,
    )
    return _with_signal(found, signal)


def _signal(given: object) -> dict[str, Any]:
    """Return RSSI and SNR of the gateway that heard best."""
    best: tuple[float, float | None] | None = None
    for row in given[:GATEWAYS_MAX] if isinstance(given, list) else []:
        if not isinstance(row, dict):
            continue
        try:
            rssi = fields.number(row.get("rssi"))
        except fields.Unreadable:
            continue
        if not -150 <= rssi <= 20 or (best is not None and rssi <= best[0]):
            continue
        try:
            snr: float | None = fields.number(row.get("snr"))
        except fields.Unreadable:
            snr = None
        best = (rssi, snr if snr is not None and -50 <= snr <= 50 else None)
    if best is None:
        return {}
    return {"rssi_dbm": best[0]} | ({} if best[1] is None else {"snr_db": best[1]})


def _with_signal(found: list[Decoded], signal: dict[str, float]) -> list[Decoded]:
    """Return what was found with the signal in its state."""
    if not signal:
        return found
    moment = next((i.at for i in found if isinstance(i, Measurement | Status)), None)
    state = next((i for i in found if isinstance(i, Status)), Status(at=moment))
    rest = [item for item in found if item is not state]
    refused = [item for item in rest if isinstance(item, Refused)]
    for item in refused:
        item.is_partial = True
    kept = [item for item in rest if not isinstance(item, Refused)]
    return [*kept, msgspec.structs.replace(state, **signal), *refused]
