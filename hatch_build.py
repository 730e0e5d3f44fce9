"""Build hooks: dependencies from requirements.in, message catalogues compiled with Babel."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


class Dependencies(MetadataHookInterface):
    """Read the dependencies from the file that the lock is made from."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in the one dynamic field."""
        lines = (Path(self.root) / "requirements.in").read_text(encoding="utf-8").splitlines()
        bare = (line.split("#")[0].strip() for line in lines)
        metadata["dependencies"] = [line for line in bare if line]


class Catalogues(BuildHookInterface):  # type: ignore[type-arg]
    """Put compiled catalogues into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are gathered; `artifacts` lets them through .gitignore."""
        sys.path.insert(0, self.root)
        from tools.translations import compile_all

        compile_all(Path(self.root))
        build_data["artifacts"].append("songhe/**/*.mo")
