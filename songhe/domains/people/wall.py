"""Row-level security of persons and what hangs on them: by region role, or by a grant on one."""

from __future__ import annotations

from songhe.base.access.wall import granted, in_region, is_served, protect, through

_SEE = ("people.view_person", "people.list_persons", "devices.bind_device")

protect(
    "people_person",
    f"{in_region('people_person.region_code', *_SEE)}"
    f" OR {granted('people.Person', 'people_person.id')}"
    # An entry merged into another is open where that one is: what was measured under it is hers.
    " OR (people_person.merged_into_id IS NOT NULL AND"
    f" ({in_region('wall_person_region(people_person.merged_into_id)', *_SEE)}"
    f" OR {granted('people.Person', 'people_person.merged_into_id')}))",
)
# Whom an organisation serves now is open to who manages it; rooms above say who that is.
protect("people_person", is_served("people_person.id"), way="served")
protect("search_entry", is_served("search_entry.target"), way="served")
protect(
    "people_home",
    f"{in_region('people_home.region_code', *_SEE)}"
    " OR EXISTS (SELECT FROM people_residency r WHERE r.home_id = people_home.id)",
)
protect("people_room", through("people_home", "people_room.home_id"))
for _table in (
    "people_residency",
    "people_personfact",
    "people_contact",
    "people_personrecord",
):
    protect(_table, through("people_person", f"{_table}.person_id"))
protect("people_personmerge", through("people_person", "people_personmerge.kept_id"))
# Who finds somebody asks search_find, which works as the owner and applies the reach it is told.
protect(
    "search_entry",
    f"{in_region('search_entry.region_code', *_SEE)}"
    f" OR {granted('people.Person', 'search_entry.target')}",
)
