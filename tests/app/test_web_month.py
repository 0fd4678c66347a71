"""A month in the browser: start, watch, decide about what blocks it, try again."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from portal.domain.periods import Period
from portal.lib import work
from portal.proformas import selectors, services
from portal.proformas.models import BLOCKED, Decision, MonthRun
from portal.web.findings import findings_of
from tests.support.office import Office
from tests.support.web import browser, month_played, once_of, text

pytestmark = pytest.mark.django_db


def start(office: Office, period: str = "2026-03", who: str = "petra", **extra: str) -> Any:
    return browser(who).post("/months/new", {"contract": str(office.contract.pk), "period": period, **extra})


def blocked(office: Office) -> MonthRun:
    run = services.month_start(contract=office.contract, period=office.period, actor="petra")
    services.month_advance(run.pk)
    run.refresh_from_db()
    assert run.state == BLOCKED
    return run


def test_the_form_proposes_the_month_that_ended_last(small_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.contracts.selectors.period_default", lambda _contract: Period(2026, 3))
    page = browser("petra").get(f"/months/new?contract={small_office.contract.pk}").content.decode()
    assert 'value="2026-03"' in page
    assert browser("petra").get("/months/new?contract=nonsense").status_code == 200


def test_starting_a_month_leads_to_its_page_which_asks_again_every_second(small_office: Office) -> None:
    answer = start(small_office)
    run = selectors.run_of(small_office.contract, Period(2026, 3))
    assert run is not None
    assert answer.headers["Location"] == reverse("month", args=[run.pk])
    page = browser("petra").get(answer.headers["Location"]).content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert reverse("month_progress", args=[run.pk]) in page


def test_the_same_form_sent_twice_starts_one_month(small_office: Office) -> None:
    petra = browser("petra")
    token = once_of(petra.get("/months/new"))
    data = {"contract": str(small_office.contract.pk), "period": "2026-03", "once": token}
    assert [petra.post("/months/new", data).status_code for _ in range(2)] == [302, 302]
    assert selectors.runs().count() == 1


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("2026-13", "'2026-13' is no month."),
        ("March", "'March' is no month."),
        ("2099-01", "2099-01 has not ended yet"),
        ("1999-01", "The contract is not valid in 1999-01"),
    ],
)
def test_a_month_that_cannot_be_started_is_refused_beside_the_form_and_the_entry_stays(
    period: str, said: str, small_office: Office
) -> None:
    answer = start(small_office, period)
    assert answer.status_code == 422
    assert said in text(answer)
    assert f'value="{period}"' in answer.content.decode()
    assert not selectors.runs().exists()


def test_the_progress_shows_step_and_bar_and_leads_to_the_draft_at_the_end(small_office: Office) -> None:
    run = services.month_start(contract=small_office.contract, period=small_office.period, actor="petra")
    ada = browser("ada")
    assert "Waits for a worker" in text(ada.get(reverse("month_progress", args=[run.pk])))
    MonthRun.objects.filter(pk=run.pk).update(state=work.RUNNING)
    type(run.collection).objects.filter(pk=run.collection_id).update(
        state=work.RUNNING, step="reading tickets", progress_done=30, progress_total=60
    )
    part = ada.get(reverse("month_progress", args=[run.pk]))
    assert "Reading tickets" in text(part)
    assert "30 of 60 tickets read." in text(part)
    assert 'value="50"' in part.content.decode()


def test_a_month_that_is_composed_leads_to_its_proforma_and_is_not_asked_again(small_office: Office) -> None:
    run, proforma = month_played(small_office)
    part = browser("petra").get(reverse("month_progress", args=[run.pk])).content.decode()
    assert reverse("proforma", args=[proforma.pk]) in part
    assert "hx-trigger" not in part


def test_a_month_that_failed_says_why_and_can_be_tried_again(small_office: Office) -> None:
    run, _ = month_played(small_office)
    problem = {"code": "x", "what": "The source is away.", "where": "acme", "kept": "Kept.", "remedy": "Wait."}
    MonthRun.objects.filter(pk=run.pk).update(state=work.FAILED, problem=problem)
    petra = browser("petra")
    page = petra.get(reverse("month", args=[run.pk]))
    assert "The source is away. (acme)" in text(page)
    assert "Try again" in text(page)
    assert "Try again" not in text(browser("ada").get(reverse("month", args=[run.pk])))
    assert petra.post(reverse("month_resume", args=[run.pk])).status_code == 302
    run.refresh_from_db()
    assert run.state == work.QUEUED


def test_each_finding_says_what_where_and_what_to_do_and_offers_it(dirty_office: Office) -> None:
    run = blocked(dirty_office)
    page = text(browser("petra").get(reverse("month", args=[run.pk])))
    for finding in run.findings:
        assert finding["what"] in page
        assert finding["where"] in page
        assert finding["remedy"] in page
    assert page.count("Set it aside") == len(run.findings)
    assert "Set it aside" not in text(browser("ada").get(reverse("month", args=[run.pk])))


def test_a_ticket_is_set_aside_with_a_reason_and_the_decision_can_be_taken_back(dirty_office: Office) -> None:
    run, petra = blocked(dirty_office), browser("petra")
    key = findings_of(run)[0].key
    there = reverse("month", args=[run.pk])
    without = petra.post(f"{there}/decide", {"keys": key, "box": "excluded", "reason": " "})
    assert (without.status_code, "This field is required" in text(without)) == (422, True)
    assert petra.post(f"{there}/decide", {"keys": key, "box": "excluded", "reason": "no date"}).status_code == 302
    decision = Decision.objects.get()
    assert (decision.source_key, decision.decided_by, decision.reason) == (key, "petra", "no date")
    assert "excluded by petra: no date" in text(petra.get(there))
    assert petra.post(f"{there}/take-back", {"keys": key}).status_code == 302
    assert selectors.decisions_of(run.contract, run.period) == []


def test_a_decision_about_another_ticket_is_refused(dirty_office: Office) -> None:
    run, petra = blocked(dirty_office), browser("petra")
    there = reverse("month_decide", args=[run.pk])
    answer = petra.post(there, {"keys": "made-up", "box": "excluded", "reason": "because"})
    assert (answer.status_code, "not blocked by such a ticket" in text(answer)) == (422, True)
    none = petra.post(there, {"box": "excluded", "reason": "because"})
    assert "No ticket is ticked." in text(none)
    assert not Decision.objects.exists()


def test_all_tickets_are_decided_at_once_and_the_month_composes(dirty_office: Office) -> None:
    run, petra = blocked(dirty_office), browser("petra")
    keys = [finding.key for finding in findings_of(run) if finding.key]
    data = {"keys": keys, "box": "carried_over", "reason": "the customer mends them"}
    assert petra.post(reverse("month_decide", args=[run.pk]), data).status_code == 302
    assert Decision.objects.count() == len(keys)
    petra.post(reverse("month_resume", args=[run.pk]))
    services.month_advance(run.pk)
    proforma = selectors.proforma_of(run.contract, run.period)
    assert proforma is not None
    page = text(petra.get(reverse("proforma", args=[proforma.pk])))
    assert re.search(r"Carried over to a later month INC\d+ the customer mends them by petra", page)


def test_a_contract_manager_is_led_to_where_the_cause_is_mended(dirty_office: Office) -> None:
    run = blocked(dirty_office)
    page = browser("clara").get(reverse("month", args=[run.pk])).content.decode()
    assert reverse("source_edit", args=[run.contract.source_id]) in page


def test_reading_anew_needs_a_reason(small_office: Office) -> None:
    run, _ = month_played(small_office)
    petra = browser("petra")
    there = reverse("month_recollect", args=[run.pk])
    assert petra.post(there, {"reason": ""}).status_code == 422
    assert petra.post(there, {"reason": "mended at the source"}).status_code == 302
    run.refresh_from_db()
    assert run.state == work.QUEUED


def test_the_first_page_says_what_waits_for_whom(small_office: Office) -> None:
    _, proforma = month_played(small_office)
    assert "Look it over and submit it" in text(browser("petra").get("/"))
    assert "Nothing waits for you." in text(browser("anton").get("/"))
    services.proforma_submit(proforma=proforma, actor="petra")
    assert "Review it, then approve it or send it back" in text(browser("anton").get("/"))
    services.proforma_approve(proforma=proforma, actor="anton")
    assert "Issue it" in text(browser("anton").get("/"))
    assert "Waiting for you" not in text(browser("ada").get("/"))


def test_the_list_is_filtered_by_state_and_customer(small_office: Office) -> None:
    month_played(small_office)
    ada = browser("ada")
    assert "March 2026" in text(ada.get("/?state=open&customer=acme"))
    assert "No month fits." in text(ada.get("/?state=issued"))
    assert "No month fits." in text(ada.get("/?customer=other"))
    assert ada.get("/?customer=%00&state=strange&page=many").status_code == 200
