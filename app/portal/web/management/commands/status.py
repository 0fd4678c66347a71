"""`manage.py status`: how the portal is doing, as one JSON object for a monitor. Changes nothing."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from portal.lib import clock
from portal.web.status import status


class Command(BaseCommand):
    help = "Counts of work, months and deliveries as JSON. Exit code 0, or 2 when the database does not answer."

    def handle(self, *_: Any, **__: Any) -> None:
        said: dict[str, Any] = {"at": clock.now().isoformat(timespec="seconds")}
        try:
            said |= {"database": "ok", **status()}
        except DatabaseError as error:
            said["database"] = type(error).__name__
        self.stdout.write(json.dumps(said))
        if said["database"] != "ok":
            raise SystemExit(2)
