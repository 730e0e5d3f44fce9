"""Row-level security of the audit and of the history.

Records of the audit are open to who searches it, to who did them, and those about a person to
herself and her guardian. The history of a person is open where she is, to who may look at it.
"""

from __future__ import annotations

from songhe.base.access.wall import holding, of_actor, protect, through
from songhe.base.consent.terms import PERSON
from songhe.base.consent.wall import acts_for
from songhe.domains.security.audit_reads import EXPORT, SEARCH
from songhe.domains.security.history_reads import VIEW

_PERSON = f"{PERSON}/"
_OWN = (
    f"CASE WHEN starts_with(audit_auditentry.ref, '{_PERSON}') THEN"
    f" {acts_for(f'substr(audit_auditentry.ref, {len(_PERSON) + 1})::uuid')} ELSE false END"
)
protect(
    "audit_auditentry",
    f"{holding(SEARCH, EXPORT)} OR {of_actor('audit_auditentry.user_id')} OR {_OWN}",
)
protect(
    "history_change",
    f"{holding(VIEW)} AND {through('people_person', 'history_change.holder')}",
)
protect("history_queued", "false")
protect("vault_subjectkey", holding(VIEW))
