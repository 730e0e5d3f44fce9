"""The commands that try a device's messages: what a file becomes, sending it, a line to copy."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from getpass import getpass
from pathlib import Path

import aiomqtt

from songhe.config.devicecli.whom import BadDevice, now, say
from songhe.config.env import Env
from songhe.config.simulate.fleet import tls_context
from songhe.domains.devices import terms as types
from songhe.gateway import decoders
from songhe.gateway.decoders import Measurement, Refused
from songhe.kernel import codes
from songhe.kernel.errors import Invalid
from songhe.kernel.time import from_us, to_us


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
    """Show what the gateway's decoder makes of a file."""
    kind = types.get_type(options.type) if options.type else None
    refused = False
    for item in decoders.decode(options.kind, _payload(options.file)):
        if isinstance(item, Refused):
            refused = True
            say(f"refused  {item.reason}: {item.detail}")
        elif isinstance(item, Measurement):
            refused |= _try_values(item, kind.measures if kind else None)
        else:
            say(f"accepted {item}")
    return int(refused)


def _try_values(item: Measurement, measures: tuple[codes.Code, ...] | None) -> bool:

    age_s = (to_us(now()) - to_us(item.at)) / 1e6
    hint = " (older than 92 days: too-old)" if age_s > 92 * 86400 else ""
    hint = hint or (" (in the future)" if age_s < -300 else "")
    say(f"at {from_us(to_us(item.at)).astimezone():%Y-%m-%d %H:%M:%S}{hint}")
    refused = bool(hint)
    for value in item.readings:
        try:
            number, amount = codes.normalise(value.code, value.value, value.unit)
        except Invalid as error:
            say(f"  refused  {error}")
            refused = True
            continue
        code = codes.by_number(number)
        unusual = measures is not None and code not in measures
        note = "  (not among what this type measures)" if unusual else ""
        say(f"  {code.en} ({code.zh}) {code.text(amount)} {code.unit}{note}")
    return refused


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
