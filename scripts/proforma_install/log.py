"""Lines for the journal and for <root>/log/install.log, without secrets."""

from __future__ import annotations

import logging
import re
import sys
import time
from pathlib import Path

LOG = logging.getLogger("proforma-install")
_NAMES = r"passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization"
_SECRETS = (
    # neither begins with what may repeat: a line of a megabyte would otherwise take hours
    (re.compile(r"(://[^\s/:@]*:)[^\s@/]+@"), r"\1***@"),
    (re.compile(rf"(?i)((?:{_NAMES})[\w-]*[\"']?\s*[=:]\s*)\S.*"), r"\1***"),
    (re.compile(r"-----BEGIN [^-]+-----.*", re.DOTALL), "***"),
)


def redacted(text: str) -> str:
    """`text` without passwords in addresses, `name=value` of secrets, and keys."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class _Line(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


def start(root: Path | None) -> None:
    """Log to standard error and, with `root`, to its log file. A log that cannot be written stops nothing."""
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if root is not None and root.is_dir():
        folder = root / "log"
        try:
            folder.mkdir(mode=0o750, exist_ok=True)
            handlers.append(logging.FileHandler(folder / "install.log"))
        except OSError as error:
            sys.stderr.write(f"No log file ({error.strerror}): going on without.\n")
    for handler in handlers:
        handler.setFormatter(_Line("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    LOG.handlers[:], LOG.propagate = handlers, False
    LOG.setLevel(logging.INFO)
