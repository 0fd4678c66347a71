#!/usr/bin/env python
"""Django's command line. `migrate` connects as the owner of the tables; everything else as the application's role."""

import os
import sys

AS_OWNER = {"migrate"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if len(sys.argv) > 1 and sys.argv[1] in AS_OWNER:
        os.environ["PROFORMA_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line

    from portal import celery  # noqa: F401 - so that a command that wakes a worker knows the broker

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
