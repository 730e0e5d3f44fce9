"""What row-level security asks of consents, for the walls of whoever stands above them."""

from __future__ import annotations

from songhe.base.consent.terms import GUARDIAN, PERSON, SELF


def acts_for(column: str) -> str:
    """Return the condition that who asks is the person of a column, or her guardian."""
    return (
        "EXISTS (SELECT FROM access_grant g WHERE g.user_id = (SELECT wall_actor())"
        f" AND g.subject_type = '{PERSON}' AND g.subject_id = {column}"
        f" AND g.purpose IN ('{SELF}', '{GUARDIAN}') AND g.period @> statement_timestamp())"
    )
