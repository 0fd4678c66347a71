"""An issued proforma in the browser: its documents, its delivery, and what people may do about them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from portal.audit.services import acting
from portal.delivery import services as deliveries
from portal.delivery.models import ACKNOWLEDGED, POSTED, UNKNOWN, Acknowledgement, Delivery
from portal.delivery.selectors import delivery_of
from portal.delivery.services import acknowledgement_receive
from portal.documents.selectors import documents_of
from portal.lib import clock, work
from portal.proformas import selectors
from portal.proformas.models import Proforma
from tests.support.office import Office
from tests.support.web import browser, month_issued, text

pytestmark = pytest.mark.django_db


def page(proforma: Proforma, who: str = "petra") -> Any:
    return browser(who).get(reverse("proforma", args=[proforma.pk]))


def do(who: str, name: str, pk: int, /, **data: Any) -> Any:
    return browser(who).post(reverse(name, args=[pk]), data)


def test_an_issued_proforma_offers_no_change(small_office: Office) -> None:
    issued = month_issued(small_office)
    shown = text(page(issued))
    for word in ("Add a line", "Send back", "Submit for review", "Change line"):
        assert word not in shown
    line = selectors.lines_of(issued)[0]
    answer = do("petra", "line_remove", line.pk, reason="away with it")
    assert (answer.status_code, "cannot be edited" in text(answer)) == (422, True)


def test_documents_are_the_bytes_that_were_rendered_and_each_download_is_recorded(small_office: Office) -> None:
    issued = month_issued(small_office)
    documents = list(documents_of(issued))
    assert {d.format for d in documents} >= {"pdf", "html", "idoc", "csv"}
    for document in documents:
        answer = browser("ada").get(reverse("proforma_document", args=[document.pk]))
        assert answer.headers["Content-Type"] == document.media_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{document.name}"'
        assert len(answer.content) == document.size
    assert Entry.objects.filter(actor="ada", action="downloaded").count() == len(documents)


def test_a_document_that_was_altered_is_not_handed_out(small_office: Office, directories: Path) -> None:
    issued = month_issued(small_office)
    document = documents_of(issued)[0]
    path = directories / "documents" / document.storage_key
    path.chmod(0o600)
    path.write_bytes(b"forged")
    answer = browser("ada").get(reverse("proforma_document", args=[document.pk]))
    assert answer.status_code == 409
    assert "not the checksum that was noted" in text(answer)
    assert not Entry.objects.filter(action="downloaded").exists()


def delivery(proforma: Proforma, **values: Any) -> Delivery:
    """The delivery as it would stand after another end."""
    found = delivery_of(proforma)
    assert found is not None
    with acting("tests"):
        for name, value in values.items():
            setattr(found, name, value)
        found.save()
    return found


def test_what_was_posted_warns_on_the_page_and_on_the_first_page(small_office: Office) -> None:
    issued = month_issued(small_office)
    sent = delivery(issued)
    deliveries.delivery_settle(delivery=sent, outcome=POSTED, reason="their accountant called", actor="petra")
    shown = text(page(issued))
    assert "posted it instead of parking it" in shown
    assert "SAP posted it instead of parking it: talk to the customer" in text(browser("petra").get("/"))


def test_a_send_in_doubt_is_sent_again_only_with_a_persons_word(small_office: Office) -> None:
    issued = month_issued(small_office)
    doubtful = delivery(issued, phase=UNKNOWN, state=work.FAILED, due_at=None)
    assert "Send again" in text(page(issued))
    without = do("petra", "delivery_retry", doubtful.pk, reason="nothing came")
    assert (without.status_code, "could make a double" in text(without)) == (422, True)
    given = {"reason": "they looked", "checked_not_there": "on"}
    assert do("petra", "delivery_retry", doubtful.pk, **given).status_code == 302
    doubtful.refresh_from_db()
    assert doubtful.phase == "queued"


def test_what_the_customer_said_is_noted_where_no_acknowledgement_comes(small_office: Office) -> None:
    issued = month_issued(small_office)
    sent = delivery(issued)
    form = {"outcome": "parked", "reason": "Ms Weber, by phone"}
    assert do("ada", "delivery_settle", sent.pk, **form).status_code == 403
    assert do("petra", "delivery_settle", sent.pk, **form).status_code == 302
    sent.refresh_from_db()
    assert (sent.phase, sent.outcome) == (ACKNOWLEDGED, "parked")


def test_the_dispatch_part_is_asked_again_only_while_something_may_still_happen(small_office: Office) -> None:
    issued = month_issued(small_office)
    address = reverse("proforma_dispatch", args=[issued.pk])
    assert 'hx-trigger="every 5s"' in browser("ada").get(address).content.decode()
    deliveries.delivery_settle(delivery=delivery(issued), outcome="parked", reason="phone", actor="petra")
    assert "hx-trigger" not in browser("ada").get(address).content.decode()


def test_a_delivery_that_stopped_waits_for_those_who_deliver(small_office: Office) -> None:
    issued = month_issued(small_office)
    delivery(issued, phase="queued", state=work.FAILED, due_at=None)
    assert "See why it was not delivered" in text(browser("anton").get("/"))
    assert "See why it was not delivered" not in text(browser("ada").get("/"))
    assert "Send again" in text(page(issued))


def test_an_acknowledgement_that_fits_nothing_is_shown(small_office: Office) -> None:
    acknowledgement_receive(b"<html/>", hashlib.sha256(b"<html/>").hexdigest(), clock.now())
    assert "1 acknowledgement fits no delivery" in text(browser("petra").get("/"))
    shown = text(browser("petra").get(reverse("delivery_acknowledgements")))
    assert Acknowledgement.objects.get().problem[:40] in shown
