"""Fixed samples for the style gallery; nothing here comes from a database."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any


def context(zone: tzinfo) -> dict[str, Any]:
    """Return what the gallery template shows."""
    return {}
