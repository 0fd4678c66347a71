"""`manage.py events_consume`: what customers sent and which months fell due, from the event queue. A service."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.delivery.consuming import consume
from portal.lib import supervisor
from portal.lib.queue import Queue


class Command(BaseCommand):
    help = "Act on the messages of PROFORMA_EVENTS_QUEUE_URL until SIGTERM; several at once are harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="end when no message comes any more")
        parser.add_argument("--wait", type=int, default=10, help="seconds to wait for a message (0 to 20); 10")

    def handle(self, *_: Any, until_empty: bool, wait: int, **__: Any) -> None:
        """Ends with 0 after the message at hand, at most `wait` seconds after SIGTERM."""
        for name in ("EVENTS_QUEUE_URL", "INBOX_BUCKET"):
            if not getattr(settings, name):
                raise CommandError(f"PROFORMA_{name} is not set: this portal has no event queue. Nothing was taken.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        supervisor.tell(supervisor.READY)
        consume(Queue(settings.EVENTS_QUEUE_URL, wait_seconds=wait), stop, until_empty=until_empty)
