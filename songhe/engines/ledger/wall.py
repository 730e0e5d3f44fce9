"""Row-level security of the ledger: nobody, but by the ways that the domains above add.

A domain that opens accounts says who may see them (`protect("ledger_account", …, way=…)`); postings
are seen with their account, entries with a posting. Writing goes through the database's own
functions, so that who may post need not see every account that is touched.
"""

from __future__ import annotations

from songhe.base.access.wall import protect, through

protect("ledger_account", "false")
protect("ledger_seal", "false")
protect("ledger_posting", through("ledger_account", "ledger_posting.account_id"))
protect(
    "ledger_entry",
    "EXISTS (SELECT FROM ledger_posting p WHERE p.entry_id = ledger_entry.id)",
)
