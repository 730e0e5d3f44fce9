"""The canonical form of an entry, of which its digest is made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from uuid import UUID


def digest(
    *,
    key: str,
    kind: str,
    ref: str,
    unit: str,
    on: date,
    reverses: UUID | None,
    amounts: Mapping[UUID, int],
) -> bytes:
    """Return SHA-256 of what an entry says: JSON with sorted keys, amounts by account in order.

    When and by whom it was recorded is not part of it: asked again it is the same entry.
    """
    said = {
        "key": key,
        "kind": kind,
        "ref": ref,
        "unit": unit,
        "on": on.isoformat(),
        "reverses": reverses and str(reverses),
        "amounts": [[str(account), amounts[account]] for account in sorted(amounts)],
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
