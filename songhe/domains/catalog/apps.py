"""The app of domains.catalog."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "songhe.domains.catalog"
    label = "catalog"

    def ready(self) -> None:
        from songhe.domains.catalog import wall  # noqa: F401
