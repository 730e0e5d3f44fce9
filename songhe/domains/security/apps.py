"""The app of domains.security."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "songhe.domains.security"
    label = "security"
