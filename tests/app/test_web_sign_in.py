"""Signing in, being locked out, leaving, and changing one's own password."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import Entry
from portal.audit.services import acting
from tests.support.cast import PASSWORD, person_make
from tests.support.web import browser, text

pytestmark = pytest.mark.django_db


def sign_in(client: Client, name: str, password: str = PASSWORD, **extra: str) -> object:
    return client.post("/sign-in", {"username": name, "password": password, **extra})


def test_a_person_with_the_right_password_gets_in_and_it_is_recorded() -> None:
    person_make("petra")
    client = Client()
    assert sign_in(client, "petra").headers["Location"] == "/"  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200
    assert Entry.objects.filter(actor="petra", action="signed_in").count() == 1


def test_a_wrong_password_is_refused_in_words_and_recorded() -> None:
    person_make("petra")
    answer = sign_in(Client(), "petra", "wrong")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "The user name or the password is not right." in text(answer)
    assert Entry.objects.filter(actor="petra", action="sign_in_refused").count() == 1


def test_a_stranger_leaves_nothing_in_the_record_that_could_be_a_password() -> None:
    answer = sign_in(Client(), "my-secret-password", "x")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert not Entry.objects.filter(action="sign_in_refused").exists()


def test_a_name_that_no_column_can_hold_is_refused_like_any_other() -> None:
    assert sign_in(Client(), "pe\0tra", "x").status_code == 422  # type: ignore[attr-defined]


def test_five_failures_lock_the_name_and_the_page_says_so() -> None:
    person_make("petra")
    client = Client()
    for _ in range(5):
        answer = sign_in(client, "petra", "wrong")
    assert answer.status_code == 429  # type: ignore[attr-defined]
    assert "Signing in as petra failed 5 times." in text(answer)
    assert sign_in(client, "petra").status_code == 429  # type: ignore[attr-defined]
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9"), "petra").status_code == 302  # type: ignore[attr-defined]


def test_after_signing_in_one_lands_where_one_wanted_but_never_elsewhere() -> None:
    person_make("petra")
    assert Client().get("/contracts").headers["Location"] == "/sign-in?next=/contracts"
    assert sign_in(Client(), "petra", next="/contracts").headers["Location"] == "/contracts"  # type: ignore[attr-defined]
    assert sign_in(Client(), "petra", next="https://evil.example/").headers["Location"] == "/"  # type: ignore[attr-defined]


def test_signing_out_needs_a_button_and_ends_the_session() -> None:
    petra = browser("petra")
    assert petra.get("/sign-out").status_code == 405
    assert petra.post("/sign-out").status_code == 302
    assert petra.get("/").status_code == 302


def test_an_outdated_hash_is_renewed_at_sign_in(settings: object) -> None:
    settings.PASSWORD_HASHERS = [  # type: ignore[attr-defined]
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    petra = person_make("petra")
    with acting("tests"):
        petra.password = make_password(PASSWORD, hasher="md5")
        petra.save(update_fields=["password"])
    assert sign_in(Client(), "petra").status_code == 302  # type: ignore[attr-defined]
    assert User.objects.get(username="petra").password.startswith("pbkdf2")


def test_a_person_changes_their_own_password_and_stays_signed_in() -> None:
    mallory = browser("mallory")
    new = "another long enough one"
    wrong = mallory.post("/password", {"current": "guess", "password": new, "again": new})
    assert (wrong.status_code, "The present password is not right." in text(wrong)) == (422, True)
    differ = mallory.post("/password", {"current": PASSWORD, "password": new, "again": "other"})
    assert "The two new passwords differ." in text(differ)
    weak = mallory.post("/password", {"current": PASSWORD, "password": "short", "again": "short"})
    assert "too short" in text(weak)
    assert mallory.post("/password", {"current": PASSWORD, "password": new, "again": new}).status_code == 302
    assert mallory.get("/password").status_code == 200
    assert sign_in(Client(), "mallory", new).status_code == 302  # type: ignore[attr-defined]


def test_a_form_without_its_token_is_refused_with_an_explanation() -> None:
    petra = browser("petra", enforce_csrf_checks=True)
    answer = petra.post("/sign-out")
    assert (answer.status_code, "The form is out of date" in text(answer)) == (403, True)


def test_a_part_that_is_asked_for_after_the_session_ended_sends_the_whole_page_to_the_sign_in() -> None:
    answer = Client().get("/sign-in", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/months/7"})
    assert answer.headers["HX-Redirect"] == "/sign-in?next=%2Fmonths%2F7"


def test_a_browser_keeps_no_page_after_signing_out() -> None:
    assert "no-store" in browser("petra").get("/").headers["Cache-Control"]
