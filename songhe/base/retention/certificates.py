"""The signed certificate of a run: classes, periods, sources, counts, holds; nobody's data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from songhe.base.audit import proof, signing
from songhe.base.retention import classes, handlers
from songhe.base.retention.models import Destruction

WHAT = "songhe destruction certificate"


def sign(run: Destruction) -> None:
    """Write and sign the certificate of a run that ends; the caller saves the row."""
    known = handlers.all_classes()
    lines = []
    found = run.found.get("classes", {})
    for name in [*(name for name in known if name in found), *sorted(found.keys() - known.keys())]:
        one, line = known.get(name), found[name]
        lines.append(
            {
                "class": name,
                "way": one.way if one else "",
                "gone": line["gone"],
                "before": line["before"],
                "days": line["days"],
                "sources": [
                    *([f"{one.source} ({one.status})"] if one and one.days else []),
                    *(f"{rule.source} ({rule.status})" for rule in (one.rules if one else ())),
                ],
                "held": line["is_held"],
                "reached": line["due"] is not None,
                "failed": "error" in line,
            }
        )
    text = proof.canonical(
        {
            "what": WHAT,
            "run": str(run.pk),
            "began": proof.moment(run.started_at or run.asked_at),
            "ended": proof.moment(run.ended_at) if run.ended_at else "",
            "outcome": str(run.state),
            "facts": classes.version(),
            "classes": lines,
            "holds": run.found.get("holds", {}),
        }
    )
    run.certificate = text.decode()
    run.signature = signing.sign(text)
    run.key = signing.public_key()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate as it reads. is_right: its signature is of the key that it names, and that
    key is this install's."""

    said: dict[str, Any]
    signature: str
    key: str
    is_right: bool


def certificate_of(run: Destruction) -> Certificate:
    """Return the certificate of a run, its signature checked against the install's key."""
    right = run.key == signing.public_key()
    return Certificate(
        json.loads(run.certificate),
        run.signature,
        proof.fingerprint(run.key),
        right and proof.is_signed(run.certificate.encode(), run.signature, run.key),
    )


def file_of(run: Destruction) -> bytes:
    """Return the file that `songhe audit certificate` checks on any machine."""
    said = {"certificate": run.certificate, "signature": run.signature, "key": run.key}
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"
