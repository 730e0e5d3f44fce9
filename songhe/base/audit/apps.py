"""The app of base.audit."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "songhe.base.audit"
    label = "audit"
