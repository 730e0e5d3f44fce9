"""Monitoring: findings to alarms, escalation, rules and their overrides (监测与告警)."""
