"""Registering by a machine: nobody compares entries there, so who may be the same is refused."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.base.regions import days
from songhe.base.regions import selectors as regions
from songhe.domains.people import duplicates, idnumber, services
from songhe.domains.people.models import Person, PersonRecord
from songhe.domains.people.services.common import AlreadyRegistered, covered
from songhe.kernel.errors import Conflict, Invalid

REGISTER = "people.register_person"


class MayBeTheSame(Conflict):
    """The answer says how many, not who: they may be looked for by who may see them."""

    code = "people.may_be_the_same"
    message = "%(count)s registered persons may be the same one. Compare, then say it is another."


class NoSuchCommunity(Invalid):
    code = "people.no_such_community"
    message = "There is no community %(given)s."


class AddressMissing(Invalid):
    code = "people.address_missing"
    message = "Give the address in the community too, or say elsewhere."


def record(
    *,
    actor: Actor,
    person_id: UUID,
    fact: services.Fact,
    since: date,
    between: bool,
    at: datetime,
) -> PersonRecord:
    """Record what a machine tells. Raises NoSuchCommunity, AddressMissing; as record_fact."""
    if fact.region_code:
        _check_community(fact.region_code)
        if not fact.address.strip():
            raise AddressMissing(field="address")
    return services.record_fact(
        actor=actor,
        person_id=person_id,
        fact=fact,
        since=days.begin_of(since),
        at=at,
        between=between,
    )


def _check_community(region_code: str) -> None:
    if region_code not in regions.by_code([region_code]):
        raise NoSuchCommunity(field="region_code", given=region_code)


def enrol(
    *,
    actor: Actor,
    name: str,
    id_number: str,
    region_code: str,
    address: str,
    lives_since: date | None,
    living: str,
    phone: str,
    another: bool,
    at: datetime,
) -> Person:
    """Register a person with an ID number, from which birth date and sex are taken.

    another: who is alike was compared and is somebody else. Raises Denied, BadIdNumber,
    NoSuchCommunity, AlreadyRegistered, MayBeTheSame and what register_resident raises.
    """
    covered(actor, REGISTER, region_code)
    number, birth_on, sex = idnumber.parse(id_number, today=days.day_of(at))
    _check_community(region_code)
    alike = duplicates.find(
        actor,
        name=name,
        birth_on=birth_on,
        sex=sex,
        number=number,
        phone=phone,
        region_code=region_code,
        at=at,
    )
    if any(one.is_certain for one in alike):
        raise AlreadyRegistered(field="id_number")
    if alike and not another:
        raise MayBeTheSame(field="another", count=len(alike))
    return services.register_resident(
        actor=actor,
        name=name,
        sex=sex,
        birth_on=birth_on,
        region_code=region_code,
        address=address,
        since=days.begin_of(lives_since) if lives_since is not None else None,
        living=living,
        id_number=number,
        phone=phone,
        at=at,
    )
