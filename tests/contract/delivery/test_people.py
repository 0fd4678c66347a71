"""What people may do about a delivery, and what they may not."""

from __future__ import annotations

from typing import Any

import pytest

from portal.accounts.access import AccessError
from portal.audit.selectors import entries_of
from portal.delivery import services
from portal.delivery.models import Delivery
from portal.domain.errors import InputError, StateError
from tests.support.delivering import aleaud, at_sap, drive, fault, queued, receive, story
from tests.support.issuing import STATUS_URL, endpoint_set
from tests.support.office import Office

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def unknown(office: Office, **trouble: Any) -> Delivery:
    """A delivery of which nobody knows, to a receiver that cannot be asked."""
    endpoint_set(office)
    fault(office, on="sap", count=1, status=500, **trouble)
    delivery = drive(queued(office))
    assert (delivery.phase, delivery.state) == ("unknown", "failed")
    return delivery


def test_what_is_unknown_is_sent_again_only_when_a_person_states_that_the_customer_has_nothing(
    office: Office,
) -> None:
    delivery = unknown(office)
    with pytest.raises(InputError, match="could make a double"):
        services.delivery_retry(delivery=delivery, reason="Please again", actor="petra")
    services.delivery_retry(delivery=delivery, reason="Mrs Meier looked in WE02", actor="petra", checked_not_there=True)
    assert (drive(delivery).phase, delivery.sends) == ("sent", 2)
    assert story(delivery) == [
        "send ambiguous",
        "look_up no_answer",
        "retry unknown",
        "look_up no_answer",
        "send accepted",
    ]
    recorded = [e for e in entries_of("delivery_delivery", delivery.pk) if e.actor == "petra"]
    assert [e.reason for e in recorded] == ["Mrs Meier looked in WE02"]


def test_a_person_who_is_wrong_makes_no_double_where_the_receiver_can_be_asked(office: Office) -> None:
    delivery = unknown(office, after_store=True)
    endpoint_set(office, status_url=STATUS_URL)
    services.delivery_retry(delivery=delivery, reason="They see nothing", actor="petra", checked_not_there=True)
    assert (drive(delivery).phase, delivery.sends) == ("sent", 1)
    assert story(delivery)[-2:] == ["retry unknown", "look_up found"]
    assert len(at_sap(office)) == 1


def test_a_person_can_have_the_receiver_asked_once_it_can_be(office: Office) -> None:
    delivery = unknown(office, after_store=True)
    endpoint_set(office, status_url=STATUS_URL)
    services.delivery_ask(delivery=delivery, reason="The look-up is open now", actor="anton")
    assert (drive(delivery).phase, delivery.sends) == ("sent", 1)
    with pytest.raises(StateError, match="no doubt"):
        services.delivery_ask(delivery=delivery, reason="Again", actor="anton")


def test_what_the_receiver_has_is_not_sent_again(office: Office) -> None:
    delivery = drive(queued(office))
    for _ in range(2):
        with pytest.raises(StateError, match="would be a double"):
            services.delivery_retry(delivery=delivery, reason="Again", actor="petra", checked_not_there=True)
        receive(aleaud(office))
        delivery.refresh_from_db()
    assert story(delivery) == ["send accepted"]


def test_a_rejected_document_is_sent_again_and_the_old_rejection_does_not_strike_twice(office: Office) -> None:
    delivery = drive(queued(office))
    receive(aleaud(office, "rejected", "No purchase order item"))
    delivery.refresh_from_db()
    services.delivery_retry(delivery=delivery, reason="Order item created", actor="petra")
    late = receive(aleaud(office, "rejected", "No purchase order item, said once more"))
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.state) == ("queued", "queued")
    assert "earlier send" in late.problem
    drive(delivery)  # this SAP still has it and says so; its SHA-256 is ours
    assert (delivery.phase, delivery.sends, delivery.outcome) == ("sent", 2, "")
    assert story(delivery) == ["send accepted", "retry rejected", "send accepted"]
    receive(aleaud(office, "parked"))
    delivery.refresh_from_db()
    assert delivery.outcome == "parked"


def test_where_no_acknowledgement_comes_a_person_notes_what_the_customer_said(office: Office) -> None:
    delivery = drive(queued(office))
    services.delivery_settle(delivery=delivery, outcome="parked", reason="Mr Keller by phone", actor="anton")
    assert (delivery.phase, delivery.outcome, delivery.outcome_text) == (
        "acknowledged", "parked", "anton: Mr Keller by phone",
    )  # fmt: skip
    receive(aleaud(office, "posted"))
    delivery.refresh_from_db()
    assert delivery.outcome == "posted"


@pytest.mark.parametrize("act", [services.delivery_retry, services.delivery_ask, services.delivery_settle])
def test_without_the_role_or_a_reason_nothing_happens(office: Office, act: Any) -> None:
    delivery = unknown(office)
    more = {"outcome": "parked"} if act is services.delivery_settle else {}
    for name in ("mallory", "clara", "nobody"):
        with pytest.raises(AccessError):
            act(delivery=delivery, reason="Because", actor=name, **more)
    with pytest.raises(InputError, match="reason is missing"):
        act(delivery=delivery, reason="  ", actor="petra", **more)
    assert len(story(delivery)) == 2
