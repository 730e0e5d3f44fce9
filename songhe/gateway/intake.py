"""One message into the batch: decode, normalise, and every refusal into a dead letter."""

from __future__ import annotations

from uuid import UUID

import msgspec

from songhe.gateway import decoders, normalise, waves
from songhe.gateway.batch import Batch, Inbound, Letter, Replayed
from songhe.gateway.decoders import (
    Acknowledgement,
    Decoded,
    Measurement,
    Refused,
    Sightings,
    Status,
    Value,
    Waveform,
)
from songhe.gateway.limits import Bucket
from songhe.gateway.normalise import Unusable
from songhe.gateway.registry import TOPIC_ROOT
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import Reading, fingerprint

LETTER_BURST = 600.0
# A topic is the device's text: keep what a person needs to see, not 64 KiB of it.
TOPIC_KEPT = 300
DETAIL_KEPT = 300


class Intake:
    """Turns inbound messages into parts of a batch. Never raises for what a message says."""

    def __init__(self, letters_per_minute: float) -> None:
        self._letters_per_s = letters_per_minute / 60

    def take(self, batch: Batch, inbound: Inbound) -> None:
        """Add a payload to a batch, with its acknowledgement."""
        batch.inbox.append(inbound)
        batch.bytes += len(inbound.payload)
        route, source = inbound.route, inbound.source
        if inbound.dup or inbound.letter is not None:
            batch.may_repeat = True
        if inbound.letter is not None:
            self._replay(batch, inbound, inbound.letter)
            return
        acknowledged = True
        if route.refusal:
            source.begin(1)
            refused = Refused(route.refusal, "", inbound.payload)
            acknowledged = self._refuse(batch, inbound, 0, refused)
        else:
            talk = route.talk
            if talk is None:
                items = decoders.decode(route.kind, inbound.payload)
            else:
                items = talk.decode(inbound.payload, inbound.received_us, inbound.dup)
            source.begin(len(items))
            for index, item in enumerate(items):
                refused_item = self._place(batch, inbound, item)
                if refused_item is not None:
                    acknowledged &= self._refuse(batch, inbound, index, refused_item)
        if route.sender is not route.device:
            batch.hear(route.sender, inbound.received_us, inbound.received_us)
        tokens = batch.receipts.get(source)
        if tokens is None:
            tokens = batch.receipts[source] = bytearray()
        if acknowledged:
            tokens += inbound.token

    def _replay(self, batch: Batch, inbound: Inbound, letter: UUID) -> None:
        """Take a dead letter again, as of the time it came; what is still bad stays a letter."""
        route = inbound.route
        refusals: list[Refused] = []
        items: list[Decoded] = [Refused(route.refusal, "", inbound.payload)]
        if not route.refusal:
            items = _decoded_again(inbound)
        # The clock of then is not the clock of now: what this message says of it stays with it.
        offset_us, route.device.offset_us = route.device.offset_us, 0
        for item in items:
            refused = self._place(batch, inbound, item)
            if refused is not None:
                refusals.append(refused)
        route.device.offset_us = offset_us
        if len(refusals) == len(items) == 1 and not refusals[0].is_partial:
            batch.replayed.append(Replayed(letter, refusals[0]))
        else:
            batch.replayed.append(Replayed(letter, None))
            batch.letters += [_letter(inbound, refused) for refused in refusals]
        batch.receipts[inbound.source] = bytearray()

    def bury(self, batch: Batch, inbound: Inbound, reason: str, detail: str) -> None:
        """Add a message to a batch as nothing but a dead letter."""
        batch.inbox.append(inbound)
        inbound.source.begin(1)
        batch.letters.append(_letter(inbound, Refused(reason, detail, inbound.payload)))
        batch.receipts[inbound.source] = bytearray(inbound.token)

    def _place(self, batch: Batch, inbound: Inbound, item: Decoded) -> Refused | None:
        """Put a decoded message where it belongs; return what of it cannot be used."""
        device, received_us = inbound.route.device, inbound.received_us
        try:
            if type(item) is Measurement:
                return self._measurement(batch, inbound, item)
            if isinstance(item, Status):
                moment_us, reading = normalise.status_reading(
                    device, item, received_us, dup=inbound.dup, flags=inbound.flags
                )
                checked_reported(item)
                batch.statuses.append((device, item))
                batch.hear(device, moment_us, received_us)
                if reading is not None:
                    keep(batch, reading)
            elif isinstance(item, Waveform):
                signal = waves.recorded(device, item, received_us, dup=inbound.dup)
                batch.waves.append(signal)
                batch.hear(device, signal.wave.started_us, received_us)
            elif isinstance(item, Acknowledgement):
                batch.answers.append((device, item))
                batch.hear(device, received_us, received_us)
            elif isinstance(item, Refused):
                return item
            elif isinstance(item, Sightings):
                return self._sightings(batch, inbound, item)
        except Unusable as error:
            return _whole(inbound, item, error)
        return None

    @staticmethod
    def _measurement(batch: Batch, inbound: Inbound, item: Measurement) -> Refused | None:
        device, received_us = inbound.route.device, inbound.received_us
        reading, bad = normalise.measurement(
            device, item, received_us, dup=inbound.dup, flags=inbound.flags
        )
        if reading is None:
            return _whole(inbound, item, bad[0][1])
        keep(batch, reading)
        batch.hear(device, reading.effective_us, received_us, spoke=False)
        return _rest(item, bad) if bad else None

    @staticmethod
    def _sightings(batch: Batch, inbound: Inbound, item: Sightings) -> Refused | None:
        """Keep a reading for every beacon that a tag heard; return those that are not known."""
        device, received_us = inbound.route.device, inbound.received_us
        known, strange = [], []
        for heard in item.sightings:
            beacon = None if inbound.route.beacon is None else inbound.route.beacon(heard.key)
            if beacon is None:
                strange.append(heard)
            else:
                known.append((heard, beacon))
        for heard, beacon in known:
            reading = normalise.sighting(
                device,
                item,
                heard,
                beacon,
                received_us,
                dup=inbound.dup,
                flags=inbound.flags,
            )
            keep(batch, reading)
            batch.hear(device, reading.effective_us, received_us)
            batch.hear(beacon, reading.effective_us, received_us, spoke=False)
        if not strange:
            return None
        named = ", ".join(heard.key[:40] for heard in strange)
        rest = Sightings(item.at, strange, item.sent_at, item.id)
        detail = f"no beacon in use has the key {named}"[:DETAIL_KEPT]
        payload = msgspec.json.encode(rest)
        return Refused("unknown-name", detail, payload, "sightings", is_partial=bool(known))

    def _refuse(self, batch: Batch, inbound: Inbound, index: int, refused: Refused) -> bool:
        """Make a dead letter of a refusal; return False when its sender had too many."""
        sender, source, now_us = inbound.route.sender, inbound.source, inbound.received_us
        if not source.refuse(index, refused):
            return True
        if sender.letters is None:
            sender.letters = Bucket(self._letters_per_s, LETTER_BURST, now_us)
        was_muted = sender.letters.debt_s(now_us) > 0
        if was_muted or sender.letters.take(1.0, now_us) > 0:
            source.overrun()
            if not was_muted:
                limited = Refused("rate-limited", "too many unusable messages", b"")
                batch.letters.append(_letter(inbound, limited))
            return False
        batch.letters.append(_letter(inbound, refused))
        return True


