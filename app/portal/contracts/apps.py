from django.apps import AppConfig


class ContractsConfig(AppConfig):
    name = "portal.contracts"
    label = "contracts"

    def ready(self) -> None:
        from portal.contracts import (
            sealed,
            system_checks,  # noqa: F401 - registers them
        )
        from portal.lib import credentials

        credentials.place_add(sealed.from_database)
