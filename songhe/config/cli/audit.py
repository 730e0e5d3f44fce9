"""`songhe audit`: the chain of reads and changes; exports that are checked anywhere."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path


def main(argv: list[str]) -> int:
    """Do one of the five; `verify` and `certificate` need neither server nor database."""
    if argv[:1] == ["verify"]:
        from songhe.base.audit import verify

        return verify.main(argv[1:])
    if argv[:1] == ["certificate"]:
        from songhe.base.audit import certificate

        return certificate.main(argv[1:])
    parser = argparse.ArgumentParser(
        prog="songhe audit",
        description="Every read of personal data, every change and every refusal is in one chain "
        "of digests, sealed each second and signed each day.",
        epilog="An auditor keeps the output of `songhe audit key` and some exports outside, and "
        "checks an export on a machine of her own: songhe audit verify FILE --key KEY",
    )
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    what.add_parser("status", help="how far the chain is sealed, the last checkpoint")
    what.add_parser("key", help="the public key, for an auditor to keep outside")
    to_file = what.add_parser("export", help="write the chain with its records into a file")
    to_file.add_argument("file", type=Path, help="a new file; .gz compresses it")
    to_file.add_argument("--from", dest="since", type=date.fromisoformat, help="first UTC day")
    to_file.add_argument("--to", dest="until", type=date.fromisoformat, help="last UTC day")
    what.add_parser("verify", help="check such a file, on any machine: songhe audit verify --help")
    what.add_parser("certificate", help="check a certificate of destruction, on any machine")
    arguments = parser.parse_args(argv)
    from songhe.config import logs
    from songhe.config.cli.database import reachable_database
    from songhe.config.env import Env

    logs.configure("audit", Env())
    with reachable_database():
        import django

        django.setup()
        if arguments.what == "export":
            return _export(arguments.file, arguments.since, arguments.until)
        return {"status": _status, "key": _key}[arguments.what]()


def _status() -> int:
    from songhe.base.audit import walking

    found = walking.state()
    last, checkpoint = found["last"], found["checkpoint"]
    if last is None:
        sys.stdout.write(f"nothing is sealed yet; {found['pending']:,} records wait\n")
        return 0
    sys.stdout.write(
        f"sealed to position {last.position:,} at {last.sealed_at:%Y-%m-%d %H:%M:%S} UTC; "
        f"{found['pending']:,} records wait\n"
    )
    said = (
        f"{checkpoint.day}, {checkpoint.root[:16]}" if checkpoint else "none before a day is over"
    )
    sys.stdout.write(f"last checkpoint: {said}\n")
    return 0


def _key() -> int:
    from songhe.base.audit import proof, signing

    key = signing.public_key()
    sys.stdout.write(f"{key}\n")
    sys.stderr.write(f"fingerprint {proof.fingerprint(key)}; keep the line above outside\n")
    return 0


def _export(file: Path, since: date | None, until: date | None) -> int:
    from songhe.base.access.actor import SYSTEM
    from songhe.base.audit import exporting

    counts = exporting.export(file, actor=SYSTEM, at=datetime.now(UTC), since=since, until=until)
    sys.stdout.write(
        f"{counts['links']:,} links and {counts['checkpoints']:,} checkpoints in {file}\n"
        f"check it anywhere: songhe audit verify {file} --key (from songhe audit key)\n"
    )
    return 0