def _decoded_again(inbound: Inbound) -> list[Decoded]:
    """Return what a dead letter's payload holds; the states of today do not count for it."""
    talk = inbound.route.talk
    if talk is None:
        return decoders.decode(inbound.route.kind, inbound.payload)
    return talk.decode(inbound.payload, inbound.received_us, again=True)


def keep(batch: Batch, reading: Reading) -> None:
    """Add a reading; of two with one key the first counts."""
    key = (
        reading.subject.int,
        reading.device.int,
        reading.effective_us,
        fingerprint(reading.codes),
    )
    batch.readings.setdefault(key, reading)


def checked_reported(status: Status) -> None:
    """Refuse a reported state that the database cannot hold (U+0000 in a text)."""
    if status.reported is not None and b"\\u0000" in msgspec.json.encode(status.reported):
        raise Unusable("bad-value", "U+0000 in reported")


def _whole(inbound: Inbound, item: Decoded, error: Unusable) -> Refused:
    """Return the refusal of a whole message: its own bytes, of an array only its part."""
    if inbound.route.talk is None and inbound.payload.lstrip()[:1] != b"[":
        return Refused(error.reason, error.detail, inbound.payload)
    kind = "readings" if isinstance(item, Measurement) else ""
    if inbound.route.talk is not None and isinstance(item, Status):
        kind = "status"
    return Refused(error.reason, error.detail, msgspec.json.encode(item), kind)


def _rest(item: Measurement, bad: list[tuple[Value, Unusable]]) -> Refused:
    """Return the refusal of some values, as a message of readings that can be replayed."""
    rest = Measurement(item.at, [value for value, _ in bad], item.sent_at, item.id)
    detail = "; ".join(error.detail for _, error in bad)[:DETAIL_KEPT]
    return Refused(bad[0][1].reason, detail, msgspec.json.encode(rest), "readings", True)


def _letter(inbound: Inbound, refused: Refused) -> Letter:
    route = inbound.route
    topic = route.topic
    if refused.kind:
        topic = f"{TOPIC_ROOT}{route.device.key}/{refused.kind}"
    return Letter(
        id=uuid7(),
        received_us=inbound.received_us,
        device=route.device.id,
        device_key=route.device.key,
        topic=topic[:TOPIC_KEPT].replace("\0", ""),
        payload=refused.payload,
        reason=refused.reason,
        detail=refused.detail.replace("\0", ""),
    )
