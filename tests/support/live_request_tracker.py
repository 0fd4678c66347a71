"""The fixture `live_request_tracker`, which tests/conftest.py hands to all; tests that use it carry the marker `rt`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import tools
from tests.support.request_tracker import INSTALL, RequestTracker, SeedTicket, installed
from tests.support.request_tracker_tickets import SERVICE_REQUESTS


@pytest.fixture(scope="session")
def live_request_tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A fresh Request Tracker with one old ticket in each queue; each test that shares it has a month of its own."""
    if not installed():
        tools.missing("Request Tracker 5 is not installed.", remedy=INSTALL)
    tracker = RequestTracker(tmp_path_factory.mktemp("request-tracker"))
    try:
        tracker.start().seed([SeedTicket("an old one"), SeedTicket("an old one", queue=SERVICE_REQUESTS)])
        yield tracker
    finally:
        tracker.stop()
