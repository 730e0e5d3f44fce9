"""Row-level security of alarms: by region, organisation, who is sent, and with the person.

Who answers an alarm for an organisation, or is sent to it, knows whom it is of (wall_of_alarms, in
the migration: while it is open and 30 days after; own choice).
"""

from __future__ import annotations

from songhe.base.access.wall import (
    granted,
    holding,
    in_region,
    of_actor,
    of_organization,
    protect,
    through,
)
from songhe.domains.monitoring.terms import ANSWER_PLATFORM, PLATFORM_REGION
from songhe.domains.telemetry.wall import of_subject

_SEE = ("monitoring.view_alarm", "monitoring.list_alarms")
_ALARM = "monitoring_alarm"


def _of_scope(column: str) -> str:
    """Return the condition that a scope of rules is of no person, or of one that is open."""
    person = through("people_person", f"substr({column}, 8)::uuid")
    return f"CASE WHEN starts_with({column}, 'person:') THEN {person} ELSE true END"


protect(
    _ALARM,
    f"CASE WHEN {_ALARM}.region_code = '{PLATFORM_REGION}' THEN {holding(ANSWER_PLATFORM)}"
    f" ELSE {in_region(f'{_ALARM}.region_code', *_SEE)}"
    f" OR {of_organization(f'{_ALARM}.organization_id', *_SEE)}"
    f" OR {of_actor(f'{_ALARM}.assigned_to_id')}"
    f" OR {granted('people.Person', f'{_ALARM}.person_id')} END",
)
for _table in ("monitoring_alarmfinding", "monitoring_alarmentry"):
    protect(_table, through(_ALARM, f"{_table}.alarm_id"))
protect(
    "finding",
    f"{of_subject('finding')} OR EXISTS (SELECT FROM monitoring_alarmfinding a"
    " WHERE a.finding_id = finding.id)",
)
protect("monitoring_absence", through("people_person", "monitoring_absence.person_id"))
for _table in ("monitoring_lifeday", "monitoring_liferhythm"):
    protect(_table, through("people_person", f"{_table}.person_id"))
protect(
    "monitoring_absenceentry",
    through("monitoring_absence", "monitoring_absenceentry.absence_id"),
)
for _table in ("gateway_rules", "monitoring_ruleoverride", "monitoring_rulesuggestion"):
    protect(_table, _of_scope(f"{_table}.scope"))
# What a trial found names persons by id: it is for who asked.
protect("monitoring_ruletrial", of_actor("monitoring_ruletrial.asked_by_id"))
protect(
    "workflow_transition",
    "CASE WHEN starts_with(workflow_transition.ref, 'monitoring.Alarm/')"
    f" THEN {through(_ALARM, 'substr(workflow_transition.ref, 18)::uuid')} ELSE false END",
    way="alarm",
)
for _table, _of in (("people_person", "persons"), ("people_home", "homes")):
    protect(_table, f"{_table}.id = ANY ((SELECT wall_of_alarms('{_of}'))::uuid[])", way="alarm")
