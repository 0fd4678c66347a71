"""The fixture `live_request_tracker`: import it into a test module, whose tests then carry the marker `rt`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import tools
from tests.support.request_tracker import INSTALL, RequestTracker, installed


@pytest.fixture(scope="session")
def live_request_tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    """A fresh Request Tracker without tickets; each test that shares it has a month of its own."""
    if not installed():
        tools.missing("Request Tracker 5 is not installed.", remedy=INSTALL)
    tracker = RequestTracker(tmp_path_factory.mktemp("request-tracker"))
    try:
        yield tracker.start()
    finally:
        tracker.stop()
