"""`./dev train NAME`: learn a model's weights anew and write them into the package.

docs/models/NAME.md tells from what; `./dev evaluate` measures them afterwards.
"""
# This tool needs: requirements-lab.lock

from __future__ import annotations

import argparse
import importlib
import json
import sys

# Models, and the module of `training` that learns each.
MODELS: dict[str, str] = {
    "fall-array": "fall_array",
    "ecg-beat": "ecg_beat",
    "activity": "activity",
    "fall-worn": "fall_worn",
    "fall-silence": "fall_silence",
    "radar-activity": "radar_activity",
    "sleep-wake": "sleep_wake",
}


def main(argv: list[str]) -> int:
    """Learn one model."""
    parser = argparse.ArgumentParser(prog="./dev train", description=__doc__)
    parser.add_argument("name", choices=tuple(MODELS))
    given = parser.parse_args(argv)
    found = importlib.import_module(f"training.{MODELS[given.name]}").train()
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
