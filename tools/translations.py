"""Message catalogues without system tools: extract, check, compile.

Each app owns its catalogue (`locale/zh_Hans/LC_MESSAGES/django.po`); what belongs to no app (the
kernel's sentences) goes to the kit's. Chinese must be complete: the check fails on a missing, a
fuzzy, a stale or a malformed entry.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "songhe"
FALLBACK_APP = PACKAGE / "kit"
LOCALE = "zh_Hans"
FIXED_DATE = datetime(2026, 1, 1, tzinfo=UTC)  # a date that moves would be in every diff
# function → positions of (context, singular, plural); None where there is none
KEYWORDS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
LITERAL = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
CALL = re.compile(rf"\b(_|n?p?gettext)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)")


@dataclass(frozen=True)
class Message:
    """One sentence to translate: its context, its singular and its plural."""

    text: str
    plural: str | None = None
    context: str | None = None

    @property
    def id(self) -> str | tuple[str, str]:
        """Return the id as Babel wants it."""
        return (self.text, self.plural) if self.plural else self.text


@dataclass
class App:
    """An app's folder and the messages found in it."""

    folder: Path
    found: dict[Message, set[str]] = field(default_factory=dict)

    @property
    def catalogue_file(self) -> Path:
        """Return the app's Chinese catalogue."""
        return self.folder / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def from_arguments(name: str, arguments: list[str | None]) -> Message | None:
    """Return the message of a translation call, or None when its text is not a literal."""
    context, text, plural = KEYWORDS[name]
    try:
        chosen = arguments[text]
        if not chosen:
            return None
        return Message(
            chosen,
            None if plural is None else arguments[plural],
            None if context is None else arguments[context],
        )
    except IndexError:
        return None


def in_python(source: str) -> Iterator[Message]:
    """Find translation calls, and the sentences of error classes (a `code` beside a `message`)."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in KEYWORDS:
                message = from_arguments(name, [_literal(one) for one in node.args])
                if message:
                    yield message
        elif isinstance(node, ast.ClassDef):
            values = dict(_assignments(node))
            if "code" in values and values.get("message"):
                yield Message(str(values["message"]))


def _literal(node: ast.expr) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else None  # type: ignore[attr-defined]


def _assignments(node: ast.ClassDef) -> Iterator[tuple[str, str | None]]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, _literal(statement.value)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, _literal(statement.value) if statement.value else None


def in_template(source: str) -> Iterator[Message]:
    """Find translate and blocktranslate tags, `_()` in expressions and in cotton's attributes."""
    from django.utils.translation.template import templatize

    for text in (templatize(source), source):
        for match in CALL.finditer(text):
            literals = [ast.literal_eval(one) for one in re.findall(LITERAL, match[2])]
            message = from_arguments(match[1], literals)
            if message:
                yield message


def apps(only: Iterable[Path] = ()) -> list[App]:
    """Return every app with the messages of its own files."""
    folders = {path.parent for path in PACKAGE.rglob("apps.py")}
    found = {folder: App(folder) for folder in sorted(folders)}
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.txt")]
    for path in sorted(files):
        parts = path.relative_to(PACKAGE).parts
        if "tests" in parts or "migrations" in parts or "static" in parts:
            continue
        is_template = path.suffix != ".py"
        if is_template and "templates" not in parts:
            continue
        owner = next((one for one in path.parents if one in folders), FALLBACK_APP)
        if owner not in found:
            continue
        source = path.read_text(encoding="utf-8")
        for message in in_template(source) if is_template else in_python(source):
            where = found[owner].found.setdefault(message, set())
            where.add(str(path.relative_to(ROOT)))
    wanted = [one.resolve() for one in only]
    return [
        app
        for app in found.values()
        if not wanted or any(app.folder == one or one in app.folder.parents for one in wanted)
    ]


def read(path: Path) -> Catalog:
    """Read a catalogue, or return an empty one."""
    if not path.exists():
        return Catalog(locale=LOCALE)
    with path.open("rb") as source:
        return pofile.read_po(source, locale=LOCALE)


