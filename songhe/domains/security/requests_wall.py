"""Row-level security of requests: who handles them where she lived, and who acts for her."""

from __future__ import annotations

from songhe.base.access.wall import in_region, protect, through
from songhe.base.consent.wall import acts_for
from songhe.domains.security.workflow import HANDLE, LIST, RECORD

protect(
    "security_datarequest",
    f"{in_region('security_datarequest.region_code', LIST, HANDLE, RECORD)}"
    f" OR {acts_for('security_datarequest.person_id')}",
)
protect("security_erasure", through("security_datarequest", "security_erasure.request_id"))
_OF_REF = through("security_datarequest", "substr(workflow_transition.ref, 22)::uuid")
protect(
    "workflow_transition",
    "CASE WHEN starts_with(workflow_transition.ref, 'security.DataRequest/')"
    f" THEN {_OF_REF} ELSE false END",
    way="request",
)
# Who handles requests looks at what there is of a person: to copy, to correct, to plan erasing it.
protect(
    "people_person", in_region("people_person.region_code", LIST, HANDLE, RECORD), way="request"
)
