"""The import contract that import-linter has not: a domain is used through its public rooms."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PUBLIC = frozenset({"terms", "events", "selectors", "services", "bulk", "panels", "wall"})
FOR_CONFIG = frozenset({"apps", "urls", "api"})
BUILDERS = "testing"


class PublicSurfaceContract(Contract):
    """From outside a domain only its public modules may be imported."""

    type_name = "public_surface"
    container = fields.StringField()
    config = fields.StringField()
    builders_for = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every import that crosses a domain's border."""
        broken: list[tuple[str, str, str]] = []
        container = f"{self.container}."
        for imported in sorted(m for m in graph.modules if m.startswith(container)):
            domain, _, room = imported.removeprefix(container).partition(".")
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                if importer.startswith(f"{container}{domain}."):
                    continue
                if not self._may(importer, room.partition(".")[0]):
                    lines = graph.get_import_details(importer=importer, imported=imported)
                    where = ", ".join(str(line["line_number"]) for line in lines)
                    broken.append((importer, imported, where))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def _may(self, importer: str, room: str) -> bool:
        if room in PUBLIC or not room or ".tests." in importer:
            return True
        if room == BUILDERS:
            builders = tuple(str(one) for one in self.builders_for)  # type: ignore[attr-defined]
            own_builders = importer.split(".")[-1] == BUILDERS
            return importer.startswith(builders) or own_builders
        return room in FOR_CONFIG and importer.startswith(f"{self.config}.")

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that reaches into a domain."""
        for importer, imported, where in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported} (line {where})", bold=False)
        output.print_error(f"Public are {', '.join(sorted(PUBLIC))}.", bold=False)
