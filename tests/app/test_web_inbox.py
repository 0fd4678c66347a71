"""The door for acknowledgements: who may knock, what is taken, and that twice is harmless."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.contracts import services as contracts
from portal.delivery.models import Acknowledgement
from portal.delivery.selectors import delivery_of
from portal.lib import clock
from sandbox import aleaud
from tests.support.office import SECRETS, Office, credentials_write
from tests.support.web import month_issued

pytestmark = pytest.mark.django_db
ADDRESS = "/inbox/acknowledgements/acme"
GOOD = ("acme-sap", "answers")


def knock(body: bytes, auth: tuple[str, str] | None = GOOD, address: str = ADDRESS, **extra: Any) -> Any:
    headers = dict(extra.pop("headers", {}))
    if auth:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(auth).encode()).decode()
    client = Client(enforce_csrf_checks=True)
    return client.post(address, body, content_type="application/xml", headers=headers, **extra)


@pytest.mark.parametrize(
    "auth", [None, ("acme-sap", "wrong"), ("other", "answers"), ("", ""), ("acme-sap", ""), ("reader", "reads")]
)
def test_whoever_has_no_credential_is_refused_and_nothing_is_kept(auth: Any, small_office: Office) -> None:
    answer = knock(b"<ALEAUD01/>", auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert not Acknowledgement.objects.exists()


def test_a_header_that_is_none_is_refused(small_office: Office) -> None:
    for header in ("Basic", "Basic !!!", "Bearer abc", "Basic " + base64.b64encode(b"nocolon").decode()):
        answer = Client().post(ADDRESS, b"x", content_type="text/xml", headers={"Authorization": header})
        assert answer.status_code == 401, header


def test_an_unknown_customer_looks_like_a_wrong_password(small_office: Office) -> None:
    stranger, wrong = knock(b"x", GOOD, "/inbox/acknowledgements/nobody"), knock(b"x", ("acme-sap", "wrong"))
    assert (stranger.status_code, stranger.content) == (wrong.status_code, wrong.content)


def test_an_endpoint_without_a_credential_for_it_takes_nothing(small_office: Office) -> None:
    contracts.endpoint_update(endpoint=small_office.contract.endpoint, inbound_credential_ref="", actor="clara")
    assert knock(b"x").status_code == 401
    assert knock(b"x", ("", "")).status_code == 401
    assert knock(b"x", None).status_code == 401


def test_a_credential_that_cannot_be_read_admits_nobody(small_office: Office, directories: Path) -> None:
    (directories / "credentials/customers/acme/inbound.json").chmod(0o644)
    assert knock(b"x").status_code == 401


def test_only_a_post_is_answered(small_office: Office) -> None:
    assert Client().get(ADDRESS).status_code == 405


def test_too_much_is_refused_by_its_length_and_by_what_came(small_office: Office) -> None:
    assert knock(b"x" * (1024 * 1024 + 1)).status_code == 413
    assert knock(b"").status_code == 400
    assert not Acknowledgement.objects.exists()


def test_a_length_that_is_none_is_refused(small_office: Office) -> None:
    assert knock(b"x", CONTENT_LENGTH="many").status_code in (400, 413)


def test_what_cannot_be_read_is_kept_with_its_problem(small_office: Office) -> None:
    assert knock(b"<html>maintenance</html>").status_code == 202
    assert Acknowledgement.objects.get().problem


def test_an_acknowledgement_settles_its_delivery_and_twice_is_once(small_office: Office) -> None:
    proforma = month_issued(small_office)
    raw = acknowledgement(small_office, str(proforma.number))
    first, second = knock(raw), knock(raw)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    delivery = delivery_of(proforma)
    assert delivery is not None
    assert (delivery.phase, delivery.outcome) == ("acknowledged", "parked")
    assert Acknowledgement.objects.count() == 1


def test_a_customer_cannot_acknowledge_what_another_got(small_office: Office, directories: Path) -> None:
    proforma = month_issued(small_office)
    other = contracts.customer_create(code="other", name="Other", address="Elsewhere 1", country="DE", actor="clara")
    contracts.endpoint_create(
        customer=other,
        name="SAP",
        url="http://127.0.0.1:9",
        credential_ref="customers/other/sap",
        inbound_credential_ref="customers/other/inbound",
        actor="clara",
    )
    secrets = SECRETS | {"acknowledgement": {"username": "other-sap", "password": "lies"}}
    credentials_write(directories / "credentials", "other", secrets)
    answer = knock(
        acknowledgement(small_office, str(proforma.number)), ("other-sap", "lies"), "/inbox/acknowledgements/other"
    )
    assert answer.status_code == 202
    delivery = delivery_of(proforma)
    assert delivery is not None
    assert delivery.phase == "sent"


def acknowledgement(office: Office, number: str) -> bytes:
    """As the sandbox's SAP says it of the IDoc that it received."""
    receipt = office.sandbox.receipts.by_number(number)
    assert receipt is not None
    return aleaud.acknowledgement(receipt, aleaud.decide(receipt, "", ("PAR", "PRF")), clock.now())
