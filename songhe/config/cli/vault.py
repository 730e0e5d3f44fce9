"""`songhe vault`: the keys of what is stored encrypted."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from songhe.base.vault.models import Rotation

GOES_ON = "stopped; the jobs process goes on with it once an hour, or call this again"


def main(argv: list[str]) -> int:
    """Do one of the three; what is refused says why in a sentence."""
    parser = argparse.ArgumentParser(
        prog="songhe vault",
        description="ID numbers, phone numbers and addresses are stored encrypted. The keys are in "
        "vault.key of the state folder (one line a key, for you alone), never in the database.",
        epilog="After a change of staff with access to the machine: songhe vault rotate, then, at "
        "least ten minutes later, songhe vault retire. Backups from before keep their own keys.",
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="status",
        choices=("status", "rotate", "retire"),
        help="status: the keys and how much each seals; rotate: a new key, and everything sealed "
        "anew; retire: take keys that nothing needs out of the file, for ever",
    )
    what = parser.parse_args(argv).what
    import django

    django.setup()
    return {"status": _status, "rotate": _rotate, "retire": _retire}[what]()


def _now() -> datetime:
    return datetime.now(UTC)


def _status() -> int:
    from songhe.base.vault import rotation

    for use in rotation.uses():
        key = use.fingerprint or "MISSING"
        seals = "  seals what is new" if use.is_newest else ""
        sys.stdout.write(f"key {use.number:>3}  {key:<8}  {use.values:>12,} values{seals}\n")
    return 0


def _rotate() -> int:
    from songhe.base.access.actor import SYSTEM
    from songhe.base.vault import rotation

    running = rotation.running() or rotation.begin_rotation(actor=SYSTEM, at=_now())
    sys.stdout.write(
        f"key {running.key} seals from now on; {running.total:,} values to seal anew\n"
    )

    def told(done: Rotation) -> None:
        sys.stdout.write(f"\r{done.done:>12,} of {done.total:,}")
        sys.stdout.flush()

    try:
        done = rotation.go_on(clock=_now, should_stop=lambda: False, told=told)
    except KeyboardInterrupt:
        sys.stdout.write(f"\n{GOES_ON}\n")
        return 130
    if done is None or done.state == done.State.ENDED:
        sys.stdout.write("\nall of it is under the new key\n")
        return 0
    sys.stderr.write(
        f"\nsonghe: {done.unreadable:,} values did not open and were left as they are; "
        "their key is not in vault.key (songhe vault shows which)\n"
    )
    return 1


def _retire() -> int:
    from songhe.base.access.actor import SYSTEM
    from songhe.base.vault import rotation

    gone = rotation.retire(actor=SYSTEM, at=_now())
    said = ", ".join(str(number) for number in sorted(gone)) or "none"
    sys.stdout.write(f"keys taken out of vault.key: {said}\n")
    return 0
