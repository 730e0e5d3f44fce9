"""One sentence is one translation everywhere, unless a context tells two meanings apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import translations
from tools.translations import App

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


def app(folder: Path, zh: str, context: str = "") -> App:
    found = App(folder)
    found.catalogue_file.parent.mkdir(parents=True)
    said = f'msgctxt "{context}"\n' if context else ""
    entry = f'{said}msgid "Call"\nmsgstr "{zh}"\n'
    found.catalogue_file.write_text(HEAD + entry, "utf-8")
    return found


def test_two_words_for_one_sentence_are_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    one, same = app(tmp_path / "one", "打电话"), app(tmp_path / "same", "打电话")
    other = app(tmp_path / "other", "通话", context="what was done")
    assert not list(translations.conflicts([one, same, other]))
    (fault,) = translations.conflicts([one, app(tmp_path / "two", "通话")])
    assert fault.startswith("two/")
    assert "'Call' is '打电话' in one/" in fault
