"""`manage.py sealing_key`: the pair of keys by which the portal seals credentials and workers open them."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.lib import sealing


class Command(BaseCommand):
    help = "Make a pair: the private key goes into a new file of mode 0600, the public one is printed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, help="file for the private key, PROFORMA_SEALING_PRIVATE_KEY")

    def handle(self, *_: Any, out: str, **__: Any) -> None:
        private, public = sealing.pair()
        try:
            with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(private)
        except OSError as error:
            raise CommandError(
                f"{out}: {error.strerror}. No key was made; name a file that is not there yet."
            ) from None
        self.stdout.write(public)
