"""The app of domains.security."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "songhe.domains.security"
    label = "security"

    def ready(self) -> None:
        from songhe.base.access.purposes import STATE
        from songhe.base.retention import handlers as retention
        from songhe.domains.security import (  # noqa: F401
            audit_wall,
            consent_panels,
            consent_wall,
            death_handlers,
            emergency_handlers,
            gone_persons,
            policies,
            purpose_words,
            request_panels,
            requests_wall,
            retention_wall,
        )
        from songhe.kit import slots

        retention.register(gone_persons.HANDLER)
        consent_panels.register()
        request_panels.register()
        slots.register("page.bar", 10, purpose_words.bar, action=STATE)
