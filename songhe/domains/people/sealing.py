"""What of people is sealed: ID numbers, phones, addresses. The one place that knows how."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from songhe.base import vault
from songhe.domains.people import idnumber
from songhe.domains.people.models import Contact, Home, Person, PersonFact, PersonRecord

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
    home.address_index = vault.blind_index(address, field=Home.ADDRESS)


def address_indexes(address: str) -> list[bytes]:
    """Return every blind index under which an address may be stored."""
    return vault.blind_indexes(address, field=Home.ADDRESS)


def id_number_of(person: Person) -> str | None:
    """Open a person's ID number, None where none is known. Raises VaultClosed."""
    sealed = person.id_number_sealed
    return None if sealed is None else vault.unseal(sealed, field=_NUMBER, pk=person.pk)


def put_fact(fact: PersonFact, zh: str, en: str) -> None:
    """Seal what one must know, in both languages, into the row: a line each."""
    words = "\n".join(" ".join(text.split()) for text in (zh, en))
    fact.text_sealed = vault.seal(words, field=PersonFact.TEXT, pk=fact.pk)


def fact_texts(fact: PersonFact) -> tuple[str, str]:
    """Open what one must know: in Chinese, in English. Raises VaultClosed."""
    text = vault.unseal(fact.text_sealed, field=PersonFact.TEXT, pk=fact.pk)
    zh, _, en = text.partition("\n")
    return zh, en


def put_value(record: PersonRecord, value: str) -> None:
    """Seal the value of a record that must not stand in the clear."""
    record.value_sealed = vault.seal(value, field=PersonRecord.VALUE, pk=record.pk)


def value_of(record: PersonRecord) -> str:
    """Open the sealed value of a record, "" where it has none. Raises VaultClosed."""
    sealed = record.value_sealed
    return "" if sealed is None else vault.unseal(sealed, field=PersonRecord.VALUE, pk=record.pk)


def put_note(record: PersonRecord, note: str) -> None:
    """Seal what somebody noted with a record; nothing is kept of an empty note."""
    record.note_sealed = (
        vault.seal(note, field=PersonRecord.NOTE, pk=record.pk) if note.strip() else None
    )


def note_of(record: PersonRecord) -> str:
    """Open the note of a record, "" where there is none. Raises VaultClosed."""
    sealed = record.note_sealed
    return "" if sealed is None else vault.unseal(sealed, field=PersonRecord.NOTE, pk=record.pk)


_TAIL = "people.Person.tail"
_MARK = 16  # bytes: enough to tell values apart, and not the whole hash


def marks_of(*, region_code: str, phone: str, number: str) -> list[bytes]:
    """Return the marks by which sealed numbers are found: whole, and by their last four digits.

    Four digits can be guessed by trying all, so their hash is keyed, and scoped by county: equal
    tails of two counties cannot be told to be equal.
    """
    found = [vault.blind_index(one, field=_TAIL)[:_MARK] for one in _texts(region_code, phone)]
    if number:
        found.append(vault.blind_index(number.upper(), field=_NUMBER)[:_MARK])
        found.append(vault.blind_index(_tail(region_code, number), field=_TAIL)[:_MARK])
    return found


def marks_of_calls(phones: Iterable[str]) -> list[bytes]:
    """Return the marks by which a person is found under the whole number of who is called for her.

    Not by its tail: four digits of everybody's son would find a street.
    """
    texts = ["phone:" + "".join(one for one in phone if one.isdigit()) for phone in phones]
    return [vault.blind_index(text, field=_TAIL)[:_MARK] for text in texts if len(text) > 10]


def _texts(region_code: str, phone: str) -> list[str]:
    digits = "".join(one for one in phone if one.isdigit())
    return [f"phone:{digits}", _tail(region_code, digits)] if len(digits) >= 4 else []


def _tail(region_code: str, digits: str) -> str:
    return f"tail:{region_code[:6]}:{digits[-4:].upper()}"


def marks_asked(digits: str, *, counties: Iterable[str]) -> list[bytes]:
    """Return every mark under which digits may be found: ID number, phone or a tail of four."""
    if len(digits) == 4:
        texts = [(_TAIL, _tail(county, digits)) for county in counties]
    elif len(digits) == 18:
        texts = [(_NUMBER, digits.upper())]
    else:
        texts = [(_TAIL, f"phone:{digits}")]
    return [
        index[:_MARK] for field, text in texts for index in vault.blind_indexes(text, field=field)
    ]
