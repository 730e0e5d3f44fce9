"""The app of base.audit."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "songhe.base.audit"
    label = "audit"

    def ready(self) -> None:
        from songhe.base.audit.loop import seal_audit
        from songhe.base.events import loops

        loops.register("audit.seal", seal_audit)
