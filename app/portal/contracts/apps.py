from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "portal.contracts"
    label = "contracts"

    def ready(self) -> None:
        from portal.contracts import system_checks  # noqa: F401 - registers them
