"""One proforma in the browser: what it shows, who may do what to it when, and its documents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from portal.audit.services import acting
from portal.contracts.models import SapEndpoint
from portal.proformas import selectors, services
from portal.proformas.models import Proforma
from tests.support.months import ticket_line
from tests.support.office import Office
from tests.support.web import browser, month_played, once_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(small_office: Office) -> Proforma:
    return month_played(small_office)[1]


def page(proforma: Proforma, who: str = "petra") -> Any:
    return browser(who).get(reverse("proforma", args=[proforma.pk]))


def do(who: str, name: str, pk: int, /, **data: Any) -> Any:
    return browser(who).post(reverse(name, args=[pk]), data)


def test_the_page_shows_lines_totals_boxes_and_the_proof(draft: Proforma) -> None:
    shown = text(page(draft))
    account = selectors.boxes_of(draft)
    for line in selectors.lines_of(draft):
        assert line.description in shown
    assert f"{draft.gross:,.2f} EUR" in shown
    assert f"{account.source_total} collected + 0 carried in = {account.count('billed')} billed" in shown  # type: ignore[arg-type]
    assert f"{account.rated:,.2f} rated, ticket by ticket" in shown
    assert "Both add up." in shown
    assert "closed without a resolution date" in shown


def test_a_line_is_added_with_a_reason_and_the_totals_follow(draft: Proforma) -> None:
    before = draft.net
    line = {"description": "Travel", "quantity": "2,5", "unit": "hour", "unit_price": "95.00", "reason": "ordered"}
    assert do("petra", "line_add", draft.pk, **line).status_code == 302
    draft.refresh_from_db()
    assert draft.net == before + Decimal("237.50")
    shown = text(page(draft))
    assert "Travel added by hand ordered" in shown
    assert "line added: Travel" in shown


def test_a_line_form_sent_twice_adds_one_line(draft: Proforma) -> None:
    petra = browser("petra")
    address = reverse("line_add", args=[draft.pk])
    data = {"description": "Travel", "quantity": "1", "unit": "hour", "unit_price": "95.00", "reason": "ordered"}
    data["once"] = once_of(petra.get(address))
    assert [petra.post(address, data).status_code for _ in range(3)] == [302, 302, 302]
    assert selectors.lines_of(draft).filter(description="Travel").count() == 1


def test_a_form_that_was_refused_can_be_mended_and_sent_again(draft: Proforma) -> None:
    petra = browser("petra")
    address = reverse("line_add", args=[draft.pk])
    data = {"description": "Travel", "quantity": "-1", "unit": "hour", "unit_price": "95.00", "reason": "ordered"}
    data["once"] = once_of(petra.get(address))
    refused = petra.post(address, data)
    assert (refused.status_code, "The quantity must be above 0" in text(refused)) == (422, True)
    assert 'value="Travel"' in refused.content.decode()
    assert petra.post(address, data | {"quantity": "1"}).status_code == 302


def test_a_changed_ticket_line_keeps_its_quantity_and_shows_the_difference(draft: Proforma) -> None:
    line = ticket_line(draft)
    form = {"description": line.description, "unit_price": str(line.unit_price - 1), "reason": "goodwill"}
    assert do("petra", "line_change", line.pk, **form).status_code == 302
    line.refresh_from_db()
    assert line.edited == -line.quantity
    shown = text(page(draft))
    assert f"\u2212{line.quantity:.2f} against the contract: goodwill" in shown
    assert f"\u2212{line.quantity:.2f} edited by people" in shown


def test_a_removed_ticket_line_puts_its_tickets_where_it_is_said(draft: Proforma) -> None:
    line = ticket_line(draft)
    count = selectors.tickets_of(line).count()
    assert do("petra", "line_remove", line.pk, reason="later", box="carried_over").status_code == 302
    assert selectors.boxed_tickets(draft, "carried_over").count() == count
    assert f"{count} carried over" in text(page(draft))


def test_tickets_behind_a_line_are_listed_filtered_and_taken_off(draft: Proforma) -> None:
    line = ticket_line(draft)
    numbers = [ticket.snapshot.number for ticket in selectors.tickets_of(line)]
    there = reverse("line_tickets", args=[line.pk])
    listed = text(browser("ada").get(there))
    assert all(number in listed for number in numbers)
    assert "Take tickets off" not in listed
    filtered = text(browser("ada").get(f"{there}?q={numbers[0]}"))
    assert numbers[0] in filtered
    assert numbers[1] not in filtered
    form = {"ticked": numbers[0], "numbers": f"{numbers[1]}, {numbers[0]}", "box": "excluded", "reason": "not ours"}
    assert do("petra", "line_tickets_move", line.pk, **form).status_code == 302
    line.refresh_from_db()
    assert line.quantity == len(numbers) - 2


def test_an_unknown_ticket_is_refused_and_what_was_ticked_stays_ticked(draft: Proforma) -> None:
    line = ticket_line(draft)
    number = selectors.tickets_of(line)[0].snapshot.number
    form = {"ticked": number, "numbers": "INC404", "box": "excluded", "reason": "not ours"}
    answer = do("petra", "line_tickets_move", line.pk, **form)
    assert (answer.status_code, "INC404" in text(answer)) == (422, True)
    assert f'value="{number}" aria-label="Tick {number}" checked' in answer.content.decode()


def test_the_tickets_of_a_box_are_listed_with_their_reason(draft: Proforma) -> None:
    there = reverse("proforma_tickets", args=[draft.pk])
    shown = text(browser("ada").get(f"{there}?box=excluded&reason=cancelled"))
    ticket = selectors.boxed_tickets(draft, "excluded", "cancelled")[0]
    assert ticket.snapshot.number in shown
    assert "No ticket fits." in text(browser("ada").get(f"{there}?number=INC404"))


def test_the_moves_are_offered_to_whom_they_belong(draft: Proforma) -> None:
    assert "Submit for review" in text(page(draft))
    assert "Submit for review" not in text(page(draft, "anton"))
    assert do("petra", "proforma_submit", draft.pk).status_code == 302
    assert "Approve" not in text(page(draft)).replace("Anton Approver", "")
    assert "Approve" in text(page(draft, "anton"))
    for who in ("ada", "clara"):
        assert "Send back" not in text(page(draft, who))


def test_the_preparer_cannot_approve_by_hand_either(draft: Proforma) -> None:
    do("petra", "proforma_submit", draft.pk)
    assert do("petra", "proforma_approve", draft.pk).status_code == 403
    draft.refresh_from_db()
    assert draft.state == "in_review"


def test_an_approver_who_edited_is_warned_before_and_told_after(draft: Proforma) -> None:
    do("petra", "proforma_submit", draft.pk)
    line = selectors.lines_of(draft)[0]
    form = browser("anton").get(reverse("line_change", args=[line.pk]))
    assert "Whoever edits a proforma cannot approve it" in text(form)
    changed = {"description": line.description, "quantity": "1", "unit_price": "1.00", "reason": "slip"}
    assert do("anton", "line_change", line.pk, **changed).status_code == 302
    assert "You prepared or edited it, so another approver has to approve it." in text(page(draft, "anton"))
    refused = do("anton", "proforma_approve", draft.pk)
    assert (refused.status_code, "may not approve it" in text(refused)) == (422, True)


def test_sending_back_needs_a_reason_which_the_preparer_sees(draft: Proforma) -> None:
    do("petra", "proforma_submit", draft.pk)
    assert do("anton", "proforma_send_back", draft.pk, reason="").status_code == 422
    assert do("anton", "proforma_send_back", draft.pk, reason="line 3 is too high").status_code == 302
    assert "It was sent back: line 3 is too high" in text(page(draft))
    assert "Mend it: it was sent back" in text(browser("petra").get("/"))


def test_a_move_out_of_turn_is_refused_on_the_page_with_what_is_possible(draft: Proforma) -> None:
    answer = do("anton", "proforma_approve", draft.pk)
    assert answer.status_code == 422
    assert "A proforma that is draft cannot be moved by 'approve'." in text(answer)
    assert "Possible now: submit." in text(answer)


def test_issuing_asks_first_and_then_takes_the_number(draft: Proforma) -> None:
    do("petra", "proforma_submit", draft.pk)
    do("anton", "proforma_approve", draft.pk)
    anton = browser("anton")
    question = anton.get(reverse("proforma_issue", args=[draft.pk]))
    assert "nothing in it can be changed or taken back" in text(question)
    draft.refresh_from_db()
    assert draft.number is None
    data = {"once": once_of(question)}
    assert anton.post(reverse("proforma_issue", args=[draft.pk]), data).status_code == 302
    assert anton.post(reverse("proforma_issue", args=[draft.pk]), data).status_code == 302
    draft.refresh_from_db()
    assert draft.number
    assert draft.number in text(page(draft))


def test_the_whole_history_is_paged(draft: Proforma) -> None:
    for number in range(30):
        services.line_add(
            proforma=draft,
            description=f"Hour {number}",
            quantity=Decimal(1),
            unit="hour",
            unit_price=Decimal(10),
            reason="ordered",
            actor="petra",
        )
    address = reverse("proforma_history", args=[draft.pk])
    assert "Page 1 of 2" in text(browser("ada").get(address))
    assert "line added: Hour 0" in text(browser("ada").get(f"{address}?page=2"))


def test_what_sap_will_probably_reject_is_said_until_it_is_issued(draft: Proforma) -> None:
    assert "The IDoc will lack the customer's company code" in text(page(draft))
    with acting("clara"):
        SapEndpoint.objects.update(mapping={"company_code": "1000", "tax_code": "V2"})
    assert "will probably reject" not in text(page(draft))


def test_an_approval_is_of_what_the_page_showed(draft: Proforma) -> None:
    services.proforma_submit(proforma=draft, actor="petra")
    opened = page(draft, "anton").content.decode()
    seen = opened.split('name="seen" value="')[1].split('"')[0]
    services.line_add(
        proforma=draft,
        description="Added meanwhile",
        quantity=Decimal(1),
        unit="piece",
        unit_price=Decimal("50000.00"),
        reason="Agreed",
        actor="petra",
    )
    refused = do("anton", "proforma_approve", draft.pk, seen=seen)
    assert "It has changed since you opened it." in text(refused)
    draft.refresh_from_db()
    assert draft.state == "in_review"
