"""Checking a certificate of destruction anywhere: needs this package, no server or database.

`songhe audit certificate FILE --key PUBLIC`, or `python -m songhe.base.audit.certificate`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from songhe.base.audit import proof


def main(argv: list[str] | None = None) -> int:
    """Check a file and say what it certifies; 0: right, 1: wrong, 2: cannot be read."""
    parser = argparse.ArgumentParser(
        prog="songhe audit certificate",
        description="Check a certificate of destruction that was downloaded from the page of "
        "retention, on any machine.",
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", default="", help="the public key that you kept (64 digits)")
    arguments = parser.parse_args(argv)
    try:
        said = json.loads(arguments.file.read_text("utf-8"))
        text, signature, key = said["certificate"], said["signature"], said["key"]
        found = json.loads(text)
        lines = [f"{line['class']}: {line['gone']:,}" for line in found["classes"] if line["gone"]]
    except (OSError, ValueError, KeyError, TypeError):
        sys.stderr.write(f"songhe: {arguments.file}: this is no certificate of destruction\n")
        return 2
    wanted = arguments.key.strip().lower() or key
    if not proof.is_signed(text.encode(), signature, wanted):
        sys.stdout.write(f"NOT RIGHT: not signed by the key {proof.fingerprint(wanted)}\n")
        return 1
    if not arguments.key:
        sys.stdout.write(f"The key is the file's own ({proof.fingerprint(key)}).\n")
    sys.stdout.write(f"{found['what']}, {found['began']} to {found['ended']}, {found['outcome']}\n")
    sys.stdout.write("\n".join([*lines, "The signature is right."]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
