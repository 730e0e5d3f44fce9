"""`./dev evaluate NAME [FOLDER] [--json FILE]`: one detector on a folder of recordings.

NAME is a folder's name in ../shared/data; FOLDER another of the same shape (its files may end in
another suffix). `./dev evaluate report` measures all and writes docs/evaluation.md.
"""
# This tool needs: requirements-lab.lock

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import sys
import time
from pathlib import Path

from evaluation import files, report
from evaluation.outcome import Outcome
from songhe.kernel.errors import SongheError

# The sets, and the module of `evaluation` that measures each.
SETS = {
    "falls_imu_sisfall": "falls_worn",
    "falls_imu_umafall": "falls_worn",
    "falls_wrist_wedafall": "falls_worn",
    "falls_watch_smartfallmm": "falls_worn",
    "falls_ir_fir16x16": "falls_array",
    "falls_ir_d6t_4x4": "falls_array",
    "radar_pointcloud_radhar": "radar",
    "ecg_mitdb": "heart",
    "sleep_walch_applewatch": "sleep",
    "adl_kasteren": "homes",
    "adl_ordonez": "homes",
    "adl_casas_al": "homes",
    "ble_rssi": "beacons",
    "cgm_iglu": "glucose",
    "clinical_scores_gdl2": "scores",
    "gait_imu_ipol": "gait",
    "tug_skeleton_smartfallmm": "tug",
    "fall_risk_tug_acc": "fall_risk",
}


def measure(name: str, folder: Path) -> Outcome:
    """Measure one set on a folder of its shape; raises NoRecording."""
    found: Outcome = importlib.import_module(f"evaluation.{SETS[name]}").evaluate(name, folder)
    return found


def main(argv: list[str]) -> int:
    """Measure and tell; 0 when it came to its end, whatever the figures."""
    parser = argparse.ArgumentParser(prog="./dev evaluate", description=__doc__)
    parser.add_argument("name", choices=(*SETS, "report"))
    parser.add_argument("folder", type=Path, nargs="?", help="the recordings (../shared/data/NAME)")
    parser.add_argument("--json", type=Path, help="write the keys as one flat JSON object")
    parser.add_argument("--only", default="", help="report: measure these anew, with commas")
    given = parser.parse_args(argv)
    if given.name == "report":
        return report.main(measure, tuple(SETS), [n for n in given.only.split(",") if n])
    folder = (given.folder or files.HOME / given.name).resolve()
    began = time.monotonic()
    try:
        outcome = measure(given.name, folder)
    except SongheError as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 1
    took_s = time.monotonic() - began
    sys.stdout.write(report.section(given.name, outcome, took_s))
    if given.json:
        keys = {k: None if math.isnan(v) else v for k, v in outcome.keys.items()}
        given.json.write_text(json.dumps(keys, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    sys.exit(main(sys.argv[1:]))
