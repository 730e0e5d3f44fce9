"""What the services of people share: refusals, rights, locks."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from songhe.base.access import policies, wall
from songhe.base.access.actor import Actor
from songhe.domains.people import terms
from songhe.domains.people.models import Person
from songhe.domains.people.sealing import older_indexes
from songhe.domains.people.selectors import NoSuchPerson
from songhe.kernel.errors import Conflict, Denied, Invalid


class AlreadyRegistered(Conflict):
    code = "people.already_registered"
    message = "A person with this ID number is registered already."


class NotAChoice(Invalid):
    code = "people.not_a_choice"
    message = "The value %(given)s is not one of these: %(known)s."


def check_choices(*, sex: str, living: str, care_level: int | None) -> None:
    """Make sure that what is told of a person is among what is known. Raises NotAChoice."""
    for field, given, known in (
        ("sex", sex, terms.Sex.values),
        ("living", living, terms.Living.values),
        ("care_level", care_level, [None, *terms.CareLevel.values]),
    ):
        if given not in known:
            words = ", ".join(str(one) for one in known if one is not None)
            raise NotAChoice(field=field, given=str(given)[:30], known=words)


def check_new(numbers: Sequence[str]) -> None:
    """Make sure that nobody has one of these ID numbers under an older key of the vault.

    Under the newest one the table itself does. 1 query, none while there is one key.
    Raises AlreadyRegistered.
    """
    older = older_indexes(numbers)
    with wall.lifted():  # whether somebody has it, not who
        taken = bool(older) and Person.objects.filter(id_number_index__in=older).exists()
    if taken:
        raise AlreadyRegistered(field="id_number")


def covered(actor: Actor, action: str, region_code: str) -> None:
    """Make sure that the actor may do this in a region. Raises Denied."""
    if not actor.is_system and not actor.covers(action, region_code):
        raise Denied(action=action)


def locked(actor: Actor, action: str, person_id: UUID) -> Person:
    """Return a person's row, locked, within the actor's scope. Raises NoSuchPerson, Denied."""
    rows = policies.scope(actor, Person.objects.select_for_update(of=("self",)), action)
    person = rows.filter(pk=person_id).first()
    if person is None:
        raise NoSuchPerson
    policies.authorise(actor, action, person)
    return person
