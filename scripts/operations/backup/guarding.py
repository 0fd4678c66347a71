"""What must hold before a dump is let into a database: clients that obey no hidden commands, and a role without power.

A dump is SQL that the restoring role executes. A forged one could start programs on the server (COPY ... TO PROGRAM)
where the role may, and, through clients without the fix of CVE-2025-8714, on this host.
"""

from __future__ import annotations

import re
import subprocess

from scripts.operations.errors import NOTHING, RefusedError, UnreachableError
from scripts.operations.postgres import Database, Session

CLIENTS = ("psql", "pg_restore")
FIXED = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
"""major version: the first minor with the fix of CVE-2025-8714 (psql's \\restrict); 18 and later were born with it"""
POWERFUL = """SELECT rolname FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND (rolsuper
 OR rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
 OR (rolcreaterole AND current_setting('server_version_num')::int < 160000)) ORDER BY rolname"""
"""of what the role is, or may become; before PostgreSQL 16, CREATEROLE may grant itself the others"""


def clients(there: Database) -> None:
    """psql and pg_restore have the fix. Raises RefusedError, UnreachableError without one of them."""
    for program in CLIENTS:
        said = _version(program, there)
        if not fixed(said):
            what = f"{program} lacks the fix of CVE-2025-8714: a forged dump could run commands here."
            fixes = ", ".join(f"{major}.{minor}" for major, minor in sorted(FIXED.items(), reverse=True))
            remedy = f"apt-get update && apt-get install --only-upgrade 'postgresql-client*' (fixed in {fixes})."
            raise RefusedError(what, where=said, kept=NOTHING, remedy=remedy)


def fixed(said: str) -> bool:
    """Of the words of `psql --version`; False for what cannot be read, such as a version under development."""
    found = re.search(r"\(PostgreSQL\) (\d+)\.(\d+)", said)
    if not found:
        return False
    major, minor = int(found[1]), int(found[2])
    return major > max(FIXED) or minor >= FIXED.get(major, minor + 1)


def _version(program: str, there: Database) -> str:
    command = [program, "--version"]
    try:
        done = subprocess.run(
            command, env=there.environment, capture_output=True, text=True, check=False, cwd="/", **there.account
        )
    except FileNotFoundError:
        remedy = "apt-get install postgresql-client"
        raise UnreachableError(f"{program} is not installed.", kept=NOTHING, remedy=remedy) from None
    return done.stdout.strip() or done.stderr.strip()


def powerless(session: Session, there: Database) -> None:
    """The role can start no program and read no file on the server. Raises RefusedError."""
    if powers := [row[0] for row in session.ask(POWERFUL)]:
        what = f"This role has the rights of {', '.join(powers)}: a forged dump could run programs on the server."
        remedy = (
            "Restore as a role that owns the database and nothing else (docs/operations.md, Install, step 4), or take"
        )
        remedy += f" that from it: ALTER ROLE {there.user} NOSUPERUSER NOCREATEROLE; REVOKE ... FROM {there.user}."
        raise RefusedError(what, where=there.place, kept=NOTHING, remedy=remedy)
