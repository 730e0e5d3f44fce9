"""Checking an export anywhere: needs this package and no server, database or settings.

`songhe audit verify FILE --key PUBLIC`, or `python -m songhe.base.audit.verify` with the same.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from songhe.base.audit import proof
from songhe.base.audit.checking import Check
from songhe.base.audit.proof import Checkpoint, Link

_DIGITS = 64


class NotAnExport(ValueError):
    """The file is not an export of the audit, or of a format that this version cannot read."""


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw:
        yield from gzip.GzipFile(fileobj=raw) if file.suffix == ".gz" else raw


def _header(text: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(text)["header"]
        known = header["format"] == proof.FORMAT
        bytes.fromhex(header["key"]), bytes.fromhex(header["previous"]), int(header["first"])
    except (ValueError, KeyError, TypeError):
        raise NotAnExport("this is no export of Songhe's audit") from None
    if not known:
        raise NotAnExport("this export was written by another version of Songhe")
    return header


def witness_of(file: Path) -> dict[int, str]:
    """Return the links by position that an earlier export holds. Raises NotAnExport."""
    lines = _lines(file)
    _header(next(lines, b""))
    found = {}
    for text in lines:
        link = json.loads(text).get("link")
        if link is not None:
            found[int(link[0])] = str(link[5])
    return found


def check_file(
    file: Path, *, key: str = "", witness: Path | None = None
) -> tuple[dict[str, Any], Check]:
    """Check an export; return its header and the check, whose findings say what is wrong.

    key: the public key that was kept outside; without it the file's own is believed.
    witness: an earlier export, against which the chain is held. Raises NotAnExport.
    """
    lines = _lines(file)
    first = next(lines, b"")
    header = _header(first)
    check = Check(
        previous=bytes.fromhex(header["previous"]),
        position=int(header["first"]),
        key=key or header["key"],
    )
    if witness is not None:
        kept = witness_of(witness)
        within = {p: link for p, link in kept.items() if p >= int(header["first"])}
        if not header["reaches_end"]:
            within = {p: link for p, link in within.items() if p <= int(header["last"])}
        check.witness(within, witness.name)
    running, ended = hashlib.sha256(first), False
    checkpoints: list[Checkpoint] = []
    for number, text in enumerate(lines, start=2):
        try:
            said = json.loads(text)
            if ended:
                check.found("line_after_end", line=number)
            elif "end" in said:
                ended = True
                _end(check, header, said, running.hexdigest())
            else:
                running.update(text)
                _line(check, said, checkpoints)
        except (ValueError, KeyError, TypeError, AttributeError):
            running.update(text)
            check.found("line_unreadable", line=number)
    if not ended:
        check.found("file_cut")
    for one in checkpoints:
        check.checkpoint(one)
    if check.last < int(header["last"]):
        check.found(
            "tail_cut", position=check.last, reached=header["last"], witness="the file's header"
        )
    check.end()
    return header, check


def _line(check: Check, said: dict[str, Any], checkpoints: list[Checkpoint]) -> None:
    if "link" in said:
        position, source, entry, digest, sealed_at, link = said["link"]
        proof.day_of(sealed_at)
        check.link(
            Link(
                int(position),
                source,
                UUID(entry),
                bytes.fromhex(digest),
                sealed_at,
                bytes.fromhex(link),
            ),
            said["record"],
        )
    elif "checkpoint" in said:
        checkpoints.append(Checkpoint(**said["checkpoint"]))
    elif "cut" in said:
        check.cut(**said["cut"])
    elif "head" in said:
        check.head(**said["head"])
    else:
        check.loose(said["loose"])


def _end(check: Check, header: dict[str, Any], said: dict[str, Any], lines: str) -> None:
    counts = said["end"]
    message = proof.end_message(header, counts)
    if not proof.is_signed(message, said["signature"], check.key) or counts["lines"] != lines:
        check.found("file_forged", key=proof.fingerprint(check.key))


def main(argv: list[str] | None = None) -> int:
    """Check a file and say what is wrong with it; 0: nothing, 1: something, 2: cannot be read."""
    parser = argparse.ArgumentParser(
        prog="songhe audit verify",
        description="Check an export of the audit on any machine, without a server or a database: "
        "every record against its digest, every link against the one before, every day against its "
        "signed checkpoint.",
        epilog="Keep the public key (songhe audit key) and some earlier exports outside: "
        "who owns the whole server could otherwise write a new chain with a new key.",
    )
    parser.add_argument("file", type=Path, help="what songhe audit export wrote")
    parser.add_argument("--key", default="", help="the public key that you kept (64 digits)")
    parser.add_argument("--witness", type=Path, help="an earlier export that you kept")
    arguments = parser.parse_args(argv)
    key = arguments.key.strip().lower()
    if key and (len(key) != _DIGITS or not set(key) <= set("0123456789abcdef")):
        parser.error("--key wants the 64 hexadecimal digits that `songhe audit key` printed")
    try:
        header, check = check_file(arguments.file, key=key, witness=arguments.witness)
    except (NotAnExport, OSError, EOFError) as error:
        sys.stderr.write(f"songhe: {arguments.file}: {error}\n")
        return 2
    return _say(header, check, believed=not key)


def _say(header: dict[str, Any], check: Check, *, believed: bool) -> int:
    lines = [f"{check.links:,} links checked, written {header['made_at']}"]
    if check.destroyed:
        lines.append(
            f"{check.destroyed:,} records were destroyed by time, as a signed cut says; their "
            "links stand."
        )
    if believed:
        shown = proof.fingerprint(header["key"])
        lines.append(
            f"The key is the file's own ({shown}); --key holds it against the one you kept."
        )
    lines += [finding.sentence() for finding in check.findings]
    if check.wrong > len(check.findings):
        lines.append(f"… and {check.wrong - len(check.findings):,} more.")
    whole = "Nothing is missing and nothing was changed."
    lines.append(whole if not check.wrong else f"NOT WHOLE: {check.wrong:,} findings.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if check.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
