"""The figures that home care beds go by (data/homecare.yaml)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def params() -> dict[str, Any]:
    """Return the figures with their version and status."""
    text = (files("songhe.domains.homecare") / "data/homecare.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
