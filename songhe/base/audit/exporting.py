"""Writing the chain with its records into a file that can be checked anywhere (`verify`).

JSON lines: a header, each link with its record, the checkpoints, the signed end of the chain where
the file reaches it, and a last line whose signature is over all of that.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songhe.base.audit import cuts, proof, sealing, services, signing, sources, walking

if TYPE_CHECKING:
    from songhe.base.access.actor import Actor


def export(
    file: Path,
    *,
    actor: Actor,
    at: datetime,
    since: date | None = None,
    until: date | None = None,
) -> dict[str, Any]:
    """Write the links of these UTC days (all by default) to a new file; return its counts.

    The file is for its owner alone; a name that ends in .gz is compressed. What is pending is
    sealed first, and the export itself is in the audit.
    """
    services.record_change(
        actor=actor,
        action="audit.export",
        ref="audit.Chain",
        at=at,
        detail={"since": since and since.isoformat(), "until": until and until.isoformat()},
    )
    sealing.seal_all(at=at)
    head = signing.read_head()
    first, last = walking.span(since=since, until=until)
    reaches_end = until is None
    header = {
        "format": proof.FORMAT,
        "made_at": proof.moment(at),
        "first": first,
        "last": last,
        "previous": walking.previous_of(first).hex(),
        "key": signing.public_key(),
        "reaches_end": reaches_end,
    }
    counts: dict[str, Any] = {"links": 0, "loose": 0, "checkpoints": 0}
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    running = hashlib.sha256()
    with os.fdopen(handle, "wb") as raw, _packed(raw, file) as out:

        def line(**said: Any) -> None:
            text = proof.canonical(said) + b"\n"
            running.update(text)
            out.write(text)

        line(header=header)
        destroyed = cuts.newest()
        if destroyed is not None:
            line(cut=cuts.said(destroyed))
        for kind in sources.all_sources():
            for record in sources.loose(kind):
                line(loose=record)
                counts["loose"] += 1
        for link, sealed in walking.walk(first, last):
            line(
                link=[link.position, link.source, str(link.entry), link.digest.hex(),
                      link.sealed_at, link.link.hex()],
                record=sealed,
            )  # fmt: skip
            counts["links"] += 1
        for kept in sealing.checkpoints(first=first, last=last):
            line(checkpoint=asdict(kept))
            counts["checkpoints"] += 1
        if reaches_end and head is not None:
            line(head=head)
        counts["lines"] = running.hexdigest()
        line(end=counts, signature=signing.sign(proof.end_message(header, counts)))
    return counts


def _packed(raw: Any, file: Path) -> Any:
    return gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if file.suffix == ".gz" else raw
