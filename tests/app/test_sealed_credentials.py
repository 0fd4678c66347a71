"""Credentials that an administrator sets: the page, the record, and who can read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from portal.accounts.access import AccessError
from portal.audit.models import Entry
from portal.contracts import sealed
from portal.contracts.models import SealedCredential
from portal.domain.errors import InputError
from portal.lib import sealing
from portal.lib.credentials import CredentialError, credential_read
from tests.support.cast import person_make
from tests.support.contracts import contract_make
from tests.support.web import browser, text

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-acme"


@pytest.fixture
def private(settings: Any) -> str:
    """The web process's settings: it has the public key alone. Returns the worker's."""
    key, settings.SEALING_PUBLIC_KEY = sealing.pair()
    settings.SEALING_PRIVATE_KEY = ""
    return key


@pytest.fixture
def reference() -> str:
    person_make("clara")
    return str(contract_make().source.credential_ref)


def sent(reference: str, **data: Any) -> Any:
    return browser("axel").post(reverse("credential_set", args=[reference]), data)


def test_what_an_administrator_sets_the_worker_reads_and_the_portal_does_not(
    private: str, reference: str, settings: Any
) -> None:
    assert sent(reference, username="reader", password=SECRET).status_code == 302
    with pytest.raises(CredentialError, match="no such credential"):
        credential_read(reference, None)
    settings.SEALING_PRIVATE_KEY = private
    read = credential_read(reference, None)
    assert (read.get("username"), read.get("password")) == ("reader", SECRET)


def test_the_record_says_who_set_which_and_never_what(private: str, reference: str) -> None:
    sent(reference, username="reader", password=SECRET)
    row = SealedCredential.objects.get()
    entry = Entry.objects.get(subject="contracts_sealedcredential")
    assert (entry.actor, entry.changes["reference"], entry.changes["sealed"]) == ("axel", reference, "***")
    assert entry.changes["fingerprint"] == row.fingerprint
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(changes::text, ' ') FROM audit_entry")
        everything = cursor.fetchone()[0] + row.sealed
    assert SECRET not in everything
    assert row.sealed not in everything.removesuffix(row.sealed)


def test_a_page_shows_that_it_is_set_and_nothing_of_it(private: str, reference: str) -> None:
    sent(reference, password=SECRET)
    page = browser("axel").get(reverse("credentials"))
    assert reference in text(page)
    assert "by axel" in text(page)
    assert SECRET not in page.content.decode()
    assert SECRET not in sent(reference, password=SECRET, others="no json").content.decode()


def test_other_fields_come_as_json(private: str, reference: str, settings: Any) -> None:
    fields = {"client_id": "c", "client_secret": SECRET}
    assert sent(reference, others=json.dumps(fields)).status_code == 302
    settings.SEALING_PRIVATE_KEY = private
    assert credential_read(reference, None).get("client_secret") == SECRET
    assert sent(reference, others='{"number": 1}').status_code == 422


def test_only_administrators_set_credentials(private: str, reference: str) -> None:
    for name in ("petra", "anton", "clara", "ada", "mallory"):
        assert browser(name).get(reverse("credentials")).status_code == 403
        assert browser(name).post(reverse("credential_set", args=[reference]), {"password": "x"}).status_code == 403
        person_make(name)
        with pytest.raises(AccessError):
            sealed.credential_set(reference=reference, fields={"password": "x"}, actor=name)
    assert not SealedCredential.objects.exists()


@pytest.mark.parametrize("fields", [{}, {"password": ""}])
def test_an_empty_credential_is_refused(fields: dict[str, str], private: str, reference: str) -> None:
    person_make("axel")
    with pytest.raises(InputError, match="at least one field"):
        sealed.credential_set(reference=reference, fields=fields, actor="axel")


def test_a_reference_that_nothing_uses_is_refused(private: str, reference: str) -> None:
    answer = sent("customers/nobody/source", password=SECRET)
    assert (answer.status_code, "No source and no endpoint uses this reference." in text(answer)) == (422, True)


def test_without_a_key_the_page_says_where_credentials_come_from(reference: str, settings: Any) -> None:
    settings.SEALING_PUBLIC_KEY = ""
    assert "PROFORMA_SEALING_PUBLIC_KEY" in text(browser("axel").get(reverse("credentials")))
    assert sent(reference, password=SECRET).status_code == 422


def test_after_a_change_of_keys_the_page_and_the_worker_ask_for_it_again(
    private: str, reference: str, settings: Any
) -> None:
    sent(reference, password=SECRET)
    settings.SEALING_PRIVATE_KEY, settings.SEALING_PUBLIC_KEY = sealing.pair()
    assert "set it again" in text(browser("axel").get(reverse("credentials")))
    with pytest.raises(CredentialError, match="Set it again"):
        credential_read(reference, None)


def test_a_sealed_text_moved_to_another_reference_does_not_open(private: str, reference: str, settings: Any) -> None:
    sent(reference, password=SECRET)
    settings.SEALING_PRIVATE_KEY = private
    row = SealedCredential.objects.get()
    with pytest.raises(sealing.SealingError):
        sealing.unseal(private, "customers/other/source", row.sealed)
