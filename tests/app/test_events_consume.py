"""The event queue: acknowledgements and months that fall due, acted on once, whatever happens in between."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.accounts.models import Role
from portal.accounts.services import user_set_roles
from portal.contracts import services as contracts
from portal.delivery.consuming import _take_or_return, consume
from portal.delivery.models import Acknowledgement
from portal.delivery.selectors import delivery_of
from portal.domain.errors import StateError
from portal.domain.periods import Period
from portal.lib import clock
from portal.lib.queue import Queue
from portal.proformas import selectors, services
from portal.proformas.models import MonthRun
from portal.proformas.system_checks import schedule_actor_check
from sandbox import aleaud
from tests.support.cast import person_make
from tests.support.contracts import contract_make
from tests.support.event_queue import Events, events_open, moto_running
from tests.support.office import Office
from tests.support.web import month_issued, omnipotent_person

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DUE = {"type": "month_due", "version": 1, "scheduled_at": "2026-04-01T04:00:00Z"}


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    with moto_running() as endpoint:
        yield endpoint


@pytest.fixture
def events(moto_endpoint: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Events:
    opened = events_open(moto_endpoint, monkeypatch)
    settings.EVENTS_QUEUE_URL, settings.INBOX_BUCKET = opened.queue_url, opened.bucket
    settings.S3_ENDPOINT_URL, settings.SCHEDULE_ACTOR = moto_endpoint, "petra"
    settings.RETRY_SECONDS = 0
    return opened


def take(events: Events) -> int:
    return consume(Queue(events.queue_url, wait_seconds=0), threading.Event(), until_empty=True)


def acknowledgement(office: Office, number: str) -> bytes:
    receipt = office.sandbox.receipts.by_number(number)
    assert receipt is not None
    return aleaud.acknowledgement(receipt, aleaud.decide(receipt, "", ("PAR", "PRF")), clock.now())


def test_an_acknowledgement_settles_its_delivery_and_a_second_delivery_of_the_message_changes_nothing(
    small_office: Office, events: Events
) -> None:
    proforma = month_issued(small_office)
    raw = acknowledgement(small_office, str(proforma.number))
    events.intake(raw)
    events.intake(raw)
    assert take(events) == 2
    delivery = delivery_of(proforma)
    assert delivery is not None
    assert (delivery.phase, delivery.outcome) == ("acknowledged", "parked")
    kept = Acknowledgement.objects.get()
    assert kept.sha256 == hashlib.sha256(raw).hexdigest()
    assert kept.received_at == datetime(2026, 4, 2, 9, 30, tzinfo=UTC)
    assert events.waiting() == []


def test_a_customer_cannot_acknowledge_what_another_got(small_office: Office, events: Events) -> None:
    proforma = month_issued(small_office)
    contract_make("other", number="MSP-OTHER-1")
    events.intake(acknowledgement(small_office, str(proforma.number)), customer="other")
    assert take(events) == 1
    delivery = delivery_of(proforma)
    assert delivery is not None
    assert delivery.phase == "sent"
    assert "another customer" in Acknowledgement.objects.get().problem


def test_a_due_month_is_started_once_in_the_name_of_the_configured_preparer(
    small_office: Office, events: Events
) -> None:
    events.send(DUE)
    events.send(DUE)
    assert take(events) == 2
    run = MonthRun.objects.get()
    assert (run.contract, str(run.period), run.requested_by) == (small_office.contract, "2026-03", "petra")


def test_which_month_is_due_is_told_by_the_schedule_and_the_contracts_zone_not_by_the_clock(
    small_office: Office, events: Events
) -> None:
    """In Hamburg it is April already when it is still March in UTC."""
    events.send({**DUE, "scheduled_at": "2026-03-31T22:30:00Z"})
    take(events)
    assert str(MonthRun.objects.get().period) == "2026-03"


def test_one_contract_and_one_month_can_be_named(small_office: Office, events: Events) -> None:
    contract_make("other", number="MSP-OTHER-1")
    events.send({**DUE, "contract": "MSP-OTHER-1", "period": "2026-02"})
    take(events)
    assert [(r.contract.number, str(r.period)) for r in selectors.runs()] == [("MSP-OTHER-1", "2026-02")]


def test_a_contract_that_cannot_start_keeps_no_other_from_it_and_is_tried_again_when_next_due(
    small_office: Office, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    other = contract_make("other", number="MSP-OTHER-1")
    MonthRun.objects.filter(contract=other).delete()
    events.send({**DUE, "contract": "MSP-OTHER-1", "period": "2026-02"})
    events.send(DUE)
    assert take(events) == 2
    months = {(r.contract.number, str(r.period)) for r in selectors.runs()}
    assert months == {("MSP-OTHER-1", "2026-02"), (small_office.contract.number, "2026-03")}
    assert "2026-02 of this contract is not issued yet" in caplog.text
    assert events.waiting() == []


def test_a_contract_that_has_ended_or_not_begun_is_left_alone(small_office: Office, events: Events) -> None:
    contracts.contract_update(contract=small_office.contract, valid_to=date(2026, 3, 1), actor="clara")
    events.send(DUE)
    assert take(events) == 1
    assert not MonthRun.objects.exists()


POISON: list[tuple[str, Any]] = [
    ("no JSON", "no JSON"),
    ("a list", []),
    ("an unknown type", {"type": "reboot"}),
    ("a version to come", {**DUE, "version": 2}),
    ("no moment", {**DUE, "scheduled_at": "tomorrow"}),
    ("a moment without a zone", {**DUE, "scheduled_at": "2026-04-01T04:00:00"}),
    ("a moment before all contracts", {**DUE, "scheduled_at": "0001-01-01T00:00:00Z"}),
    ("a moment that is no text", {**DUE, "scheduled_at": {"at": 7}}),
    ("a month at the end of the calendar", {**DUE, "period": "9999-12"}),
    ("no month", {**DUE, "period": "2026-13"}),
    ("a contract there is none of", {**DUE, "contract": "MSP-NOBODY"}),
]


@pytest.mark.parametrize("body", [p[1] for p in POISON], ids=[p[0] for p in POISON])
def test_poison_goes_to_the_dead_letter_queue_and_what_stands_behind_it_is_done(
    small_office: Office, events: Events, body: Any
) -> None:
    events.send(body)
    events.send(DUE)
    assert take(events) == 1
    assert MonthRun.objects.count() == 1
    assert events.dead() == [body if isinstance(body, str) else json.dumps(body)]


INTAKE_POISON: list[tuple[str, dict[str, Any]]] = [
    ("another bucket", {"bucket": "documents"}),
    ("no key", {"key": "acknowledgements/acme/" + "0" * 64}),
    ("a key that leads away", {"key": "../secrets"}),
    ("another checksum", {"sha256": "0" * 64}),
    ("an unknown kind", {"kind": "webhooks"}),
    ("an unknown customer", {"customer": "nobody"}),
    ("no time", {"received_at": None}),
]


@pytest.mark.parametrize("change", [p[1] for p in INTAKE_POISON], ids=[p[0] for p in INTAKE_POISON])
def test_a_pointer_that_leads_nowhere_goes_to_the_dead_letter_queue(
    small_office: Office, events: Events, change: dict[str, Any]
) -> None:
    events.intake(b"<ALEAUD01/>", **change)
    assert take(events) == 0
    assert not Acknowledgement.objects.exists()
    assert len(events.dead()) == 1


def test_what_fails_for_a_passing_reason_succeeds_when_it_comes_again(
    small_office: Office, events: Events, settings: Any
) -> None:
    events.intake(b"<unreadable/>")
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:1"
    queue = Queue(events.queue_url, wait_seconds=0)
    assert [_take_or_return(queue, one, threading.Event()) for one in queue.receive()] == [False]
    settings.S3_ENDPOINT_URL = events.endpoint
    assert take(events) == 1
    assert Acknowledgement.objects.get().problem


def test_nobody_configured_means_that_no_month_starts_and_the_message_is_kept_aside(
    small_office: Office, events: Events, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "nobody", "anton"):
        settings.SCHEDULE_ACTOR = name
        events.send(DUE)
        assert take(events) == 0
        assert len(events.dead()) == 1
    assert not MonthRun.objects.exists()
    assert "PROFORMA_SCHEDULE_ACTOR" in caplog.text


def test_whoever_the_calendar_prepares_for_can_never_approve_what_it_prepared(
    small_office: Office, events: Events
) -> None:
    petra = person_make("petra")
    user_set_roles(user=petra, roles=[Role.PREPARER, Role.APPROVER], actor="axel")
    events.send(DUE)
    take(events)
    services.month_advance(MonthRun.objects.get().pk)
    proforma = selectors.proforma_of(small_office.contract, Period(2026, 3))
    assert proforma is not None
    services.proforma_submit(proforma=proforma, actor="petra")
    with pytest.raises(StateError):
        services.proforma_approve(proforma=proforma, actor="petra")
    assert services.proforma_approve(proforma=proforma, actor="anton").approved_by == "anton"


def test_the_check_names_a_configured_person_who_may_not_prepare_or_may_approve(
    small_office: Office, settings: Any
) -> None:
    omnipotent_person()
    found = {}
    for name in ("", "petra", "anton", "nobody", "otto"):
        settings.SCHEDULE_ACTOR = name
        found[name] = [message.id for message in schedule_actor_check(databases=["default"])]
    assert found == {"": [], "petra": [], "anton": ["portal.E020"], "nobody": ["portal.E020"], "otto": ["portal.W021"]}


def test_no_word_of_a_message_reaches_the_log(
    small_office: Office, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="portal")
    events.intake(b"<html>Frau Huber schreibt</html>")
    events.send("Frau Huber schreibt")
    take(events)
    assert "acknowledgement" in caplog.text
    assert "Huber" not in caplog.text


def test_without_a_queue_the_command_says_so(settings: Any) -> None:
    settings.EVENTS_QUEUE_URL = ""
    with pytest.raises(CommandError, match="PROFORMA_EVENTS_QUEUE_URL"):
        call_command("events_consume")
