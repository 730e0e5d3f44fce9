"""Row-level security of requests: who handles them where she lived, and who acts for her."""

from __future__ import annotations

from songhe.base.access.wall import granted, in_region, protect, through
from songhe.domains.security.policies import PERSON
from songhe.domains.security.workflow import HANDLE, LIST, RECORD

protect(
    "security_datarequest",
    f"{in_region('security_datarequest.region_code', LIST, HANDLE, RECORD)}"
    f" OR {granted(PERSON, 'security_datarequest.person_id')}",
)
protect("security_erasure", through("security_datarequest", "security_erasure.request_id"))
protect(
    "people_person", in_region("people_person.region_code", LIST, HANDLE, RECORD), way="request"
)
