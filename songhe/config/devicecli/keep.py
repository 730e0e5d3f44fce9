"""The commands that keep devices: list, register, bind, commission, rotate, revoke."""

from __future__ import annotations

import argparse
from datetime import timedelta

from django.db import transaction

from songhe.base.access.actor import SYSTEM
from songhe.config.devicecli.attempt import publish_line
from songhe.config.devicecli.whom import BadDevice, device_id, now, say, served
from songhe.config.env import Env
from songhe.domains.devices import selectors as devices
from songhe.domains.devices import services
from songhe.domains.devices import terms as types
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people

STEPS = ("install", "activate", "pass_test", "start_use")
SHOWN_ONCE = "The secret is shown this once: it is kept as a fingerprint only."


def list_devices(options: argparse.Namespace) -> int:
    """List devices."""
    at = now()
    rows = devices.list_devices(SYSTEM, words=options.words, type=options.type)
    lines = devices.lines(rows, at=at)
    names = people.person_views(SYSTEM, [line.person_id for line in lines if line.person_id])
    for line in lines:
        device, seen = line.device, line.seen
        person = names.get(line.person_id) if line.person_id else None
        last = (
            seen.received_at.astimezone().strftime("%m-%d %H:%M")
            if seen and seen.received_at
            else "never"
        )
        battery = f"{seen.battery_pct:.0f} %" if seen and seen.battery_pct is not None else ""
        whom = " ".join(filter(None, [person.name if person else "", line.room_name])) or "nobody"
        silent = "silent" if line.silent else ""
        say(
            f"{device.key:<12}{device.type:<16}{device.state:<11}{last:<13}{battery:<7}{silent:<8}{whom}"
        )
    say(f"{len(lines):,} devices")
    return 0


def list_types(options: argparse.Namespace) -> int:
    """List device types."""
    for kind in types.all_types().values():
        measures = ", ".join(f"{code.code} {code.unit}" for code in kind.measures) or "nothing"
        say(f"{kind.code:<16}{kind.en} ({kind.zh}), for a {kind.on}\n{'':<16}{measures}")
    return 0


def register(options: argparse.Namespace) -> int:
    """Register a device, bind it where it is said, and show how to connect it."""
    person_id, room_id, region = served(options)
    if not region:
        region = Env().region
    organization = organizations.serving(region) if region else None
    if organization is None:
        raise BadDevice(
            sentence="Say whom it serves with --person or --room; an organisation must serve there."
        )
    at = now()
    with transaction.atomic():
        device, secret = services.register_device(
            actor=SYSTEM,
            type=options.type,
            organization_id=organization.pk,
            at=at,
            serial=options.serial,
            model=options.model,
            region_code=region,
        )
        if person_id or room_id:
            services.bind_device(
                actor=SYSTEM, device_id=device.pk, at=at, person_id=person_id, room_id=room_id
            )
        # Installed is the first state in which the gateway lets a device in.
        for step in STEPS if options.in_use else STEPS[:1]:
            services.commission(
                actor=SYSTEM, device_id=device.pk, step=step, at=at, proof="songhe device register"
            )
    say(f"key     {device.key}\nsecret  {secret}\n{SHOWN_ONCE}\n")
    say("Try it:")
    say(f"  {publish_line(device.type, device.key, secret)}")
    if not options.in_use:
        say(f"\nInstalled. Next: songhe device commission {device.key} activate")
    return 0


def bind(options: argparse.Namespace) -> int:
    """Bind a device."""
    person_id, room_id, _ = served(options)
    if person_id is None and room_id is None:
        raise BadDevice(sentence="Say whom it serves: --person, --room, or both.")
    services.bind_device(
        actor=SYSTEM,
        device_id=device_id(options.key),
        at=now(),
        person_id=person_id,
        room_id=room_id,
    )
    say("Bound from now on; readings already stored stay with whom they were stored for.")
    return 0


def commission(options: argparse.Namespace) -> int:
    """Take a step of commissioning."""
    device = services.commission(
        actor=SYSTEM,
        device_id=device_id(options.key),
        step=options.step,
        at=now(),
        proof=options.proof,
    )
    say(f"{options.key} is {device.get_state_display()} now.")
    return 0


def rotate(options: argparse.Namespace) -> int:
    """Give a new secret."""
    hours = 0 if options.at_once else 24
    secret = services.rotate_secret(
        actor=SYSTEM, device_id=device_id(options.key), at=now(), overlap=timedelta(hours=hours)
    )
    say(f"secret  {secret}\n{SHOWN_ONCE}")
    say("The old one has ended." if options.at_once else "The old one works for 24 hours more.")
    return 0


def revoke(options: argparse.Namespace) -> int:
    """End every secret of a device."""
    services.revoke_secrets(actor=SYSTEM, device_id=device_id(options.key), at=now())
    say(f"{options.key} is not let in any more; songhe device rotate {options.key} gives a secret.")
    return 0
