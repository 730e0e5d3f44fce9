"""JSON Schemas and the table of codes of device interface 1, made from what decodes it.

`python -m songhe.gateway.decoders.schemas docs/interface` writes them; a test keeps them true.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec
import yaml

from songhe.gateway.decoders.gatt import GattMessage
from songhe.gateway.decoders.interface1 import MESSAGES_MAX, SHAPES
from songhe.kernel import codes
from songhe.kernel.wire import CommandMessage

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schema of each kind by name; upward kinds allow one message or an array."""
    shapes: dict[str, type[Any]] = {**SHAPES, "gatt": GattMessage}
    found = {kind: _upward(kind, shape) for kind, shape in shapes.items()}
    found["commands"] = _named("commands", msgspec.json.schema(CommandMessage))
    return found


def _named(kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": _DRAFT, "$id": f"urn:songhe:device-interface:1:{kind}", **schema}


def _upward(kind: str, shape: type[Any]) -> dict[str, Any]:
    (one,), definitions = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MESSAGES_MAX}
    return _named(kind, {"anyOf": [one, many], "$defs": definitions})


def text(schema: dict[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def code_table() -> str:
    """Return the codes that readings may carry, as CSV: names, unit, other units, range."""
    raw = yaml.safe_load((resources.files("songhe.kernel") / "data/codes.yaml").read_text("utf-8"))
    units = sorted({rule["unit"] for rule in raw["conversions"]})
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["code", "en", "zh", "unit", "units_converted", "low", "high"])
    for code in codes.all_codes():
        others = " ".join(unit for unit in units if _converts(code, unit))
        row = [code.code, code.en, code.zh, code.unit, others, f"{code.low:g}", f"{code.high:g}"]
        table.writerow(row)
    return out.getvalue()


def _converts(code: codes.Code, unit: str) -> bool:
    if unit == code.unit:
        return False
    try:
        codes.convert(code.number, 1.0, unit)
    except codes.UnknownUnit:
        return False
    return True


def files() -> dict[str, str]:
    """Return the generated files of docs/interface by name."""
    found = {f"schemas/{kind}.schema.json": text(schema) for kind, schema in schemas().items()}
    return found | {"codes.csv": code_table()}


def main() -> None:
    """Write the generated files into a folder."""
    folder = Path(sys.argv[1])
    for name, content in files().items():
        (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
