from django.apps import AppConfig


class ProformasConfig(AppConfig):
    name = "portal.proformas"
    label = "proformas"

    def ready(self) -> None:
        from portal.proformas import system_checks  # noqa: F401 - registers it
