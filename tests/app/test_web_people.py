"""People for the administrator, the record for the auditor."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.services import record
from portal.domain.errors import Problem
from tests.support.cast import PASSWORD, cast_make, person_make
from tests.support.web import browser, text

pytestmark = pytest.mark.django_db
NEW = {"username": "nina", "full_name": "Nina New", "email": "", "password": PASSWORD}


def do(name: str, pk: int | None = None, /, **data: Any) -> Any:
    return browser("axel").post(reverse(name, args=[pk] if pk else []), data)


def test_an_administrator_makes_a_person_who_can_sign_in() -> None:
    assert do("person_new", roles=["preparer", "auditor"], **NEW).status_code == 302
    nina = User.objects.get(username="nina")
    assert (nina.display_name, nina.roles) == ("Nina New", ["auditor", "preparer"])
    assert Client().post("/sign-in", {"username": "nina", "password": PASSWORD}).status_code == 302
    assert Entry.objects.get(subject="accounts_user", subject_id=str(nina.pk), action="insert").actor == "axel"


def test_a_taken_name_and_a_weak_password_are_told_and_no_password_comes_back() -> None:
    cast_make()
    taken = do("person_new", **(NEW | {"username": "petra"}))
    assert (taken.status_code, "already exists" in text(taken)) == (422, True)
    assert PASSWORD not in taken.content.decode()
    assert "too common" in text(do("person_new", **(NEW | {"password": "password1234"})))


def test_roles_are_replaced_but_never_ones_own() -> None:
    petra, axel = person_make("petra"), person_make("axel")
    assert do("person_roles", petra.pk, roles=["approver"]).status_code == 302
    petra.refresh_from_db()
    assert petra.roles == ["approver"]
    answer = do("person_roles", axel.pk, roles=["administrator", "approver"])
    assert (answer.status_code, "Nobody changes their own roles." in text(answer)) == (422, True)
    assert "not one of the available choices" in text(do("person_roles", petra.pk, roles=["emperor"]))


def test_a_person_is_switched_off_and_on_but_nobody_themselves() -> None:
    petra, axel = person_make("petra"), person_make("axel")
    assert do("person_switch", petra.pk, active="0").status_code == 302
    assert not User.objects.get(pk=petra.pk).is_active
    assert do("person_switch", petra.pk, active="1").status_code == 302
    assert User.objects.get(pk=petra.pk).is_active
    own = do("person_switch", axel.pk, active="0")
    assert (own.status_code, "Nobody switches themselves off." in text(own)) == (422, True)


def test_a_new_password_from_an_administrator_ends_the_persons_sessions() -> None:
    petra = browser("petra")
    assert do("person_password", person_make("petra").pk, password="a quite different phrase").status_code == 302
    assert petra.get("/").status_code == 302


def test_the_auditor_reads_every_entry_by_person_and_table() -> None:
    cast_make()
    record(actor="petra", action="looked", subject="test", subject_id="1")
    ada = browser("ada")
    shown = text(ada.get("/record"))
    assert "petra test looked" in shown
    assert "person added: mallory" in shown
    assert "Nothing yet." in text(ada.get("/record?actor=anton&subject=test"))
    assert ada.get("/record?actor=%00&page=99999").status_code == 200


def test_the_chain_is_checked_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    cast_make()
    ada = browser("ada")
    assert "The chain is whole: 6 entries" in text(ada.post("/record/check"))
    broken = [Problem("audit.broken", "Audit entry 3 or the one before it was altered or removed.")]
    monkeypatch.setattr("portal.audit.selectors.chain_problems", lambda: broken)
    assert "The chain is broken in 1 place. Audit entry 3" in text(ada.post("/record/check"))
