"""Replay: a recording flows through a real MQTT socket into a person's home."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from songhe.config.env import Env
from songhe.config.replay import (
    beacons,
    cgm,
    ecg,
    fitbit,
    homes,
    infrared,
    kasteren,
    radar,
    sleep,
    worn,
)
from songhe.config.replay.recording import BadRecording, Line, Reader, Recording

if TYPE_CHECKING:
    from songhe.config.replay import play

READERS: dict[str, Reader] = {
    kasteren.NAME: kasteren.read,
    homes.ORDONEZ: homes.read_ordonez,
    homes.CASAS: homes.read_casas,
    cgm.NAME: cgm.read,
    fitbit.NAME: fitbit.read,
    sleep.NAME: sleep.read,
    ecg.NAME: ecg.read,
    worn.SISFALL.name: worn.SISFALL.read,
    worn.UMAFALL.name: worn.UMAFALL.read,
    worn.SMARTFALLMM.name: worn.SMARTFALLMM.read,
    worn.WEDAFALL.name: worn.WEDAFALL.read,
    worn.GAIT.name: worn.GAIT.read,
    infrared.Ceiling.NAME: infrared.read_ceiling,
    infrared.Small.NAME: infrared.read_small,
    radar.NAME: radar.read,
    beacons.NAME: beacons.read,
}
# The gateway takes data of the last 92 days; the first of them must still be inside at the end.
DAYS_MOST = 90
FROM_NOW = "now"
# Devices are registered and connect before the first message of a recording that plays from now on.
READY = timedelta(seconds=2)


def arguments() -> argparse.ArgumentParser:
    """Return the options of `songhe replay`."""
    parser = argparse.ArgumentParser(
        prog="songhe replay",
        description="Send a recording through MQTT into a person's home. Times between messages "
        "stay what they were, --speed says only how fast they are sent. Its days are moved by "
        "whole days, so that hours stay what they were and its last message lies within the last "
        "24 hours; a recording that tells no hours is laid so that it ends with the last full "
        "hour; --at lays it elsewhere. Devices are registered and bound to the person and the "
        "rooms; a second replay uses them again, and what is stored already stays as it is.",
        epilog="Examples: songhe replay data/adl_kasteren --person 陈秀兰 --days 3 --speed 100 "
        "(a day in 14 minutes); songhe replay data/falls_imu_sisfall --person 陈秀兰 "
        f"--recording F05-R01 --at now --speed 1. Recordings: {', '.join(READERS)}.",
    )
    parser.add_argument("folder", type=Path, help="folder of the recording")
    parser.add_argument("--person", required=True, help="name, pinyin or id of the person")
    parser.add_argument(
        "--speed",
        type=float,
        default=100.0,
        metavar="N",
        help="times as fast as life, 1 to 1000; 0: as fast as acknowledged (default 100)",
    )
    parser.add_argument("--subject", default="", metavar="ID", help="whose recording, of several")
    parser.add_argument(
        "--recording", default="", metavar="ID", help="only this one of the subject's recordings"
    )
    parser.add_argument(
        "--at",
        default="",
        metavar="TIME",
        help="when it begins: now (it then plays as life does), or 2026-11-22T10:30",
    )
    parser.add_argument(
        "--days",
        type=int,
        default=DAYS_MOST,
        metavar="N",
        help=f"only the first N days of the recording (at most {DAYS_MOST})",
    )
    parser.add_argument("--port", type=int, help="the gateway's MQTT port, where it is not usual")
    return parser


def read(folder: Path, subject: str = "", part: str = "") -> Recording:
    """Read the recording of a folder by the folder's name; raises BadRecording."""
    reader = READERS.get(folder.name)
    if reader is None:
        known = ", ".join(READERS)
        raise BadRecording(
            sentence=f"{folder.name} is no recording that can be replayed. Known: {known}."
        )
    try:
        return reader(folder, subject, part)
    except FileNotFoundError as error:
        raise BadRecording(
            sentence=f"{error.filename} is missing: give the folder that holds the recording."
        ) from None


def first_days(lines: list[Line], days: int) -> list[Line]:
    """Return the lines of the first so many calendar days."""
    end = lines[0].at.date() + timedelta(days=days)
    return [line for line in lines if line.at.date() < end]


def begin_of(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the beginning that --at asks for; raises BadRecording."""
    if text == FROM_NOW:
        return now + READY
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise BadRecording(
            sentence=f"--at {text} is no time. Write now, or a time such as 2026-11-22T10:30."
        ) from None
    given = given if given.tzinfo else given.replace(tzinfo=zone)
    if not now - timedelta(days=DAYS_MOST) <= given <= now:
        raise BadRecording(
            sentence=f"--at {text} must lie within the last {DAYS_MOST} days: older data is not "
            "taken, and what has not happened yet is not told."
        )
    return given


def main(argv: list[str]) -> int:
    """Run `songhe replay`."""
    options = arguments().parse_args(argv)
    if options.speed < 0 or not 1 <= options.days <= DAYS_MOST:
        sys.stderr.write(f"songhe replay: --speed is 0 or more, --days 1 to {DAYS_MOST}.\n")
        return 2
    recording = read(options.folder.resolve(), options.subject, options.recording)
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
    moved = play.moved_by(recording, lines, now().replace(tzinfo=None))
    if options.at:
        begin = begin_of(options.at, zone, now()).astimezone(zone)
        moved = begin.replace(tzinfo=None) - lines[0].at

    def shift(at: datetime) -> datetime:
        return (at + moved).replace(tzinfo=zone)

    person = await sync_to_async(setup.find_person)(options.person, at=now())
    since = shift(lines[0].at) - timedelta(hours=1)
    made = await sync_to_async(setup.players)(recording, person, since=since, at=now())
    course = play.Course(lines, shift, options.speed)
    sys.stdout.write(_intention(recording, course, person.name, len(made)))
    address = Address(host, port, tls_context(env.tls_cert), refused_delay_s=0.5)
    replay = play.Replay(course, made, address, now)
    try:
        finished = await replay.run()
    finally:
        await sync_to_async(setup.release)(made, at=now())
    sys.stdout.write(_outcome(replay, finished))
    return 0 if finished else 130


def _intention(recording: Recording, course: play.Course, person: str, sensors: int) -> str:
    pace = f"{course.speed:g} times as fast as life" if course.speed else "as fast as it goes"
    begin, end = (course.shift(line.at) for line in (course.lines[0], course.lines[-1]))
    part = f", recording {recording.part}" if recording.part else ""
    return (
        f"replay: {recording.name} (subject {recording.subject}{part}) into the home of {person}: "
        f"{len(course.lines):,} messages of {sensors} sensors, {begin:%Y-%m-%d %H:%M} to "
        f"{end:%Y-%m-%d %H:%M}, {pace}\n"
        f"replay: to lay it in the same place again: --at {begin.isoformat()}\n"
    )


def _outcome(replay: play.Replay, finished: bool) -> str:
    if not finished:
        return "replay: stopped; what was sent stays, and is not doubled by another replay\n"
    asked, got = replay.course.speed, replay.achieved
    short = asked and got < 0.9 * asked and replay.took > timedelta(seconds=2)
    why = ""
    if short and replay.is_held_by_clock:
        why = f", {asked:g} was asked: nothing is told before it has happened"
    elif short:
        why = (
            f", {asked:g} was asked: the gateway takes 200 payloads or KiB a second of one "
            "device, and acknowledges what is stored and judged"
        )
    return f"replay: done in {replay.took.total_seconds():.1f} s, {got:.3g} times life{why}\n"
