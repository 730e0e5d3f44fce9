"""Which columns of the house are sealed: by their name, so that none can be forgotten.

A binary field `phone_sealed` of people.Person holds what is sealed as "people.Person.phone"; a
field `id_number_index` beside it is its blind index. The primary key is a UUID.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models

_SEALED, _INDEX = "_sealed", "_index"


@dataclass(frozen=True, slots=True)
class SealedField:
    """One sealed column. index is the column of its blind index, "" where it has none."""

    field: str
    table: str
    column: str
    index: str


def sealed_fields() -> Iterator[SealedField]:
    """Yield every sealed column of the installed apps, in the order of their names."""
    for model in sorted(apps.get_models(), key=lambda one: one._meta.label):
        names = {field.attname for field in model._meta.concrete_fields}
        for field in model._meta.concrete_fields:
            if isinstance(field, models.BinaryField) and field.attname.endswith(_SEALED):
                stem = field.attname.removesuffix(_SEALED)
                index = stem + _INDEX
                yield SealedField(
                    field=f"{model._meta.label}.{stem}",
                    table=model._meta.db_table,
                    column=field.column,
                    index=index if index in names else "",
                )
