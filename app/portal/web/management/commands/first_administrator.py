"""The first person of a new installation; everybody else is made on the portal's pages."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts import selectors
from portal.accounts.models import Role
from portal.accounts.services import user_create
from portal.domain.errors import PortalError


class Command(BaseCommand):
    help = "Make the first administrator. The password is asked for, or read from standard input; never an argument."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--full-name", default="")

    def handle(self, *_: Any, username: str, full_name: str, **__: Any) -> None:
        """Exit code 1 and a sentence when there is an administrator already, or the password is too weak."""
        if existing := selectors.administrators():
            raise CommandError(f"There is an administrator already: {existing[0].username}. Use the page People.")
        try:
            user_create(
                username=username,
                full_name=full_name,
                password=_password(),
                roles=[Role.ADMINISTRATOR],
                actor="installation",
            )
        except PortalError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{username} can sign in and give roles under People.")


def _password() -> str:
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
