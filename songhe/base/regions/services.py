"""Loading the divisions that ship with the package, and adding those of an install."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from django.db import transaction

from songhe.base.regions.models import Region


@transaction.atomic
def load_divisions() -> int:
    """Load provinces, cities and counties of GB/T 2260 (2023 edition); return how many are new."""
    text = (files("songhe.base.regions") / "data/gb2260.json").read_text("utf-8")
    rows: list[Region] = []

    def walk(nodes: list[dict[str, Any]], parent: str | None) -> None:
        for node in nodes:
            code = node["code"]
            rows.append(Region(code=code, name=node["name"], level=len(code), parent_id=parent))
            walk(node.get("children", []), code)

    walk(json.loads(text), None)
    before = Region.objects.count()
    Region.objects.bulk_create(rows, ignore_conflicts=True)
    return Region.objects.count() - before


def add_region(
    *, code: str, name: str, name_en: str = "", lat: float | None = None, lon: float | None = None
) -> Region:
    """Add one division under the one whose code is its longest shorter prefix."""
    parent = next((code[:size] for size in (9, 6, 4, 2) if size < len(code)), None)
    region, _ = Region.objects.update_or_create(
        code=code,
        defaults={
            "name": name,
            "name_en": name_en,
            "level": len(code),
            "parent_id": parent,
            "lat": lat,
            "lon": lon,
        },
    )
    return region
