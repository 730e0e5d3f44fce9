"""Message catalogues without system tools: extract, check, compile."""

import sys
from pathlib import Path

from babel.messages import mofile, pofile

ROOT = Path(__file__).resolve().parent.parent


def compile_all() -> int:
    for po in sorted((ROOT / "songhe").glob("**/locale/*/LC_MESSAGES/django.po")):
        with po.open("rb") as source:
            catalogue = pofile.read_po(source)
        with po.with_suffix(".mo").open("wb") as target:
            mofile.write_mo(target, catalogue)
    return 0


if __name__ == "__main__":
    sys.exit(compile_all())
