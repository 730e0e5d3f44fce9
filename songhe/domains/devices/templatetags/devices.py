"""Words of devices in templates."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.utils.translation import get_language

from songhe.domains.devices import words
from songhe.kernel.codes import Code
from songhe.kit import formats

register = template.Library()


@register.filter
def code_name(code: Code) -> str:
    """Return a code's name in the reader's language."""
    return code.en if (get_language() or "").startswith("en") else code.zh


@register.filter
def seconds(length_s: int) -> str:
    """Return a length in seconds in words: 5 minutes."""
    return formats.span(timedelta(seconds=length_s))


@register.filter
def command_word(name: str) -> str:
    """Return the word of a command."""
    return words.command_word(name)
