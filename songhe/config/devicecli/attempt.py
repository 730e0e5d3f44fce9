"""The commands that try a device's messages: what a file becomes, sending it, a line to copy."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from getpass import getpass
from pathlib import Path
from uuid import UUID

import aiomqtt
import msgspec
import yaml

from songhe.config.devicecli.whom import BadDevice, now, say
from songhe.config.env import Env
from songhe.config.simulate.fleet import tls_context
from songhe.domains.devices import terms as types
from songhe.gateway import decoders
from songhe.gateway.decoders import (
    Decoded,
    Measurement,
    Memory,
    Refused,
    Talk,
    describe,
    formats,
)
from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kernel.time import to_us
from songhe.kernel.wire import DeviceSnapshot


def publish_line(kind: str, key: str, secret: str) -> str:
    """Return a mosquitto_pub line that sends one plausible message of a device type."""
    env = Env()
    host = "localhost" if env.host in {"127.0.0.1", "0.0.0.0", "::"} else env.host  # noqa: S104
    topic, message = "status", '{"battery_pct": 87}'
    at = now().isoformat(timespec="seconds")
    measures = types.get_type(kind).measures
    quantities = [code for code in measures if code.kind in {"quantity", "count"}]
    states = [code for code in measures if code.kind == "state"]
    if quantities and quantities[0].key != "battery":
        usual = {
            "sbp": 128,
            "dbp": 76,
            "map": 93,
            "heart-rate": 72,
            "spo2": 97,
            "temperature": 36.5,
        }
        usual |= {"glucose": 6.1, "glucose-interstitial": 6.1, "weight": 58.2, "respiration": 16}
        values = ", ".join(
            f'{{"code": "{code.code}", "value": {usual[code.key]}, "unit": "{code.unit}"}}'
            for code in quantities
            if code.key in usual
        )
        topic, message = "readings", f'{{"at": "{at}", "readings": [{values}]}}'
    elif states:
        event = states[0].code.removeprefix("songhe:")
        topic, message = "events", f'{{"at": "{at}", "event": "{event}", "state": true}}'
    tls = f" --cafile {shlex.quote(str(env.tls_cert))}" if env.tls_cert else ""
    return (
        f"mosquitto_pub -h {host} -p {env.port_of('mqtt')}{tls} -q 1 -i {key} -u {key} -P {secret} "
        f"-t songhe/1/{key}/{topic} -m {shlex.quote(message)}"
    )


def try_file(options: argparse.Namespace) -> int:
    """Show what a file becomes: values with their codes, times, refusals; no database is asked."""
    kind = types.get_type(options.type) if options.type else None
    received_us = to_us(now())
    try:
        items = _taken(options, _payload(options.file), received_us)
    except (KeyError, ValueError, msgspec.ValidationError, yaml.YAMLError) as error:
        raise BadDevice(sentence=f"This cannot be tried: {error}.") from None
    refused = False
    for item in items:
        for line in describe.lines([item], received_us):
            say(line)
        refused |= isinstance(item, Refused)
        if isinstance(item, Measurement):
            refused |= _remarks(item, kind.measures if kind else None)
    return int(refused)


def _taken(options: argparse.Namespace, payload: bytes, received_us: int) -> list[Decoded]:
    """Return what the gateway would make of a payload, foreign or our own."""
    device = DeviceSnapshot(
        id=UUID(int=0),
        key="tried",
        active=True,
        type=options.type or "",
        secrets=[],
        time_zone=Env().time_zone,
    )
    memory = Memory()
    if options.format:
        if not options.topic:
            raise BadDevice(sentence="--format needs --topic: it says which device is meant.")
        given = Path(options.format)
        if given.suffix == ".yaml":
            table = formats.load(yaml.safe_load(given.read_text("utf-8")))
        elif options.format not in formats.names():
            known = ", ".join(formats.names())
            raise BadDevice(sentence=f"There is no format {options.format}: {known}.")
        else:
            table = formats.get(options.format)
        for before in options.before:
            topic, _, text = before.partition("=")
            _talk(table, topic, device, memory).decode(text.encode(), received_us)
        return _talk(table, options.topic, device, memory).decode(payload, received_us)
    kind, _, part = options.kind.partition("/")
    if kind in decoders.TALKS:
        talk = decoders.own_talk(kind, device, memory, part=part or None)
        return talk.decode(_bytes(payload) if part else payload, received_us)
    return decoders.decode(kind, payload)


def _talk(table: formats.Format, topic: str, device: DeviceSnapshot, memory: Memory) -> Talk:
    talk = decoders.foreign_talk(table, topic, lambda _name: device, memory)
    if talk is None:
        raise BadDevice(sentence=f"The format {table.format} does not know the topic {topic}.")
    return talk


def _bytes(payload: bytes) -> bytes:
    """Return bytes that a person wrote as hex, others as they are."""
    try:
        return bytes.fromhex(payload.decode("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        return payload


def _remarks(item: Measurement, measures: tuple[codes.Code, ...] | None) -> bool:
    """Say what the time and the type of the device make of a message; tell whether it is bad."""
    bad = False
    age_s = (to_us(now()) - to_us(item.at)) / 1e6
    if age_s > 92 * 86400 or age_s < -300:
        say("  refused: older than 92 days" if age_s > 0 else "  refused: in the future")
        bad = True
    for value in item.readings:
        try:
            number, _ = codes.normalise(value.code, value.value, value.unit)
        except Invalid:
            bad = True
            continue
        if measures is not None and codes.by_number(number) not in measures:
            say(f"  note: {value.code} is not among what this type measures")
    return bad


def _payload(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise BadDevice(sentence=f"{path} cannot be read: {error.strerror}.") from None


def send(options: argparse.Namespace) -> int:
    """Send a file once at QoS 1 and wait until the gateway has acknowledged it."""
    payload = _payload(options.file)
    secret = options.secret or getpass("secret: ")
    asyncio.run(_send(options.key, secret, options.kind, payload))
    say("acknowledged: it is stored and judged, or kept as a dead letter with its reason")
    return 0


async def _send(key: str, secret: str, kind: str, payload: bytes) -> None:

    env = Env()
    host = "127.0.0.1" if env.host in {"0.0.0.0", "::"} else env.host  # noqa: S104
    try:
        async with aiomqtt.Client(
            host,
            env.port_of("mqtt"),
            identifier=key,
            username=key,
            password=secret,
            timeout=15,
            tls_context=tls_context(env.tls_cert),
        ) as client:
            await client.publish(f"songhe/1/{key}/{kind}", payload, qos=1)
    except aiomqtt.MqttError as error:
        raise BadDevice(sentence=f"The gateway did not take it: {error}.") from None
