"""What `manage.py check` says before a portal goes into production."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal import adapters
from portal.accounts.system_checks import settings_check
from portal.audit.services import acting
from portal.contracts.models import SapEndpoint, TicketSource
from portal.contracts.system_checks import adapters_check, systems_check
from portal.lib.production import unfit
from tests.support.cast import person_make
from tests.support.contracts import contract_make

GOOD_KEY = "J3x-9Qm_2vLrT8sWfYb6ZnKd0HcUeAgP5iOaMlRt"


def ids(found: list[Any]) -> set[str]:
    assert all(message.hint for message in found)
    return {message.id for message in found}


@pytest.fixture
def production(settings: Any) -> Any:
    settings.TEST_MODE = False
    settings.SECRET_KEY, settings.PSEUDONYM_KEY = GOOD_KEY, GOOD_KEY[::-1]
    settings.ALLOWED_HOSTS = ["proforma.nordlicht.de"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    return settings


def test_every_adapter_of_this_release_loads() -> None:
    assert adapters_check() == []


def test_an_adapter_that_does_not_load_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapters.EXPORTERS, "fax", "portal.exporters.fax.export")
    (error,) = adapters_check()
    assert (error.id, "['fax']" in error.msg) == ("portal.E001", True)


def test_good_settings_pass_and_a_rehearsal_may_be_weaker(production: Any) -> None:
    assert settings_check() == []
    production.TEST_MODE, production.DEBUG, production.SECRET_KEY = True, True, "short"
    assert settings_check() == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DEBUG", True, {"portal.E011"}),
        ("SECRET_KEY", "tests-only", {"portal.E012"}),
        ("SECRET_KEY", "a" * 64, {"portal.E012"}),
        ("SECRET_KEY", "django-insecure-" + GOOD_KEY, {"portal.E012"}),
        ("PSEUDONYM_KEY", "short", {"portal.E013"}),
        ("PSEUDONYM_KEY", GOOD_KEY, {"portal.E014"}),
        ("ALLOWED_HOSTS", [], {"portal.E015"}),
        ("ALLOWED_HOSTS", ["*"], {"portal.E015"}),
        ("SESSION_COOKIE_SECURE", False, {"portal.W016"}),
    ],
)
def test_a_weak_setting_is_found_in_production(production: Any, name: str, value: Any, expected: set[str]) -> None:
    setattr(production, name, value)
    assert ids(settings_check()) == expected


def test_a_mistyped_mode_is_found(settings: Any) -> None:
    settings.ENV = {**settings.ENV, "MODE": "tset"}
    assert "portal.E010" in ids(settings_check())


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.service-now.com",
        "https://sap.acme.de:8443/sap/bc/idoc_xml",
        "https://10.20.30.40/sap",
        "https://sap.customer.local",
        "https://testing.acme.de",
    ],
)
def test_a_customers_address_is_fit(url: str) -> None:
    assert unfit(url) == ""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://acme.service-now.com", "not encrypted"),
        ("https://localhost:8000", "rehearsals"),
        ("https://LOCALHOST.", "rehearsals"),
        ("https://sap.acme.example", "rehearsals"),
        ("https://acme.test/x", "rehearsals"),
        ("https://x.invalid", "rehearsals"),
        ("https://www.example.com", "rehearsals"),
        ("https://127.0.0.1:9", "loopback"),
        ("https://[::1]/", "loopback"),
        ("https://[::ffff:127.0.0.1]/", "loopback"),
        ("https://169.254.169.254/", "link-local"),
        ("https://[broken", "cannot be read"),
        ("https:///path", "no host"),
        ("", "not encrypted"),
    ],
)
def test_a_rehearsals_address_is_unfit(url: str, reason: str) -> None:
    assert reason in unfit(url)


@pytest.mark.django_db
def test_sandbox_addresses_are_refused_in_production_only(production: Any) -> None:
    person_make("clara")
    production.TEST_MODE = True
    contract_make()
    assert systems_check(databases=["default"]) == []
    production.TEST_MODE = False
    assert systems_check(databases=None) == []
    found = systems_check(databases=["default"])
    assert [m.id for m in found] == ["portal.E003"] * 2
    with pytest.raises(CommandError, match="runs in production"):
        call_command("check", databases=["default"])


@pytest.mark.django_db
def test_a_row_that_names_an_unknown_adapter_is_found() -> None:
    person_make("clara")
    contract_make()
    with acting("clara"):
        TicketSource.objects.update(system="jira")
        SapEndpoint.objects.update(channel="pigeon")
    found = systems_check(databases=["default"])
    assert ids(found) == {"portal.E002"}
    assert len(found) == 2
