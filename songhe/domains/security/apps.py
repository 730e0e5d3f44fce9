"""The app of domains.security."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "songhe.domains.security"
    label = "security"

    def ready(self) -> None:
        from songhe.base.access.purposes import STATE
        from songhe.domains.security import (  # noqa: F401
            audit_wall,
            consent_panels,
            consent_wall,
            emergency_handlers,
            policies,
            purpose_words,
            request_panels,
            requests_wall,
        )
        from songhe.kit import slots

        consent_panels.register()
        request_panels.register()
        slots.register("page.bar", 10, purpose_words.bar, action=STATE)