def extract(chosen: list[App]) -> int:
    """Write every app's catalogue anew: new messages empty, stale ones gone, the rest as it was."""
    missing = 0
    for app in chosen:
        if not app.found:
            app.catalogue_file.unlink(missing_ok=True)
            continue
        old = read(app.catalogue_file)
        fresh = Catalog(
            locale=LOCALE,
            domain="django",
            project="Songhe",
            version="1",
            fuzzy=False,
            header_comment="# Songhe",
            creation_date=FIXED_DATE,
            revision_date=FIXED_DATE,
            last_translator="Songhe",
            language_team="Songhe",
            charset="utf-8",
        )
        for message, places in sorted(app.found.items(), key=lambda item: _key(item[0])):
            known = old.get(message.text, message.context)
            text = known.string if known is not None and not known.fuzzy else None
            if text is not None and message.plural and isinstance(text, str):
                text = (text,)
            fresh.add(
                message.id,
                text,
                locations=[(place, 1) for place in sorted(places)],
                context=message.context,
            )
            missing += not _complete(text)
        app.catalogue_file.parent.mkdir(parents=True, exist_ok=True)
        with app.catalogue_file.open("wb") as target:
            pofile.write_po(target, fresh, width=100, include_lineno=False, ignore_obsolete=True)
    print(f"translations: {sum(len(app.found) for app in chosen)} messages, {missing} to translate")
    return 0


def _key(message: Message) -> tuple[str, str]:
    return message.text.casefold(), message.context or ""


def _complete(text: object) -> bool:
    return all(text) if isinstance(text, (list, tuple)) and text else bool(text)


def faults(app: App) -> Iterator[str]:
    """Say what is wrong with an app's catalogue."""
    where = app.catalogue_file.relative_to(ROOT)
    catalogue = read(app.catalogue_file)
    for message, places in sorted(app.found.items(), key=lambda item: _key(item[0])):
        entry = catalogue.get(message.text, message.context)
        if entry is None or not _complete(entry.string):
            yield f"{where}: missing {message.text!r} ({', '.join(sorted(places))})"
        elif entry.fuzzy:
            yield f"{where}: fuzzy {message.text!r}"
    known = {(message.text, message.context) for message in app.found}
    for entry in catalogue:
        text = entry.id[0] if isinstance(entry.id, (list, tuple)) else entry.id
        if text and (text, entry.context) not in known:
            yield f"{where}: stale {text!r}"
        for error in entry.check(catalogue):
            yield f"{where}: {text!r}: {error}"


def conflicts(everything: Iterable[App]) -> Iterator[str]:
    """Say which sentences have two translations: pages would show that of the first app alone."""
    said: dict[tuple[Any, str | None], tuple[object, Path]] = {}
    for app in everything:
        where = app.catalogue_file.relative_to(ROOT)
        for entry in read(app.catalogue_file):
            if not entry.id or not _complete(entry.string):
                continue
            string = entry.string[0] if isinstance(entry.string, (list, tuple)) else entry.string
            text = entry.id[0] if isinstance(entry.id, (list, tuple)) else entry.id
            first, there = said.setdefault((text, entry.context), (string, where))
            if first != string:
                yield f"{where}: {text!r} is {first!r} in {there}: agree, or give it a context"


def check(chosen: list[App]) -> int:
    """Print every fault; return 1 when there is one."""
    found = [fault for app in chosen for fault in faults(app)]
    found += conflicts(apps())
    for fault in found:
        print(fault)
    count = sum(len(app.found) for app in chosen)
    print(f"translations: {count} messages in {len(chosen)} apps, {len(found)} faults")
    if found:
        print("translations: ./dev translations extract writes the catalogues anew")
    return 1 if found else 0


def compile_all(root: Path = ROOT) -> int:
    """Write the binary catalogue beside every .po that is newer."""
    for po in sorted((root / "songhe").rglob("locale/*/LC_MESSAGES/django.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime > po.stat().st_mtime:
            continue
        with po.open("rb") as source:
            catalogue = pofile.read_po(source)
        fresh = mo.with_suffix(".mo.new")
        with fresh.open("wb") as target:
            mofile.write_mo(target, catalogue)
        fresh.replace(mo)
    return 0


def main(argv: list[str]) -> int:
    """Run `./dev translations`."""
    parser = argparse.ArgumentParser(prog="./dev translations", description=__doc__)
    parser.add_argument("what", choices=("extract", "check", "compile"))
    parser.add_argument("folders", nargs="*", type=Path, help="only the apps below these folders")
    arguments = parser.parse_args(argv)
    if arguments.what == "compile":
        return compile_all()
    chosen = apps(arguments.folders)
    return extract(chosen) if arguments.what == "extract" else check(chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
