"""The intake function and the portal share no code: what one writes, the other must be able to read."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.intake import handler, request, senders
from lambdas.shared import aws
from portal.channels.https_idoc import aleaud
from portal.contracts.models import CODE
from portal.delivery.consuming import consume
from portal.delivery.models import Acknowledgement
from portal.delivery.services.events import KINDS
from portal.lib import clock
from portal.lib.queue import Queue
from portal.web.views.inbox import LARGEST
from sandbox import aleaud as sandbox_aleaud
from tests.lambdas.intake_support import USERNAME, event, send, with_body
from tests.support.event_queue import Events, events_open, moto_running
from tests.support.office import Office
from tests.support.web import month_issued


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with moto_running() as endpoint:
        yield endpoint


@pytest.fixture
def events(moto_endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    opened = events_open(moto_endpoint, monkeypatch)
    settings.EVENTS_QUEUE_URL, settings.INBOX_BUCKET = opened.queue_url, opened.bucket
    settings.S3_ENDPOINT_URL = moto_endpoint
    for name, value in {
        "INBOX_BUCKET": opened.bucket,
        "EVENTS_QUEUE_URL": opened.queue_url,
        "SENDERS_PREFIX": "proforma/intake/",
    }.items():
        monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    senders._known.clear()
    yield opened
    aws.client.cache_clear()
    senders._known.clear()


@pytest.mark.django_db
def test_what_a_customers_sap_sends_to_the_private_api_settles_the_delivery(
    small_office: Office, events: Events
) -> None:
    proforma = month_issued(small_office)
    receipt = small_office.sandbox.receipts.by_number(str(proforma.number))
    assert receipt is not None
    raw = sandbox_aleaud.acknowledgement(receipt, sandbox_aleaud.decide(receipt, "", ("PAR", "PRF")), clock.now())
    secret = {
        "addresses": ["10.40.1.17/32"],
        "kinds": ["acknowledgements"],
        "method": "basic",
        "username": USERNAME,
        "secrets": ["answers-by-the-tunnel"],
    }
    aws.client("secretsmanager").create_secret(Name="proforma/intake/acme", SecretString=json.dumps(secret))
    given = with_body(event("basic"), raw)
    given["requestContext"]["requestTimeEpoch"] = int(time.time() * 1000)
    assert [send(given)[0], send(given)[0]] == [202, 202]
    assert consume(Queue(events.queue_url, wait_seconds=0), threading.Event(), until_empty=True) == 1
    kept = Acknowledgement.objects.get()
    assert kept.delivery is not None
    assert (kept.delivery.proforma, kept.outcome) == (proforma, "parked")


def test_both_doors_take_the_same_kinds_sizes_and_customer_codes() -> None:
    assert set(handler.CONTENT_TYPES) == set(KINDS)
    assert handler.MOST_BYTES == LARGEST <= aleaud.LARGEST
    assert re.compile(CODE.regex).pattern == f"^{request.CUSTOMER.pattern}$"
