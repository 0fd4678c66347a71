"""The surroundings of a rehearsal or a test run: the portal's settings, with secrets made for this run alone.

python -m scripts.rehearsal [--embedded] -- COMMAND ...   runs COMMAND with them and a private PostgreSQL
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts import postgres

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"


def settings(state: Path) -> dict[str, str]:
    """Variables for portal.settings in test mode. Directories and secrets are made below `state` (mode 0700)."""
    state.chmod(0o700)
    folders = {name: state / name for name in ("credentials", "documents", "broker/queue", "broker/control")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "PYTHONPATH": os.pathsep.join([str(APP), str(ROOT)]),
        "PROFORMA_MODE": "test",
        "PROFORMA_SECURE_COOKIES": "false",
        "PROFORMA_BROKER_URL": "filesystem://localhost",  # a host, or kombu warns that there is none
        "PROFORMA_SWEEP_SECONDS": "2",
        "PROFORMA_RETRY_SECONDS": "2",
        "PROFORMA_SECRET_KEY_FILE": str(secret(state / "secret_key")),
        "PROFORMA_PSEUDONYM_KEY_FILE": str(secret(state / "pseudonym_key")),
        "PROFORMA_CREDENTIALS_DIR": str(folders["credentials"]),
        "PROFORMA_DOCUMENTS_DIR": str(folders["documents"]),
        "PROFORMA_BROKER_DIR": str(state / "broker"),
    }


def secret(path: Path, value: str = "") -> Path:
    """Write a secret (a new random one by default) to a file that only we may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(value or secrets.token_urlsafe(48))
    return path


def surroundings(state: Path, cluster: postgres.Cluster) -> dict[str, str]:
    """The environment of a child process: ours without foreign PROFORMA_ settings, plus `settings` and the database."""
    return foreign_free(os.environ) | settings(state) | cluster.environment()


def foreign_free(environment: Mapping[str, str]) -> dict[str, str]:
    """What a shell has set for another portal must not reach this one; PROFORMA_REAL_TICKETS is meant for tests."""
    kept = "PROFORMA_REAL_TICKETS"
    return {k: v for k, v in environment.items() if not k.startswith("PROFORMA_") or k == kept}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Run a command with the settings of a test and a private PostgreSQL.")
    parser.add_argument("--embedded", action="store_true", help="the demo's server instead of Debian's")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kind = postgres.embedded if options.embedded else postgres.for_tests
    try:
        with tempfile.TemporaryDirectory(prefix="proforma-") as state, kind() as cluster:
            environment = surroundings(Path(state), cluster)
            return subprocess.run(options.command, env=environment, check=False).returncode
    except postgres.PostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 69
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
