"""A list of persons to take along: columns by what is open, every person audited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions import selectors as regions
from songhe.domains.people import sealing, selectors, terms
from songhe.domains.people.models import Person
from songhe.domains.people.selectors import PersonView
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Invalid

EXPORT = "people.export_persons"
MOST = 50_000
AT_ONCE = 1000


class TooManyToExport(Invalid):
    code = "people.too_many_to_export"
    message = "The list has more than %(most)s persons. Narrow it to a region first."


@dataclass(frozen=True, slots=True)
class Field:
    """A column. needs: the class of fields that must be open, else the cell says so."""

    label: Any
    value: Callable[[Person, PersonView], str]
    needs: str = ""


CLOSED = _("(not open)")
FIELDS = (
    Field(_("Name"), lambda row, view: view.name),
    Field(_("Sex"), lambda row, view: str(terms.Sex(view.sex).label)),
    Field(_("Birth date"), lambda row, view: str(view.birth_on or ""), "identity"),
    Field(_("ID number"), lambda row, view: sealing.id_number_of(row) or "", "identity"),
    Field(_("Own phone"), lambda row, view: sealing.phone_of(row) or "", "contact"),
    Field(_("Living situation"), lambda row, view: str(terms.Living(view.living).label)),
    Field(
        _("Ability level"),
        lambda row, view: (
            "" if view.care_level is None else str(terms.CareLevel(view.care_level).label)
        ),
        "health",
    ),
)
HOME = (_("Community"), _("Address"))


def export_persons(
    actor: Actor,
    *,
    words: str,
    region_prefix: str,
    reason: str,
    kind: Format,
    at: datetime,
) -> bytes:
    """Return the filtered list as a file; who took whom along and why is audited.

    What is not open is left closed cell by cell. Raises TooManyToExport.
    """
    rows: list[Person]
    if words.strip():
        found = selectors.find_persons(actor, words, action=EXPORT, region_prefix=region_prefix)
        rows = found.persons
    else:
        rows = list(
            selectors.list_persons(actor, region_prefix=region_prefix, action=EXPORT)[: MOST + 1]
        )
    if len(rows) > MOST:
        raise TooManyToExport(most=MOST)
    audit.record_change(
        actor=actor,
        action=EXPORT,
        ref="people.Person",
        at=at,
        detail={"reason": reason, "persons": len(rows), "region": region_prefix},
    )
    refs = [f"people.Person/{row.pk}" for row in rows]
    audit.record_reads(actor=actor, action=EXPORT, refs=refs, at=at)
    heads = [*(field.label for field in FIELDS), *HOME]
    return writing.write(heads, _cells(actor, rows, at), kind=kind, title=_("Persons"))


def _cells(actor: Actor, rows: list[Person], at: datetime) -> Iterator[list[str]]:
    for begin in range(0, len(rows), AT_ONCE):
        some = rows[begin : begin + AT_ONCE]
        homes = selectors.homes_by_person([row.pk for row in some], at=at)
        names = regions.names(sorted({row.region_code for row in some}))
        for row in some:
            view = selectors.view_of(actor, row)
            home = homes.get(row.pk)
            yield [
                *(
                    field.value(row, view)
                    if not field.needs or field.needs in view.fields
                    else str(CLOSED)
                    for field in FIELDS
                ),
                names.get(row.region_code, row.region_code),
                (home.address if home else "") if "contact" in view.fields else str(CLOSED),
            ]
