"""`songhe device`: register a device and connect it, look after its secret, try what it sends."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

KINDS = (
    "readings",
    "events",
    "positions",
    "waveforms",
    "sightings",
    "status",
    "acks",
    "gatt",
    "openmhealth",
)
STEPS = ("install", "activate", "pass_test", "start_use", "retire")
# Which module runs a command; loaded when Django is ready.
ATTEMPTS = frozenset({"try_file", "send"})


def arguments() -> argparse.ArgumentParser:
    """Return the options of `songhe device`."""
    parser = argparse.ArgumentParser(
        prog="songhe device",
        description="Register devices, bind them, give and end their secrets, try messages.",
        epilog="Example: songhe device register --type bp-monitor --person 陈秀兰 --in-use",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: str, text: str) -> argparse.ArgumentParser:
        found = commands.add_parser(name, help=text, description=text)
        found.set_defaults(run=run)
        return found

    found = command("list", "list_devices", "List devices with their state and last words.")
    found.add_argument("words", nargs="?", default="", help="part of a key or serial number")
    found.add_argument("--type", default="", help="only this device type")
    found = command("types", "list_types", "List device types with what they measure.")
    found = command("register", "register", "Register a device; its secret is shown once.")
    found.add_argument("--type", required=True, help="device type (songhe device types)")
    found.add_argument("--serial", default="", help="serial number")
    found.add_argument("--model", default="", help="maker and model")
    found.add_argument("--in-use", action="store_true", help="take all steps of commissioning now")
    _whom(found)
    found = command("bind", "bind", "Let a device serve a person or a room from now on.")
    found.add_argument("key")
    _whom(found)
    found = command("commission", "commission", "Take one step of commissioning.")
    found.add_argument("key")
    found.add_argument("step", choices=STEPS)
    found.add_argument("--proof", default="", help="what shows it: a photo, a name, a test call")
    found = command("rotate", "rotate", "Give a new secret; the old one works for a day more.")
    found.add_argument("key")
    found.add_argument("--at-once", action="store_true", help="end the old secret now")
    found = command("revoke", "revoke", "End every secret at once; the connection is closed.")
    found.add_argument("key")
    found = command("try", "try_file", "Show what a message becomes, without sending it.")
    found.add_argument("file", type=Path)
    found.add_argument("--type", help="as from a device of this type")
    found.add_argument(
        "--kind", type=_kind, default="readings", help="default readings; gatt/2A35 takes hex"
    )
    found.add_argument(
        "--format", help="a hub's language (zigbee2mqtt, homeassistant, …), or a table's file"
    )
    found.add_argument("--topic", help="with --format: the topic it came on")
    found.add_argument(
        "--before",
        action="append",
        default=[],
        metavar="TOPIC=PAYLOAD",
        help="with --format: what the hub said before; may be given often",
    )
    found = command("send", "send", "Send a file once through MQTT, as the device.")
    found.add_argument("key")
    found.add_argument("file", type=Path)
    found.add_argument("--kind", choices=KINDS, default="readings", help="default readings")
    found.add_argument("--secret", help="the device's secret; asked for when left out")
    return parser


def _kind(text: str) -> str:
    """Return a kind of message, perhaps with what follows it in the topic."""
    if text.partition("/")[0] not in KINDS or ("/" in text and not text.startswith("gatt/")):
        raise argparse.ArgumentTypeError(f"one of {', '.join(KINDS)}, gatt/2A35")
    return text


def _whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--person", default="", help="name, pinyin or id of the person served")
    parser.add_argument(
        "--room", default="", help="a room of the person's home (卧室, kitchen) or a room's id"
    )


def main(argv: list[str]) -> int:
    """Run `songhe device`."""
    options = arguments().parse_args(argv)
    import django

    django.setup()
    module = "attempt" if options.run in ATTEMPTS else "keep"
    run = getattr(importlib.import_module(f"songhe.config.devicecli.{module}"), options.run)
    result: int = run(options)
    return result
