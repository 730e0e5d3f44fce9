"""Replay: a recording flows through a real MQTT socket into a person's home."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from songhe.config.env import Env
from songhe.config.replay import cgm, fitbit, kasteren
from songhe.config.replay.recording import BadRecording, Line, Reader, Recording

READERS: dict[str, Reader] = {
    kasteren.NAME: kasteren.read,
    cgm.NAME: cgm.read,
    fitbit.NAME: fitbit.read,
}
# The gateway takes data of the last 92 days; the first of them must still be inside at the end.
DAYS_MOST = 90


def arguments() -> argparse.ArgumentParser:
    """Return the options of `songhe replay`."""
    parser = argparse.ArgumentParser(
        prog="songhe replay",
        description="Send a recording through MQTT into a person's home. Its days are moved by "
        "whole days, so that hours stay what they were and its last message lies within the last "
        "24 hours; from its first day on it is played at --speed. Devices are registered and "
        "bound to the person and the rooms; a second replay uses them again, and readings that "
        "are stored already stay as they are.",
        epilog="Examples: songhe replay data/adl_kasteren --person 陈秀兰 --days 3 --speed 100 "
        f"(a day in 14 minutes). Recordings: {', '.join(READERS)}.",
    )
    parser.add_argument("folder", type=Path, help="folder of the recording")
    parser.add_argument("--person", required=True, help="name, pinyin or id of the person")
    parser.add_argument(
        "--speed",
        type=float,
        default=100.0,
        metavar="N",
        help="times as fast as life; 0: as fast as acknowledged (default 100)",
    )
    parser.add_argument("--subject", default="", metavar="ID", help="whose recording, of several")
    parser.add_argument(
        "--days",
        type=int,
        default=DAYS_MOST,
        metavar="N",
        help=f"only the first N days of the recording (at most {DAYS_MOST})",
    )
    parser.add_argument("--port", type=int, help="the gateway's MQTT port, where it is not usual")
    return parser


def read(folder: Path, subject: str = "") -> Recording:
    """Read the recording of a folder by the folder's name; raises BadRecording."""
    reader = READERS.get(folder.name)
    if reader is None:
        known = ", ".join(READERS)
        raise BadRecording(
            sentence=f"{folder.name} is no recording that can be replayed. Known: {known}."
        )
    try:
        return reader(folder, subject)
    except FileNotFoundError as error:
        raise BadRecording(
            sentence=f"{error.filename} is missing: give the folder that holds the recording."
        ) from None


def first_days(lines: list[Line], days: int) -> list[Line]:
    """Return the lines of the first so many calendar days."""
    end = lines[0].at.date() + timedelta(days=days)
    return [line for line in lines if line.at.date() < end]


def main(argv: list[str]) -> int:
    """Run `songhe replay`."""
    options = arguments().parse_args(argv)
    if options.speed < 0 or not 1 <= options.days <= DAYS_MOST:
        sys.stderr.write(f"songhe replay: --speed is 0 or more, --days 1 to {DAYS_MOST}.\n")
        return 2
    recording = read(options.folder.resolve(), options.subject)
    import django

    django.setup()
    return asyncio.run(_prepared(options, recording))


async def _prepared(options: argparse.Namespace, recording: Recording) -> int:
    from asgiref.sync import sync_to_async

    from songhe.config.replay import play, setup
    from songhe.config.simulate.fleet import tls_context
    from songhe.config.simulate.link import Address

    env = Env()
    zone = ZoneInfo(env.time_zone)

    def now() -> datetime:
        return datetime.now(zone)

    host = "127.0.0.1" if env.host in {"0.0.0.0", "::"} else env.host  # noqa: S104
    port = options.port or env.port_of("mqtt")
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        raise play.NoGateway(host=host, port=port) from None
    lines = first_days(recording.lines, options.days)
    moved = play.whole_days(lines, now().replace(tzinfo=None))

    def shift(at: datetime) -> datetime:
        return (at + moved).replace(tzinfo=zone)

    person = await sync_to_async(setup.find_person)(options.person, at=now())
    since = shift(lines[0].at) - timedelta(hours=1)
    made = await sync_to_async(setup.players)(recording, person, since=since, at=now())
    pace = f"{options.speed:g} times as fast as life" if options.speed else "as fast as it goes"
    sys.stdout.write(
        f"replay: {recording.name} (subject {recording.subject}) into the home of {person.name}: "
        f"{len(lines):,} messages of {len(made)} sensors, {shift(lines[0].at):%Y-%m-%d %H:%M} to "
        f"{shift(lines[-1].at):%Y-%m-%d %H:%M}, {pace}\n"
    )
    address = Address(host, port, tls_context(env.tls_cert), refused_delay_s=0.5)
    course = play.Course(lines, shift, options.speed)
    try:
        finished = await play.Replay(course, made, address, now).run()
    finally:
        await sync_to_async(setup.release)(made, at=now())
    sys.stdout.write("replay: done\n" if finished else "replay: stopped; what was sent stays\n")
    return 0 if finished else 130
