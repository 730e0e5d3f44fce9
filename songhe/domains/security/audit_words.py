"""What records of the audit and of the history say to a reader: words as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.utils.translation import get_language

_Words = dict[str, dict[str, str]]


@cache
def _data(name: str) -> dict[str, _Words]:
    text = (files("songhe.domains.security") / f"data/{name}.yaml").read_text("utf-8")
    found: dict[str, _Words] = yaml.safe_load(text)
    return found


def is_english() -> bool:
    """Tell whether the reader's language is English."""
    return (get_language() or "zh").startswith("en")


def _say(entry: dict[str, str] | None, code: str, prefix: str = "") -> str:
    language = "en" if is_english() else "zh"
    return (entry or {}).get(prefix + language, "" if prefix else code)


def action_words(code: str) -> str:
    """Return what was done, the code where it has no words yet."""
    return _say(_data("actions")["actions"].get(code), code)


def known_actions() -> list[tuple[str, str]]:
    """Return every action that has words, for a choice, in the order of the words."""
    return sorted(
        ((code, action_words(code)) for code in _data("actions")["actions"]), key=lambda one: one[1]
    )


def why_words(action: str, purpose: str) -> str:
    """Return why it was done: the stated purpose, else the reason for such an action, or ""."""
    said = _data("actions")["purposes"].get(purpose)
    if said is not None or purpose:
        return _say(said, purpose)
    return _say(_data("actions")["actions"].get(action), "", "why_")


def table_words(table: str) -> str:
    """Return what a table of the history is called."""
    return _say(_data("rows")["tables"].get(table), table)


def thing_words(thing: str) -> str:
    """Return what kind of thing a record of the audit is about, "" where it has no words."""
    words = _data("rows")
    return _say(words["tables"].get(thing) or words["things"].get(thing), "")


def column_words(column: str) -> str:
    """Return what a column of the history is called."""
    return _say(_data("rows")["columns"].get(column), column)


def class_of(table: str, column: str) -> str:
    """Return the class of fields that a column belongs to; identity where nothing is said."""
    words: dict[str, Any] = _data("rows")
    for found in (words["columns"].get(column), words["tables"].get(table)):
        if found is not None and "class" in found:
            return str(found["class"])
    return "identity"
