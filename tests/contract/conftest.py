"""Fixtures of the tests against real counterparts."""

from __future__ import annotations

import pytest

from tests.support.request_tracker import RequestTracker
from tests.support.request_tracker_customer import Customer


@pytest.fixture
def customer(live_request_tracker: RequestTracker) -> Customer:
    """A live Request Tracker as a customer gives it to us."""
    return Customer(live_request_tracker)
