"""Row-level security of orders: region, provider, the worker, who was asked, one's own people."""

from __future__ import annotations

from songhe.base.access.wall import (
    granted,
    holding,
    in_region,
    of_actor,
    of_organization,
    protect,
    serves,
    through,
)
from songhe.domains.dispatch import terms

_SEE = (terms.VIEW, terms.LIST, terms.SAMPLE, terms.ANSWER, terms.FIGURES)
_ORDER = "dispatch_order"

protect(
    _ORDER,
    f"{in_region(f'{_ORDER}.region_code', *_SEE)}"
    f" OR {of_organization(f'{_ORDER}.organization_id', *_SEE)}"
    f" OR {granted('people.Person', f'{_ORDER}.person_id')}"
    # The orders of the actor's own visits and offers (in the migration; its tables ask this one).
    f" OR {_ORDER}.id = ANY ((SELECT wall_of_work())::uuid[])",
)
for _table in (
    "dispatch_visit",
    "dispatch_offer",
    "dispatch_emergencyreport",
    "dispatch_rating",
    "dispatch_complaint",
):
    protect(_table, through(_ORDER, f"{_table}.order_id"))
for _table in ("dispatch_happening", "dispatch_evidence"):
    protect(_table, through("dispatch_visit", f"{_table}.visit_id"))
# What is held for a case is for who supervises alone, within her reach.
protect(
    "dispatch_mark",
    f"{holding(terms.MARK)} AND {through('dispatch_visit', 'dispatch_mark.visit_id')}",
)
protect("dispatch_position", f"{of_actor('dispatch_position.user_id')} OR {holding(terms.SEND)}")
protect(
    "dispatch_series",
    f"{in_region('dispatch_series.region_code', *_SEE)}"
    f" OR {of_organization('dispatch_series.organization_id', *_SEE)}"
    f" OR {granted('people.Person', 'dispatch_series.person_id')}",
)
# Who works when is for who plans, and for each her own.
for _table in ("dispatch_weeklyshift", "dispatch_leave"):
    protect(
        _table, f"{of_actor(f'{_table}.worker_id')} OR {holding(terms.KEEP_SHIFTS, terms.PLAN)}"
    )
# Whoever a worker comes to may know what there is to know of her.
protect(
    "organizations_workerfacts",
    "EXISTS (SELECT FROM dispatch_visit v JOIN dispatch_order o ON o.id = v.order_id"
    " WHERE v.worker_id = organizations_workerfacts.user_id"
    f" AND ({granted('people.Person', 'o.person_id')}"
    f" OR {in_region('o.region_code', *_SEE)} OR {of_organization('o.organization_id', *_SEE)}))",
    way="dispatch_visits",
)
# So may whoever chooses among those who work there.
protect(
    "organizations_workerfacts",
    "EXISTS (SELECT FROM organizations_staff s"
    " JOIN organizations_organization o ON o.id = s.organization_id"
    " WHERE s.user_id = organizations_workerfacts.user_id"
    f" AND ({in_region('o.region_code', *terms.CHOOSE)}"
    f" OR {of_organization('o.id', *terms.CHOOSE)}))",
    way="dispatch_choice",
)
# Plans of weeks speak of workers and times, of nobody else: for who plans for the organisation.
protect(
    "dispatch_weekplan",
    f"{of_organization('dispatch_weekplan.organization_id', terms.PLAN)}"
    " OR EXISTS (SELECT FROM organizations_organization o"
    " WHERE o.id = dispatch_weekplan.organization_id"
    f" AND {in_region('o.region_code', terms.PLAN)})",
)
# Digests of codes: who stands at a door must be able to show which door it is.
protect("dispatch_doorcode", holding(terms.WORK, terms.MAKE, terms.KEEP_DOORS))
for _kind, _table in (
    ("Order", _ORDER),
    ("Visit", "dispatch_visit"),
    ("Complaint", "dispatch_complaint"),
):
    _ref = f"dispatch.{_kind}/"
    _of = through(_table, f"substr(workflow_transition.ref, {len(_ref) + 1})::uuid")
    protect(
        "workflow_transition",
        f"CASE WHEN starts_with(workflow_transition.ref, '{_ref}') THEN {_of} ELSE false END",
        way=f"dispatch_{_kind.lower()}",
    )
_open = ", ".join(f"'{state}'" for state in terms.OPEN_ORDERS)
serves(_ORDER, f"organization_id = ANY (orgs) AND state IN ({_open})")
serves("dispatch_series", "organization_id = ANY (orgs) AND state IN ('active', 'paused')")
serves(
    "dispatch_complaint",
    "dispatch_complaint.state = 'open' AND o.organization_id = ANY (orgs)",
    person="o.person_id",
    joined="JOIN dispatch_order o ON o.id = dispatch_complaint.order_id",
)
