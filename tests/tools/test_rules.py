"""The house's rules hold, and each check finds what it is there to find."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tools import syntax, translations
from tools.contracts import PublicSurfaceContract
from tools.translations import App, Message

ROOT = Path(__file__).resolve().parents[2]


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_import_contracts_hold() -> None:
    done = run("-c", "from tools.check import contracts; contracts()")
    assert done.returncode == 0, done.stdout


def test_the_syntax_rules_hold() -> None:
    assert syntax.check_all() == []


def test_every_sentence_is_translated() -> None:
    assert [fault for app in translations.apps() for fault in translations.faults(app)] == []


def test_lint_holds() -> None:
    done = run("-m", "ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def graph(*imports: tuple[str, str]) -> grimp.ImportGraph:
    made = grimp.ImportGraph()
    for importer, imported in imports:
        made.add_import(importer=importer, imported=imported, line_number=3, line_contents="…")
    return made


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("songhe.domains.devices.services", "songhe.domains.people.selectors", True),
        ("songhe.domains.devices.services", "songhe.domains.people.models", False),
        ("songhe.domains.devices.services", "songhe.domains.people.services.merge", True),
        ("songhe.domains.people.views", "songhe.domains.people.models", True),
        ("songhe.portals.desk.views", "songhe.domains.people.panels", True),
        ("songhe.portals.desk.views", "songhe.domains.people.testing", False),
        ("songhe.config.demo.county", "songhe.domains.people.testing", True),
        ("songhe.domains.devices.testing", "songhe.domains.people.testing", True),
        ("songhe.domains.devices.tests.test_x", "songhe.domains.people.testing", True),
        ("songhe.config.urls", "songhe.domains.people.urls", True),
        ("songhe.portals.desk.urls", "songhe.domains.people.urls", False),
    ],
)
def test_only_public_rooms_are_open(importer: str, imported: str, allowed: bool) -> None:
    contract = PublicSurfaceContract(
        name="surface",
        session_options={},
        contract_options={
            "container": "songhe.domains",
            "config": "songhe.config",
            "builders_for": ["songhe.config.demo"],
        },
    )
    assert contract.check(graph((importer, imported)), verbose=False).kept is allowed


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("domains/people/views.py", "Person.objects.all()", ".objects"),
        ("domains/people/selectors.py", "Person.objects.all()", ""),
        ("domains/people/services.py", "at = timezone.now()", "in a service"),
        ("domains/people/services/merge.py", "at = datetime.now(UTC)", "in a service"),
        ("domains/people/views.py", "at = timezone.now()", ""),
        ("domains/people/views.py", "_(f'Dear {name}')", "plain text"),
        ("domains/people/views.py", "_('Dear %s' % name)", "plain text"),
        ("domains/people/views.py", "gettext('Dear {}'.format(name))", "plain text"),
        ("domains/people/views.py", "_('Dear %(name)s') % {'name': name}", ""),
    ],
)
def test_the_syntax_checks_find_what_they_should(file: str, source: str, found: str) -> None:
    faults = [*syntax.in_tree(syntax.PACKAGE / file, ast.parse(source))]
    assert len(faults) == bool(found)
    assert all(found in fault for fault in faults)


@pytest.mark.parametrize(
    ("css", "found"),
    [
        (".button { background: var(--crown); }", "vermilion"),
        (".alarm[data-priority=high] { background: var(--crown-wash); }", ""),
        ("@media print { .card { color: #c42810; } }", "raw colour #c42810"),
        (".card { color: rgb(1 2 3); }", "raw colour rgb("),
        (".card { /* #c42810 */ color: var(--ink); }", ""),
        (".card { mask: url(#pine-needle); }", ""),
    ],
)
def test_colours_are_watched(
    css: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = tmp_path / "static" / "kit" / "card.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text(css)
    monkeypatch.setattr(syntax, "PACKAGE", tmp_path)
    monkeypatch.setattr(syntax, "ROOT", tmp_path)
    faults = [*syntax.check_styles()]
    assert len(faults) == bool(found)
    assert all(found in fault for fault in faults)


def test_messages_are_found_in_python_and_in_templates() -> None:
    source = """
_("one")
ngettext("%(n)d bed", "%(n)d beds", n)
pgettext("verb", "alarm")
_(variable)
class Taken(Conflict):
    code: ClassVar[str] = "x.taken"
    message: ClassVar[str] = "Somebody was quicker."
"""
    assert set(translations.in_python(source)) == {
        Message("one"),
        Message("%(n)d bed", "%(n)d beds"),
        Message("alarm", None, "verb"),
        Message("Somebody was quicker."),
    }
    template = """
{% load i18n %}{% translate "Sign in" %} {{ _("Name") }}
<c-field label="{% translate 'Password' %}" :hint="_('At least ten signs')" />
{% blocktranslate count n=n %}{{ n }} bed{% plural %}{{ n }} beds{% endblocktranslate %}
{% blocktranslate trimmed with name=name %}
  Dear {{ name }}
{% endblocktranslate %}
"""
    assert set(translations.in_template(template)) == {
        Message("Sign in"),
        Message("Name"),
        Message("Password"),
        Message("At least ten signs"),
        Message("%(n)s bed", "%(n)s beds"),
        Message("Dear %(name)s"),
    }


def test_missing_fuzzy_stale_and_broken_entries_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    app = App(
        tmp_path / "desk", {Message(text): {"desk/views.py"} for text in ("a", "b", "%(n)s c")}
    )
    file = app.catalogue_file
    file.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    file.write_text(
        head
        + '#, fuzzy\nmsgid "b"\nmsgstr "乙"\n\n'
        + '#, python-format\nmsgid "%(n)s c"\nmsgstr "%(m)s 丙"\n\n'
        + 'msgid "gone"\nmsgstr "旧"\n',
        encoding="utf-8",
    )
    faults = [*translations.faults(app)]
    for words in ("missing 'a'", "fuzzy 'b'", "stale 'gone'", "%(n)s c"):
        assert sum(words in fault for fault in faults) == 1, words
    translations.extract([app])
    text = file.read_text(encoding="utf-8")
    assert "gone" not in text
    assert "fuzzy" not in text
    assert "%(m)s 丙" in text  # what was written is kept for its author to mend


def test_catalogues_are_compiled_for_gettext(tmp_path: Path) -> None:
    import gettext

    po = tmp_path / "songhe" / "desk" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    po.parent.mkdir(parents=True)
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Alarm"\nmsgstr "报警"\n',
        encoding="utf-8",
    )
    translations.compile_all(tmp_path)
    with po.with_suffix(".mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Alarm") == "报警"
