"""Words of tables in templates."""

from __future__ import annotations

from django import template

from songhe.domains.security import audit_words

register = template.Library()


@register.filter
def table_words(table: str) -> str:
    """Return what a table is called in the reader's language."""
    return audit_words.table_words(table)
