"""The first person of a new installation."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import User
from portal.audit.models import Entry
from tests.support.cast import person_make
from tests.support.web import browser

pytestmark = pytest.mark.django_db


def make(monkeypatch: pytest.MonkeyPatch, password: str, name: str = "axel") -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    call_command("first_administrator", name, "--full-name", "Axel Administrator", stdout=io.StringIO())


def test_the_first_administrator_can_open_the_people(monkeypatch: pytest.MonkeyPatch) -> None:
    make(monkeypatch, "a long enough phrase")
    axel = User.objects.get(username="axel")
    assert axel.check_password("a long enough phrase")
    assert browser("axel").get("/people").status_code == 200
    assert Entry.objects.get(subject="accounts_user", action="insert").actor == "installation"


def test_there_is_no_second_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    person_make("axel")
    with pytest.raises(CommandError, match="an administrator already: axel"):
        make(monkeypatch, "a long enough phrase", "mallory")
    assert not User.objects.filter(username="mallory").exists()


def test_a_weak_password_is_told_and_nobody_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="too short"):
        make(monkeypatch, "short")
    assert not User.objects.exists()
