"""Checks by syntax tree and by text that no linter has: each returns lines `file:line: what`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.translations import KEYWORDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "songhe"
MAX_LINES = 400
NO_OBJECTS = frozenset({"views", "api", "fhir", "panels"})
NO_CLOCK = frozenset({"services", "selectors", "policies", "workflow", "detectors"})
CLOCKS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "timezone.now",
        "timezone.localdate",
        "timezone.localtime",
        "time.time",
        "time.time_ns",
        "time.localtime",
        "time.gmtime",
        "now",
        "Now",
        "localdate",
    }
)
RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\b(?:rgba?|hsla?|oklch|oklab|hwb)\(")
TEMPLATE_COLOUR = re.compile(
    r"""(?:fill|stroke|color|background)\s*[=:]\s*["']?\s*#[0-9a-fA-F]{3,8}"""
)
INLINE = re.compile(
    r"""\s(?:style|on[a-z]+)\s*=\s*["']|<style\b|<script(?![^>]*\bsrc=)(?![^>]*json)"""
)
CROWN = re.compile(r"var\(\s*--(?:on-)?crown")
# count: the three arcs before an SOS call goes out; swatch: the colour's own page in the gallery
CROWN_MAY = re.compile(
    r"mark|sign|alarm|vital|chart|plan|timeline|bed|sos|ward|count|swatch|\[data-lit", re.I
)
# Defaults of keys (decision 0003) and the column of numbered seats (0033), never to be removed.
STABLE_FOR_MIGRATIONS = frozenset({"songhe.kernel.ids", "songhe.engines.booking.fields"})
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def python_files() -> Iterator[Path]:
    """Yield the product's Python files outside tests and migrations."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if not {"tests", "migrations"} & set(path.relative_to(PACKAGE).parts):
            yield path


def rooms(path: Path) -> set[str]:
    """Return the names a module goes by: its own and those of its packages."""
    return {path.stem, *path.relative_to(PACKAGE).parts[:-1]}


def dotted(node: ast.expr) -> str:
    """Return `a.b` of an attribute chain's last two names."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value).split('.')[-1]}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def at(path: Path, line: int, what: str) -> str:
    """Return a fault as editors understand it."""
    return f"{path.relative_to(ROOT)}:{line}: {what}"


def in_tree(path: Path, tree: ast.AST) -> Iterator[str]:
    """Find queries in surfaces, the clock in services, and glued translations."""
    names = rooms(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects" and names & NO_OBJECTS:
            yield at(path, node.lineno, "a surface asks a selector, never .objects")
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        if names & NO_CLOCK and called in CLOCKS:
            yield at(path, node.lineno, f"{called}() in a service: the time comes as an argument")
        if called.split(".")[-1] in KEYWORDS and any(_glued(one) for one in node.args):
            yield at(path, node.lineno, "a translation call takes a plain text; fill it in after")


def _glued(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.BinOp):
        return any(
            isinstance(side, ast.Constant) and isinstance(side.value, str)
            for side in (node.left, node.right)
        )
    is_format = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_format and node.func.attr == "format"  # type: ignore[attr-defined]


def check_python() -> Iterator[str]:
    """Check every Python file."""
    for path in python_files():
        source = path.read_text(encoding="utf-8")
        count = source.count("\n")
        if count > MAX_LINES:
            yield at(path, MAX_LINES, f"{count} lines: a file over {MAX_LINES} becomes a package")
        yield from in_tree(path, ast.parse(source))


def check_migrations() -> Iterator[str]:
    """Find migrations that import our code: what it is today is not what it was."""
    for path in sorted(PACKAGE.rglob("migrations/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            ours = {module for module in modules if module.split(".")[0] == "songhe"}
            if ours - STABLE_FOR_MIGRATIONS:
                yield at(path, node.lineno, "a migration imports our code")  # type: ignore[attr-defined]


def rules(css: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, selector, body) of each innermost rule of a style sheet without comments."""
    for match in re.finditer(r"([^{};]+)\{([^{}]*)\}", css):
        line = css.count("\n", 0, match.start(2)) + 1
        yield line, " ".join(match[1].split()), match[2]


def check_styles() -> Iterator[str]:
    """Raw colours live in tokens.css alone; vermilion belongs to alarms and SOS (law 1)."""
    for path in sorted(PACKAGE.rglob("static/**/*.css")):
        if path.name == "tokens.css":
            continue
        text = path.read_text(encoding="utf-8")
        css = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
        for line, selector, body in rules(css):
            for match in RAW_COLOUR.finditer(body):
                yield at(path, line, f"raw colour {match[0]} outside tokens.css")
            if CROWN.search(body) and not CROWN_MAY.search(selector):
                yield at(path, line, f"vermilion outside an alarm: {selector}")


def check_templates() -> Iterator[str]:
    """No inline style, script or colour: the Content-Security-Policy would refuse them."""
    for path in sorted(PACKAGE.rglob("templates/**/*.html")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if INLINE.search(line):
                yield at(path, number, "inline style or script")
            if TEMPLATE_COLOUR.search(line):
                yield at(path, number, "raw colour in a template")


def check_all() -> list[str]:
    """Return every fault of every check."""
    return [*check_python(), *check_migrations(), *check_styles(), *check_templates()]


def main() -> int:
    """Print the faults; return 1 when there is one."""
    found = check_all()
    for fault in found:
        print(fault)
    print(f"syntax: {len(found)} faults")
    return 1 if found else 0
