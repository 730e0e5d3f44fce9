"""Who may change a rule for whom: everybody, an organisation, one person."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from songhe.base.access import wall
from songhe.base.access.actor import SYSTEM, Actor
from songhe.domains.monitoring.trial_reads import PERSON, is_clinical
from songhe.domains.people import selectors as people
from songhe.kernel.detectors.rules import spec

CHANGE = "monitoring.override_rule"
REVERT = "monitoring.revert_rule"
FOR_ALL = "monitoring.change_rule_for_all"
CONTRACT = "contract"
EVERYBODY = "*"


def may_for_all(actor: Actor, action: str) -> bool:
    """Tell whether the actor may change rules for everybody: nobody lives beyond the regions."""
    if actor.is_system:
        return True
    if not (actor.may(FOR_ALL) and actor.may(action)):
        return False
    within = Q()
    for prefix in actor.prefixes(FOR_ALL):
        within |= Q(region_code__startswith=prefix)
    everybody = people.list_persons(SYSTEM).order_by()
    with wall.lifted():
        return bool(within) and not everybody.exclude(within).exists()


def may_for_person(actor: Actor, action: str, rule: str, person_id: UUID, region: str) -> bool:
    """Tell whether the actor may change a rule for a person.

    By a role in the region; a doctor by the contract with the person, and only what judges health.
    """
    if actor.is_system or actor.covers(action, region):
        return True
    if not actor.may(action) or not is_clinical(spec(rule)):
        return False
    return any(
        held.subject_type == PERSON
        and held.subject_id == person_id
        and held.purpose == CONTRACT
        and "health" in held.fields
        for held in actor.grants
    )
