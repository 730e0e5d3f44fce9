"""Which pages may be asked how often. The figures are ours: ten times what a quick person does.

A page that writes files or reads whole tables is heavy; one that searches is a search; the doors
are open to everybody. Everything together has a limit as well, wide enough for a desk in a storm.
The entries are the fields of `songhe.kit.limits.Limit`.
"""

from __future__ import annotations

from typing import Any

POST = frozenset({"POST"})
HEAVY = frozenset(
    {
        "people:export", "people:import_template", "people:import_wrong", "security:audit_export",
        "security:own_copy", "security:request_copy", "security:paper",
    }
)  # fmt: skip
HEAVY_ACTS = frozenset(
    {
        "people:import", "security:verify_chain", "monitoring:try_rule", "telemetry:seal",
        "security:erase_person",
    }
)  # fmt: skip
SEARCHES = frozenset(
    {
        "people:person_list", "people:choose_duplicate", "security:audit_search",
        "security:person_history", "security:look_up", "security:request_list",
        "monitoring:history", "devices:device_list", "telemetry:letter_list",
        "api:list_persons", "api:list_alarms", "api:list_devices", "api:search_audit",
    }
)  # fmt: skip
DOORS = frozenset(
    {
        "signin:sign_in", "signin:second_step", "signin:phone", "signin:phone_code",
        "signin:passkey", "signin:outside", "signin:outside_back", "signin:own_password",
        "signin:set_up", "kit:preferences", "notices:seen",
    }
)  # fmt: skip
LIMITS: tuple[dict[str, Any], ...] = (
    {"name": "files", "whose": "session", "per_minute": 30, "routes": HEAVY},
    {"name": "acts", "whose": "session", "per_minute": 20, "routes": HEAVY_ACTS, "methods": POST},
    {"name": "searches", "whose": "session", "per_minute": 120, "routes": SEARCHES},
    {"name": "doors", "whose": "address", "per_minute": 300, "routes": DOORS},
    {"name": "session", "whose": "session", "per_minute": 1_200},
    {"name": "address", "whose": "address", "per_minute": 12_000},
)
