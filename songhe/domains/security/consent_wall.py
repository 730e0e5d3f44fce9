"""Row-level security of consents, guardians, papers and emergencies.

Open to the person and her guardian, to staff who record or review where she lives, to who broke a
glass about that one.
"""

from __future__ import annotations

from songhe.base.access.wall import in_region, of_actor, protect, through
from songhe.base.consent.acting import RECORD
from songhe.base.consent.emergencies import REVIEW
from songhe.base.consent.wall import acts_for
from songhe.domains.organizations.terms import VIEW_ACCESS


def _lives_where(column: str, *actions: str) -> str:
    """Return the condition that a person lives where a regional role carries an action."""
    return (
        f"EXISTS (SELECT FROM people_person p WHERE p.id = {column}"
        f" AND {in_region('p.region_code', *actions)})"
    )


for _table, _actions in (
    ("consent_consent", (RECORD, VIEW_ACCESS)),
    ("consent_paper", (RECORD,)),
    ("consent_guardianship", (RECORD,)),
):
    _person = f"{_table}.person_id"
    protect(_table, f"{acts_for(_person)} OR {_lives_where(_person, *_actions)}")
protect("consent_paperpart", through("consent_paper", "consent_paperpart.paper_id"))
protect(
    "consent_emergency",
    f"{of_actor('consent_emergency.user_id')} OR {acts_for('consent_emergency.person_id')}"
    f" OR {in_region('consent_emergency.region_code', REVIEW)}",
)
protect("consent_lookup", of_actor("consent_lookup.user_id"))
