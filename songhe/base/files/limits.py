"""What is taken and how it is kept: the facts of data/limits.yaml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml


@cache
def limits() -> dict[str, Any]:
    """Return the facts as they stand in the file."""
    text = (files("songhe.base.files") / "data/limits.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
