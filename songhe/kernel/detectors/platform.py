"""The one comparison of rules about the platform: a figure of a sample against the rule's limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_beyond(params: Mapping[str, Any], value: float | None) -> bool | None:
    """Tell whether a figure is beyond `above` or `below`; None where the figure is not known."""
    if value is None:
        return None
    above, below = params.get("above"), params.get("below")
    return (above is not None and value > above) or (below is not None and value < below)
