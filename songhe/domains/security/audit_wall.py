"""Row-level security of the audit and of the history.

Records of the audit are open to who searches it, to who did them, and those about a person to
herself and her guardian. The history of a person is open where she is, to who may look at it.
"""

from __future__ import annotations

from songhe.base.access.wall import holding, of_actor, protect, through
from songhe.base.consent.terms import GUARDIAN, PERSON, SELF
from songhe.domains.security.audit_reads import EXPORT, SEARCH
from songhe.domains.security.history_reads import VIEW

_OWN = (
    "EXISTS (SELECT FROM access_grant g WHERE g.user_id = (SELECT wall_actor())"
    f" AND g.subject_type = '{PERSON}' AND g.purpose IN ('{SELF}', '{GUARDIAN}')"
    " AND g.period @> statement_timestamp()"
    f" AND audit_auditentry.ref = '{PERSON}/' || g.subject_id)"
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
