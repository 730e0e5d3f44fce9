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
from django.utils import translation

from songhe.config.devicecli.whom import BadDevice, now, say
from songhe.config.env import Env
from songhe.config.simulate.fleet import tls_context
from songhe.domains.devices import terms as types
from songhe.domains.telemetry.terms import reason_word
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

_REASONS = {
    codes.UnknownCode.code: "unknown-code",
    codes.UnknownUnit.code: "bad-unit",
    codes.Implausible.code: "implausible",
}
SHORTEST_TEXT = 4  # so many letters and more were written by a person, not sent by a meter


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
    """Show what a file becomes: values with their codes, times, refusals; no database is asked.

    What is wrong is said in English, with its place, and in Chinese.
    """
    kind = types.get_type(options.type) if options.type else None
    received_us = to_us(now())
    try:
        items = _taken(options, _payload(options.file), received_us)
    except (KeyError, ValueError, msgspec.ValidationError) as error:
        raise _bad(f"This cannot be tried: {error}.", "这条消息无法试用，原因见上。") from None
    refused = False
    for item in items:
        for line in describe.lines([item], received_us):
            say(line)
        if isinstance(item, Refused):
            say(_in_chinese(item))
            refused = True
        if isinstance(item, Measurement):
            refused |= _remarks(item, kind.measures if kind else None)
    return int(refused)


def _bad(english: str, chinese: str) -> BadDevice:
    return BadDevice(sentence=f"{english}\n{chinese}")


def _in_chinese(item: Refused) -> str:
    """Return why a message is refused, as the page of messages not taken says it."""
    with translation.override("zh-hans"):
        word = reason_word(item.reason)
    return f"  {'部分' if item.is_partial else ''}未收下：{word}（{item.reason}）"


def _table(given: str) -> formats.Format:
    """Return the format of this name, or of a table that is being written."""
    path = Path(given)
    if path.suffix == ".yaml":
        try:
            return formats.load(yaml.safe_load(_payload(path).decode("utf-8")))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            raise _bad(
                f"{given} is no YAML: {error.problem} in line {line}.",
                f"{given} 不是有效的 YAML，错误在第 {line} 行。",
            ) from None
    if given not in formats.names():
        known = ", ".join(formats.names())
        raise _bad(
            f"There is no format {given}: {known}.", f"没有格式 {given}，可用的有：{known}。"
        )
    return formats.get(given)


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
            raise _bad(
                "--format needs --topic: it says which device is meant.",
                "用 --format 时还要给出 --topic，它说明是哪台设备。",
            )
        table = _table(options.format)
        for before in options.before:
            topic, equals, text = before.partition("=")
            if not equals:
                raise _bad(
                    f"--before {before} is not TOPIC=PAYLOAD.",
                    f"--before {before} 应写作 主题=内容。",
                )
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
        raise _bad(
            f"The format {table.format} does not know the topic {topic}.",
            f"格式 {table.format} 中没有主题 {topic}。",
        )
    return talk


def _bytes(payload: bytes) -> bytes:
    """Return bytes that a person wrote as hex, others as they are."""
    try:
        text = payload.decode("ascii").strip()
    except UnicodeDecodeError:
        return payload
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        if len(text) < SHORTEST_TEXT or not text.isprintable():
            return payload
        raise _bad(f"This is no hex: {error}.", "内容不是十六进制数。") from None


def _remarks(item: Measurement, measures: tuple[codes.Code, ...] | None) -> bool:
    """Say what the time and the type of the device make of a message; tell whether it is bad."""
    bad = False
    age_s = (to_us(now()) - to_us(item.at)) / 1e6
    if age_s > 92 * 86400 or age_s < -300:
        late = age_s > 0
        say("  refused: older than 92 days" if late else "  refused: in the future")
        say(_in_chinese(Refused("too-old" if late else "future", "", b"")))
        bad = True
    for value in item.readings:
        try:
            number, _ = codes.normalise(value.code, value.value, value.unit)
        except Invalid as error:
            bad = True
            say(_in_chinese(Refused(_REASONS[error.code], "", b"")))
            continue
        if measures is not None and codes.by_number(number) not in measures:
            say(f"  note: {value.code} is not among what this type measures")
    return bad


def _payload(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise _bad(f"{path} cannot be read: {error.strerror}.", f"无法读取 {path}。") from None


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
