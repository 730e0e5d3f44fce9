"""The app of domains.security."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "songhe.domains.security"
    label = "security"

    def ready(self) -> None:
        from songhe.domains.security import audit_wall  # noqa: F401
