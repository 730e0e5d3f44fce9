"""Row-level security: papers and facts of workers, to themselves and where they work.

A domain that sends workers to people opens the facts further (`protect(…, way=…)`).
"""

from __future__ import annotations

from songhe.base.access.wall import in_region, of_actor, of_organization, protect
from songhe.domains.organizations.terms import KEEP_QUALIFICATIONS, VIEW_QUALIFICATIONS

_SEE = (VIEW_QUALIFICATIONS, KEEP_QUALIFICATIONS)

for _table in ("organizations_qualification", "organizations_workerfacts"):
    protect(
        _table,
        f"{of_actor(f'{_table}.user_id')} OR EXISTS (SELECT FROM organizations_staff s"
        " JOIN organizations_organization o ON o.id = s.organization_id"
        f" WHERE s.user_id = {_table}.user_id AND ({in_region('o.region_code', *_SEE)}"
        f" OR {of_organization('o.id', *_SEE)}))",
    )
