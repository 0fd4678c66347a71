"""An office that is ready for a month, for tests of the pages."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import SandboxServer
from tests.support.office import Office, office_open, sandbox_running


@pytest.fixture(scope="session")
def small_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A customer with a small month that composes without questions."""
    with sandbox_running(tmp_path_factory.mktemp("small"), tickets_count=60) as server:
        yield server


@pytest.fixture(scope="session")
def dirty_small_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """A customer whose month stops until people have decided."""
    with sandbox_running(tmp_path_factory.mktemp("dirty-small"), tickets_count=60, dirty_blocking=True) as server:
        yield server


_SERIES = itertools.product(string.ascii_uppercase, repeat=3)


@pytest.fixture
def small_office(small_sandbox: SandboxServer, directories: Path) -> Office:
    """Each test numbers in a series of its own, since the customer's SAP remembers the numbers it has seen."""
    return office_open(small_sandbox, directories / "credentials", number_series="T" + "".join(next(_SERIES)))


@pytest.fixture
def dirty_office(dirty_small_sandbox: SandboxServer, directories: Path) -> Office:
    return office_open(dirty_small_sandbox, directories / "credentials")
