"""The private PostgreSQL of the demo and the tests: whom it lets in, what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from scripts import postgres

pytestmark = pytest.mark.slow

START = """
import sys
from scripts import postgres
with getattr(postgres, sys.argv[1])() as cluster:
    print(cluster.pid, cluster._directory, flush=True)
    sys.stdin.read()
"""
KINDS: dict[str, Callable[[], postgres.Cluster]] = {"for_tests": postgres.for_tests, "embedded": postgres.embedded}


@pytest.fixture(scope="module", params=KINDS)
def cluster(request: pytest.FixtureRequest) -> Iterator[postgres.Cluster]:
    with KINDS[request.param]() as running:
        yield running


def connect(url: str) -> closing[psycopg2.extensions.connection]:
    return closing(psycopg2.connect(url))


def test_the_application_can_neither_make_tables_nor_databases_nor_read_the_owners(cluster: postgres.Cluster) -> None:
    with connect(cluster.url(postgres.OWNER)) as owner, owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS secret (x int)")
    for statement in ("CREATE TABLE mine (x int)", "CREATE DATABASE mine", "SELECT * FROM secret"):
        with connect(cluster.url(postgres.APP)) as application:
            application.autocommit = True
            with application.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement)


def test_nobody_gets_in_over_the_network_without_a_password_or_as_superuser(cluster: postgres.Cluster) -> None:
    for user in (postgres.APP, "postgres"):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(host="127.0.0.1", port=cluster.port, user=user, dbname="postgres", passfile="")


def test_no_password_stands_on_a_command_line(cluster: postgres.Cluster) -> None:
    password = cluster.url(postgres.OWNER).split(":")[2].split("@")[0]
    commands = [p.read_bytes() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    assert str(cluster.port).encode() in b" ".join(commands)
    assert password.encode() not in b" ".join(commands)


def test_the_server_and_its_files_are_gone_afterwards() -> None:
    with postgres.for_tests() as running:
        pid, directory = running.pid, running._directory
        assert running.alive()
        assert directory.stat().st_mode & 0o077 == 0
    assert not Path(f"/proc/{pid}").exists()
    assert not directory.exists()


def test_two_run_side_by_side() -> None:
    with postgres.for_tests() as one, postgres.for_tests() as other:
        assert one.port != other.port
        for running in (one, other):
            with connect(running.url(postgres.APP)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT current_user, NOT pg_is_in_recovery()")
                assert cursor.fetchone() == (postgres.APP, True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_process_that_started_it_however_that_ends(how: signal.Signals) -> None:
    command = [sys.executable, "-c", START, "for_tests"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        assert Path(f"/proc/{pid}").exists()
        parent.send_signal(how)
        parent.wait(10)
    until = time.monotonic() + 15
    while Path(f"/proc/{pid}/cwd").is_symlink() and running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not running(pid)
    subprocess.run(["rm", "-rf", directory], check=True)  # kill -9 leaves the directory, and nothing else


def running(pid: str) -> bool:
    """Alive and no zombie that waits for a reaper."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
