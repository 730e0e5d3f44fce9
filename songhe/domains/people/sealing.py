"""What of people is sealed: ID numbers, phones, addresses. The one place that knows how."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from songhe.base import vault
from songhe.domains.people import idnumber
from songhe.domains.people.models import Contact, Home, Person

_NUMBER, _PHONE, _CALL = "people.Person.id_number", "people.Person.phone", "people.Contact.phone"


def put_id_number(person: Person, given: str, *, today: date) -> str:
    """Seal an ID number into a person's row; return it as it is written. Raises BadIdNumber."""
    number, _, _ = idnumber.parse(given, today=today)
    person.id_number_sealed = vault.seal(number, field=_NUMBER, pk=person.pk)
    person.id_number_index = vault.blind_index(number, field=_NUMBER)
    return number


def number_indexes(given: str) -> list[bytes]:
    """Return every blind index under which an ID number may be stored, the newest key's first."""
    return vault.blind_indexes(given.strip().upper(), field=_NUMBER)


def older_indexes(numbers: Iterable[str]) -> list[bytes]:
    """Return the blind indexes of ID numbers under the older keys; none while there is one key."""
    return [index for number in numbers for index in number_indexes(number)[1:]]


def put_phone(person: Person, phone: str) -> None:
    """Seal a person's own number into her row."""
    person.phone_sealed = vault.seal(phone, field=_PHONE, pk=person.pk)


def put_call(contact: Contact, phone: str) -> None:
    """Seal the number of somebody to call into the row."""
    contact.phone_sealed = vault.seal(phone, field=_CALL, pk=contact.pk)


def call_of(contact: Contact) -> str:
    """Open the number of somebody to call. Raises VaultClosed."""
    return vault.unseal(contact.phone_sealed, field=_CALL, pk=contact.pk)


def phone_of(person: Person) -> str | None:
    """Open a person's own number, None where none is known. Raises VaultClosed."""
    sealed = person.phone_sealed
    return None if sealed is None else vault.unseal(sealed, field=_PHONE, pk=person.pk)


def put_address(home: Home, address: str) -> None:
    """Seal an address into the row of a dwelling."""
    home.address_sealed = vault.seal(address, field=Home.ADDRESS, pk=home.pk)
