"""The system's browser, fonts and MQTT clients that some tests need; installed where we may."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CJK_FOLDERS = ("/usr/share/fonts/opentype/noto", "/usr/share/fonts")


@dataclass(frozen=True)
class Need:
    """Something of the system that tests use, the package that has it, and whether it is here."""

    what: str
    package: str
    present: bool


def browser() -> str | None:
    """Return the path of the system's browser."""
    given = os.environ.get("SONGHE_BROWSER")
    return given or next((path for name in BROWSERS if (path := shutil.which(name))), None)


def has_chinese_font() -> bool:
    """Tell whether a font with Chinese glyphs is installed."""
    if shutil.which("fc-list"):
        done = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
        return bool(done.stdout.strip())
    return any(
        next(Path(folder).rglob("NotoSansCJK*"), None) is not None
        for folder in CJK_FOLDERS
        if Path(folder).is_dir()
    )


def needs() -> list[Need]:
    """Return what the tests want from the system."""
    return [
        Need("a browser", "chromium", browser() is not None),
        Need("a Chinese font", "fonts-noto-cjk", has_chinese_font()),
        Need("MQTT command-line clients", "mosquitto-clients", bool(shutil.which("mosquitto_pub"))),
    ]


def provide() -> list[Need]:
    """Install what is missing where that is possible, saying so; return what is still missing."""
    missing = [need for need in needs() if not need.present]
    if not missing:
        return []
    names = " ".join(need.package for need in missing)
    wanted = ", ".join(need.what for need in missing)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        why = "apt-get is not here" if os.geteuid() == 0 else "only root may install"
        print(f"test: {wanted} missing and {why}; on Debian: sudo apt-get install {names}")
        return missing
    print(f"test: installing {wanted} with apt-get ({names})", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names.split()],
    ):
        done = subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(f"test: {' '.join(argv)} failed:\n{done.stdout[-2000:]}")
            break
    return [need for need in needs() if not need.present]
