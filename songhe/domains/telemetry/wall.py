"""Row-level security of readings: they follow the person, the room or home, or the device."""

from __future__ import annotations

from songhe.base.access.wall import holding, protect, through
from songhe.kernel.wire import SubjectKind


def of_subject(table: str) -> str:
    """Return the condition that the subject of a row (subject_kind, subject) is open."""
    subject = f"{table}.subject"
    return (
        f"CASE {table}.subject_kind"
        f" WHEN {int(SubjectKind.PERSON)} THEN {through('people_person', subject)}"
        f" WHEN {int(SubjectKind.PLACE)} THEN {through('people_room', subject)}"
        f" OR {through('people_home', subject)}"
        f" ELSE {through('devices_device', subject)} END"
    )


for _table in ("reading_hot", "reading_day", "voided_reading", "latest", "waveform"):
    protect(_table, of_subject(_table))
_ANY = ("people_person", "people_room", "people_home", "devices_device")
for _table in ("reading_hour", "reading_month"):  # these do not say of what kind the subject is
    protect(_table, " OR ".join(through(of, f"{_table}.subject") for of in _ANY))
protect(
    "dead_letter",
    f"{holding('telemetry.view_dead_letters')} AND (dead_letter.device IS NULL"
    f" OR {through('devices_device', 'dead_letter.device')})",
)
