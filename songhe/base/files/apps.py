"""The app of base.files."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "songhe.base.files"
    label = "files"

    def ready(self) -> None:
        from songhe.base.files import wall  # noqa: F401
