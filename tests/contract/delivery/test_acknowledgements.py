"""What comes back: doubled, late, early, for nobody, from the wrong customer, or not readable at all."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, transaction

from portal.audit.selectors import chain_problems, entries_of
from portal.delivery import selectors, services
from portal.delivery.models import SENDING, Acknowledgement, Delivery
from portal.domain.errors import InputError
from portal.lib import work
from portal.lib.hashing import sha256_hex
from tests.support.contracts import customer_make, endpoint_make
from tests.support.delivering import aleaud, drive, fault, queued, receive
from tests.support.issuing import endpoint_set
from tests.support.office import Office

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><ALEAUD01><IDOC>&c;</IDOC></ALEAUD01>'
)


def test_the_same_message_twice_is_one_acknowledgement(office: Office) -> None:
    drive(queued(office))
    raw = aleaud(office)
    first, second = receive(raw), receive(raw)
    assert first == second
    assert Acknowledgement.objects.count() == 1
    assert bytes(first.raw) == raw


def test_a_damaged_message_is_refused_and_not_kept(office: Office) -> None:
    drive(queued(office))
    with pytest.raises(InputError, match="damaged on its way"):
        services.acknowledgement_receive(aleaud(office), "0" * 64, datetime.now(UTC))
    with pytest.raises(InputError, match="too large"):
        receive(b" " * (3 * 1024 * 1024))
    assert not Acknowledgement.objects.exists()


def test_an_unknown_number_is_kept_and_changes_nothing(office: Office) -> None:
    delivery = drive(queued(office))
    kept = receive(aleaud(office, number="PF-1999-000009"))
    assert (kept.delivery, kept.number, kept.status) == (None, "PF-1999-000009", "53")
    assert "No document was sent" in kept.problem
    assert list(selectors.acknowledgements_unmatched()) == [kept]
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.outcome) == ("sent", "")


@pytest.mark.parametrize("raw", [b"", b"not xml", b"<html>Sign in</html>", b"\x00\xff\xfe", BOMB], ids=len)
def test_what_cannot_be_read_is_kept_byte_for_byte_with_the_reason(office: Office, raw: bytes) -> None:
    kept = receive(raw)
    assert bytes(Acknowledgement.objects.get(pk=kept.pk).raw) == raw
    assert kept.problem
    assert kept.delivery is None
    assert receive(raw) == kept


def test_one_message_may_settle_several_deliveries_and_is_kept_once(office: Office) -> None:
    delivery = drive(queued(office))
    raw = aleaud(office)
    start, end = raw.index(b"<E1STATE"), raw.index(b"</E1ADHDR>")
    number = str(delivery.proforma.number).encode()
    raw = raw[:end] + raw[start:end].replace(number, b"PF-1999-000001") + raw[end:]
    first = receive(raw)
    rows = Acknowledgement.objects.filter(sha256=first.sha256)
    assert [(r.number, r.delivery_id, len(bytes(r.raw))) for r in rows] == [
        (delivery.proforma.number, delivery.pk, len(raw)),
        ("PF-1999-000001", None, 0),
    ]
    assert receive(raw) == first


def test_a_customer_cannot_acknowledge_another_customers_document(office: Office) -> None:
    delivery = drive(queued(office))
    stranger = endpoint_make(customer_make("other"))
    kept = receive(aleaud(office), endpoint=stranger)
    assert kept.delivery is None
    assert "another customer" in kept.problem
    delivery.refresh_from_db()
    assert delivery.phase == "sent"


def test_the_customers_own_bearer_settles_it(office: Office) -> None:
    delivery = drive(queued(office))
    assert receive(aleaud(office), endpoint=office.contract.endpoint).delivery == delivery


def test_an_acknowledgement_before_anything_was_sent_changes_nothing(office: Office) -> None:
    sent = drive(queued(office))
    raw = aleaud(office)
    Delivery.objects.filter(pk=sent.pk).update(sends=0, phase="queued")
    kept = receive(raw)
    assert "Nothing was sent" in kept.problem
    sent.refresh_from_db()
    assert (sent.phase, sent.outcome) == ("queued", "")


def test_an_acknowledgement_that_overtakes_the_answer_settles_what_is_being_sent(office: Office) -> None:
    delivery = drive(queued(office))
    raw = aleaud(office)
    Delivery.objects.filter(pk=delivery.pk).update(phase=SENDING, state=work.RUNNING, sent_at=None)
    receive(raw)
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.outcome, delivery.state, delivery.lease_until) == (
        "acknowledged", "parked", "done", None,
    )  # fmt: skip
    with pytest.raises(work.LeaseLostError):
        work.finish(delivery, phase="sent")


def test_the_customers_field_for_our_number_is_the_only_one_that_counts(office: Office) -> None:
    delivery = drive(queued(office))
    endpoint_set(office, acknowledgement={"number_field": "E1STATE-STAPA3"})
    assert receive(aleaud(office)).delivery is None
    assert receive(aleaud(office).replace(b"STAPA1", b"STAPA3")).delivery == delivery


def test_acknowledgements_can_be_neither_changed_nor_removed(office: Office) -> None:
    kept = receive(b"not xml")
    for change in (lambda: kept.delete(), lambda: Acknowledgement.objects.update(problem="")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_every_step_is_recorded_and_no_log_line_holds_the_text(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    delivery = drive(queued(office))
    receive(aleaud(office, "posted", "Posted for Jane Canary"))
    phases = [e.changes["phase"] for e in entries_of("delivery_delivery", delivery.pk) if "phase" in e.changes]
    assert phases == ["queued", ["queued", "sending"], ["sending", "sent"], ["sent", "acknowledged"]]
    assert {e.actor for e in entries_of("delivery_delivery", delivery.pk)} == {"worker", "sap"}
    assert chain_problems() == []
    assert "Canary" not in caplog.text
    assert any("SAP posted" in record.message for record in caplog.records)


def test_an_unknown_delivery_is_settled_by_a_status_on_the_way(office: Office) -> None:
    endpoint_set(office)
    fault(office, on="sap", count=1, status=500, after_store=True)
    delivery = drive(queued(office))
    assert delivery.phase == "unknown"
    raw = aleaud(office).replace(b"<STATUS>53<", b"<STATUS>64<")
    services.acknowledgement_receive(raw, sha256_hex(raw), datetime.now(UTC))
    delivery.refresh_from_db()
    assert (delivery.phase, delivery.state, delivery.problem) == ("sent", "done", None)
