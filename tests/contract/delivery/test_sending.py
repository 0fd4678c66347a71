"""The outbox against a sandbox customer's SAP that really answers, refuses, hangs and acknowledges."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.audit.services import acting
from portal.contracts.models import SapEndpoint
from portal.delivery import selectors, services
from portal.delivery.models import Delivery
from portal.lib.storage import store
from tests.support.delivering import aleaud, at_sap, drive, fault, queued, receive, story
from tests.support.issuing import STATUS_URL, endpoint_set
from tests.support.office import SECRETS, Office, credentials_write
from tests.support.sandbox import invoic, post_idoc

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_what_is_accepted_and_parked_is_acknowledged_without_a_warning(office: Office) -> None:
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.state, delivery.sends, delivery.problem) == ("sent", "done", 1, None)
    received = receive(aleaud(office))
    delivery.refresh_from_db()
    assert (received.delivery, received.problem, received.status) == (delivery, "", "53")
    assert (delivery.phase, delivery.outcome, delivery.problem) == ("acknowledged", "parked", None)
    assert at_sap(office) == [delivery.proforma.number]
    assert story(delivery) == ["send accepted"]
    (receipt,) = office.sandbox.receipts.all()
    assert receipt.sha256 == delivery.document.sha256


def test_what_sap_posted_warns(office: Office) -> None:
    delivery = drive(queued(office))
    receive(aleaud(office, "posted"))
    delivery.refresh_from_db()
    assert (delivery.outcome, delivery.problem["code"]) == ("posted", "delivery.posted")
    assert list(selectors.deliveries_posted()) == [delivery]


def test_posted_after_parked_upgrades_and_warns_and_a_late_parked_changes_nothing(office: Office) -> None:
    delivery = drive(queued(office))
    for outcome, expected in (("parked", "parked"), ("posted", "posted"), ("rejected", "posted"), ("parked", "posted")):
        receive(aleaud(office, outcome, text=f"Document {outcome} " + str(time.time_ns())))
        delivery.refresh_from_db()
        assert delivery.outcome == expected
    assert delivery.problem["code"] == "delivery.posted"
    assert selectors.acknowledgements_of(delivery).count() == 4


def test_what_sap_rejected_can_be_sent_again_by_a_person_and_be_parked_later(office: Office) -> None:
    delivery = drive(queued(office))
    receive(aleaud(office, "rejected", "No purchase order item found"))
    delivery.refresh_from_db()
    assert (delivery.outcome, delivery.outcome_status, delivery.problem["code"]) == (
        "rejected", "51", "delivery.rejected",
    )  # fmt: skip
    assert list(selectors.deliveries_troubled()) == [delivery]
    receive(aleaud(office, "parked"))
    delivery.refresh_from_db()
    assert (delivery.outcome, delivery.problem) == ("parked", None)
    assert not selectors.deliveries_troubled().exists()


def test_a_status_on_the_way_is_noted_and_settles_nothing(office: Office) -> None:
    delivery = drive(queued(office))
    raw = aleaud(office).replace(b"<STATUS>53<", b"<STATUS>64<")
    assert receive(raw).outcome == ""
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.outcome, delivery.outcome_status) == ("sent", "", "64")


def test_a_receiver_that_fails_before_it_stored_is_asked_and_sent_to_again(office: Office) -> None:
    fault(office, on="sap", status=500, count=1)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.sends) == ("sent", 2)
    assert story(delivery) == ["send ambiguous", "look_up not_found", "send accepted"]
    assert at_sap(office) == [delivery.proforma.number]


def test_a_not_there_right_after_the_failure_is_not_believed(office: Office, settings: Any) -> None:
    settings.RETRY_SECONDS = 30
    fault(office, on="sap", status=500, count=1)
    delivery = queued(office)
    assert services.delivery_run(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.state, delivery.sends) == ("unknown", "queued", 1)
    assert delivery.problem["code"] == "delivery.settling"
    assert not services.delivery_run(delivery.pk)


@pytest.mark.parametrize(
    "trouble",
    [
        {"timeout_after_store": True},
        {"status": 500, "after_store": True},
        {"html": True, "after_store": True},
        {"truncate": True},
    ],
    ids=str,
)
def test_an_upload_that_was_stored_though_the_answer_was_lost_is_never_sent_twice(
    office: Office, trouble: dict[str, Any]
) -> None:
    endpoint_set(office, status_url=STATUS_URL, timeout=0.5)
    fault(office, on="sap", count=1, hold_seconds=1.0, **trouble)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.sends) == ("sent", 1)
    assert story(delivery) == ["send ambiguous", "look_up found"]
    assert at_sap(office) == [delivery.proforma.number]


def test_without_a_look_up_it_stays_unknown_until_the_acknowledgement_comes(office: Office) -> None:
    endpoint_set(office, timeout=0.5)
    fault(office, on="sap", count=1, timeout_after_store=True, hold_seconds=1.0)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.state, delivery.due_at) == ("unknown", "failed", None)
    assert "not sent a second time" in delivery.problem["kept"]
    assert list(selectors.deliveries_unclear()) == [delivery]
    assert services.due_work_run(seconds=2) == 0
    receive(aleaud(office))
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.outcome, delivery.sends) == ("acknowledged", "parked", 1)


def test_a_look_up_that_fails_is_repeated_later_by_the_sweeper(office: Office) -> None:
    fault(office, on="sap", count=1, status=500, after_store=True)
    fault(office, on="sap_status", count=2, empty=True)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.sends) == ("sent", 1)
    assert story(delivery) == ["send ambiguous", "look_up no_answer", "look_up found"]


def test_a_receiver_that_says_later_is_not_asked_before(office: Office) -> None:
    fault(office, on="sap", count=1, status=429, retry_after=60)
    delivery = queued(office)
    before = datetime.now(UTC)
    assert services.delivery_run(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.state) == ("queued", "queued")
    assert delivery.due_at is not None
    assert (delivery.due_at - before).total_seconds() >= 60
    assert delivery.problem["code"] == "delivery.not_sent"


def test_a_receiver_that_is_away_is_tried_again_and_again(office: Office) -> None:
    delivery = queued(office)
    with acting("clara"):
        SapEndpoint.objects.update(url="http://127.0.0.1:9")
    for expected in (1, 2):
        Delivery.objects.filter(pk=delivery.pk).update(due_at=datetime.now(UTC))
        assert services.delivery_run(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.phase, delivery.state, delivery.failures) == ("queued", "queued", expected)
    assert story(delivery) == ["send not_sent"] * 2


def test_a_wrong_password_waits_for_a_person_who_then_sends_again(office: Office, directories: Path) -> None:
    wrong = {**SECRETS, "sap": {"username": "idoc", "password": "wrong"}}
    credentials_write(directories / "credentials", secrets=wrong)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.state, delivery.due_at) == ("queued", "failed", None)
    assert "refused the credential" in delivery.problem["what"]
    assert list(selectors.deliveries_troubled()) == [delivery]
    assert "wrong" not in str(delivery.problem) + "".join(a.text for a in selectors.attempts_of(delivery))
    credentials_write(directories / "credentials")
    services.delivery_retry(delivery=delivery, reason="Password corrected", actor="petra")
    assert drive(delivery).phase == "sent"
    assert story(delivery) == ["send not_sent", "retry not_sent", "send accepted"]


def test_an_idoc_that_is_refused_is_a_rejection_with_the_receivers_words(office: Office) -> None:
    endpoint_set(office, sap_client="999")
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.outcome, delivery.outcome_status) == ("acknowledged", "rejected", "422")
    assert "sap-client" in delivery.outcome_text


def test_a_number_that_the_receiver_has_with_other_content_is_refused(office: Office) -> None:
    delivery = queued(office)
    other = invoic(str(delivery.proforma.number))
    assert post_idoc(office.sandbox.url, other, auth=("idoc", "sends")).status_code == 200
    drive(delivery)
    assert (delivery.phase, delivery.outcome) == ("acknowledged", "rejected")
    assert "another document under this number" in delivery.outcome_text


def test_another_document_under_our_number_is_not_taken_for_ours(office: Office) -> None:
    delivery = queued(office)
    other = invoic(str(delivery.proforma.number))
    assert post_idoc(office.sandbox.url, other, auth=("idoc", "sends")).status_code == 200
    fault(office, on="sap", count=1, status=500)
    drive(delivery)
    assert (delivery.phase, delivery.state, delivery.sends) == ("unknown", "failed", 1)
    assert delivery.problem["code"] == "delivery.other_content"


def test_the_very_document_sent_before_counts_as_accepted(office: Office) -> None:
    delivery = queued(office)
    data = store().get(delivery.document.storage_key)
    assert post_idoc(office.sandbox.url, data, auth=("idoc", "sends")).status_code == 200
    assert drive(delivery).phase == "sent"
    assert len(at_sap(office)) == 1


def test_a_damaged_document_is_not_sent(office: Office, directories: Path) -> None:
    delivery = queued(office)
    (directories / "documents" / delivery.document.storage_key).write_bytes(b"other")
    drive(delivery)
    assert (delivery.state, delivery.phase, delivery.sends) == ("failed", "queued", 0)
    assert delivery.problem["code"] == "document.damaged"
    assert at_sap(office) == []
