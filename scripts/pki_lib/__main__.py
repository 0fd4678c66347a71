"""The command line: `python -m scripts.pki_lib`. Started by ./scripts/pki."""

from __future__ import annotations

import os
import resource
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from scripts.pki_lib import commands, views
from scripts.pki_lib.errors import PkiError
from scripts.pki_lib.options import parser, state_of
from scripts.pki_lib.outputs import say

IO_FAILED = 74
COMMANDS: dict[str, Callable[[Namespace, datetime], int]] = {
    "init": commands.init,
    "csr": commands.csr,
    "sign": commands.sign,
    "issue": commands.issue,
    "renew": commands.renew,
    "revoke": commands.revoke,
    "crl": commands.crl,
    "adopt": commands.adopt,
    "passphrase": commands.passphrase,
    "list": views.list_,
    "show": views.show,
    "expiring": views.expiring,
    "audit": views.audit_,
    "check": views.check,
    "backup": views.backup,
    "restore": views.restore,
}


def main(arguments: Sequence[str], now: datetime | None = None) -> int:
    """Run one command; `now` is for tests. Returns the exit code."""
    given = parser().parse_args(arguments)
    try:
        if given.command != "csr":
            given.state = state_of(given)
        return COMMANDS[given.command](given, (now or datetime.now(UTC)).replace(microsecond=0))
    except PkiError as error:
        say(str(error))
        return error.exit_code
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        say(f"{error.strerror or error}{place}. What was there before is as it was: mend this and run it again.")
        return IO_FAILED


if __name__ == "__main__":
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash must not write keys into a core file
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception:  # noqa: BLE001  Python's own exit code would be 1, which tells a monitor "soon"
        traceback.print_exc()
        raise SystemExit(PkiError.exit_code) from None
