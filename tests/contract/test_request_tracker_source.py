"""The source `request_tracker` against a live Request Tracker 5. Each test has a month of its own in it."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.domain.errors import SourceError
from portal.domain.rating import CANCELLED, NO_RESOLUTION_DATE, Box, Rate, Rules, box_all
from portal.domain.tickets import Kind, Vocabulary
from portal.sources.request_tracker.parse import DEFAULT_VOCABULARY
from tests.support import real_incidents
from tests.support.request_tracker import SeedError, SeedTicket
from tests.support.request_tracker_customer import Customer, at, month, read
from tests.support.request_tracker_tickets import (
    CLOSED_ON,
    EXTERNAL_NUMBER,
    INCIDENTS,
    INTERNAL,
    PRIORITY_CLASS,
    SERVICE_REQUESTS,
)

pytestmark = pytest.mark.rt

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
CANARY = "Kanarienvogel-7319"


def test_a_month_is_exactly_the_tickets_that_were_closed_in_it(customer: Customer) -> None:
    start = at("2023-03-01")
    rows = [
        SeedTicket(
            f"ticket {i}",
            queue=SERVICE_REQUESTS if i % 4 == 0 else INCIDENTS,
            created=start - timedelta(days=3, minutes=i),
            resolved=start + timedelta(hours=6 * i),
            requestors=(f"person{i % 5}@customer.example",),
            fields={PRIORITY_CLASS: str(1 + i % 4), EXTERNAL_NUMBER: f"EXT{i:05}"},
        )
        for i in range(-6, 130)
    ]
    inside = [row for row in rows if row.resolved and row.resolved.isoformat().startswith("2023-03-")]
    assert 120 < len(inside) < len(rows)
    customer.seed(*rows)
    source = customer.source(number_field=f"CF.{EXTERNAL_NUMBER}")

    pages = list(source.read(month("2023-03")))
    tickets = {ticket.number: ticket for page in pages for ticket in page.tickets}

    assert source.total(month("2023-03")) == len(inside) == sum(len(page.tickets) for page in pages)
    assert {page.total for page in pages} == {len(inside)}
    one_slice = customer.source(parallel=1)
    assert [len(page.tickets) for page in one_slice.read(month("2023-03"))] == [100, len(inside) - 100]
    for row in inside:
        ticket = tickets.pop(row.fields[EXTERNAL_NUMBER])
        assert (ticket.resolved_at, ticket.closed_at, ticket.opened_at) == (row.resolved, row.resolved, row.created)
        assert (ticket.kind, ticket.priority, ticket.state) == (row.queue, row.fields[PRIORITY_CLASS], "resolved")
        assert (ticket.summary, ticket.group, ticket.problems) == (row.subject, row.queue, ())
        assert ticket.caller == f"#{len(row.requestors[0])}"
    assert tickets == {}


def test_one_page_after_another_and_side_by_side_give_the_same(customer: Customer) -> None:
    instants = [at("2022-05-01") + timedelta(hours=29 * i) for i in range(25)]
    customer.seed(*(SeedTicket(f"ticket {i}", resolved=instant) for i, instant in enumerate(instants)))
    one = read(customer.source(parallel=1, page_size=100), month("2022-05"))
    many = read(customer.source(parallel=8, page_size=3), month("2022-05"))
    assert len(one) == 25
    assert one == many


def test_the_edges_of_a_month_are_those_of_the_contracts_zone(customer: Customer) -> None:
    """March 2024: in Berlin it begins at 23:00 UTC (winter) and ends at 22:00 UTC (summer)."""
    edges = [at(text) for text in ("2024-02-29T23:00", "2024-03-01", "2024-03-31T22:00", "2024-04-01")]
    instants = [instant for edge in edges for instant in (edge - SECOND, edge)]
    ids = customer.seed(*(SeedTicket(f"at {instant}", resolved=instant) for instant in instants))
    source = customer.source()
    assert set(read(source, month("2024-03"))) == set(ids[3:7])
    assert set(read(source, month("2024-03", BERLIN))) == set(ids[1:5])


def test_a_reopened_ticket_is_not_of_the_month_although_it_keeps_its_date(customer: Customer) -> None:
    closed, reopened = customer.seed(
        SeedTicket("closed", resolved=at("2022-01-10")), SeedTicket("again", status="open", resolved=at("2022-01-11"))
    )
    source = customer.source()
    assert set(read(source, month("2022-01"))) == {closed}
    (ticket,) = source.read_keys([reopened])
    assert (ticket.state, ticket.resolved_at) == ("open", at("2022-01-11"))


def test_every_ticket_of_a_month_has_a_box(customer: Customer) -> None:
    billed, request, rejected, by_field, by_update, *_ = customer.seed(
        SeedTicket("done", resolved=at("2022-02-03"), fields={PRIORITY_CLASS: "2"}),
        SeedTicket("mouse", queue=SERVICE_REQUESTS, resolved=at("2022-02-04"), fields={PRIORITY_CLASS: "3"}),
        SeedTicket("spam", status="rejected", resolved=at("2022-02-05")),
        SeedTicket("imported", fields={CLOSED_ON: "2022-02-28 23:59:59"}, updated=at("2022-03-09")),
        SeedTicket("imported without a date", updated=at("2022-02-28T23:59:59")),
        SeedTicket("imported, of March", fields={CLOSED_ON: "2022-03-01 00:00:00"}, updated=at("2022-02-20")),
        SeedTicket("still open", status="open", updated=at("2022-02-20")),
        SeedTicket("deleted", status="deleted", resolved=at("2022-02-20")),
        SeedTicket("of nobody's business", queue=INTERNAL, resolved=at("2022-02-20")),
    )
    tickets = read(customer.source(), month("2022-02"))
    boxing = box_all(tickets.values(), _rules())

    assert boxing.problems == ()
    assert {boxed.ticket.source_key: (boxed.box, boxed.reason) for boxed in boxing.boxed} == {
        billed: (Box.BILLED, ""),
        request: (Box.BILLED, ""),
        rejected: (Box.EXCLUDED, CANCELLED),
        by_field: (Box.EXCLUDED, NO_RESOLUTION_DATE),
        by_update: (Box.EXCLUDED, NO_RESOLUTION_DATE),
    }
    assert tickets[by_field].closed_at == at("2022-02-28T23:59:59")
    assert tickets[by_update].closed_at is None


def _rules() -> Rules:
    rates = (
        Rate(i, kind, "*", Decimal(10), kind.value, at("2000-01-01").date())
        for i, kind in enumerate((Kind.INCIDENT, Kind.SERVICE_REQUEST))
    )
    return Rules(ZoneInfo("UTC"), Vocabulary.from_json(DEFAULT_VOCABULARY), tuple(rates))


def test_without_a_field_for_it_the_last_update_places_what_has_no_date(customer: Customer) -> None:
    (stray,) = customer.seed(
        SeedTicket("imported", fields={CLOSED_ON: "2021-02-01 00:00:00"}, updated=at("2021-01-31T23:59:59"))
    )
    assert set(read(customer.source(closed_field=""), month("2021-01"))) == {stray}
    assert set(read(customer.source(), month("2021-02"))) == {stray}


def test_merged_and_deleted_tickets_are_gone_and_their_keys_too(customer: Customer) -> None:
    rows = [SeedTicket(f"ticket {i}", resolved=at("2021-06-10")) for i in range(4)]
    kept, merged, deleted, target = customer.seed(*rows)
    customer.tracker.call("PUT", f"ticket/{merged}", {"MergeInto": target})
    customer.tracker.set_status({deleted: "deleted"})
    source = customer.source()
    assert set(read(source, month("2021-06"))) == {kept, target}
    assert [t.source_key for t in source.read_keys([kept, merged, deleted, target, "99999999"])] == [kept, target]


def test_many_keys_are_read_as_they_are_now(customer: Customer) -> None:
    ids = customer.seed(*(SeedTicket(f"ticket {i}", resolved=at("2021-07-01")) for i in range(55)))
    customer.tracker.set_status({ids[0]: "open"})
    tickets = {ticket.source_key: ticket.state for ticket in customer.source().read_keys(ids)}
    assert tickets == {key: "open" if key == ids[0] else "resolved" for key in ids}


def test_rts_own_number_and_priority_do_where_no_fields_are_named(customer: Customer) -> None:
    (key,) = customer.seed(SeedTicket("plain", priority=50, resolved=at("2021-08-01")))
    ticket = read(customer.source(priority_field="Priority"), month("2021-08"))[key]
    assert (ticket.number, ticket.priority, ticket.caller) == (f"RT-{key}", "50", "")


def test_a_month_without_tickets_is_empty(customer: Customer) -> None:
    assert customer.source().total(month("1999-12")) == 0
    assert read(customer.source(), month("1999-12")) == {}


@pytest.mark.parametrize("which", [0, -1])
def test_a_ticket_that_is_reopened_while_it_is_read_is_noticed(customer: Customer, which: int) -> None:
    """Early: it was read and is no longer of the month. Late: it leaves before its page. Both: once more, please."""
    period = "2021-10" if which == 0 else "2021-11"
    instant = at(f"{period}-05")
    ids = customer.seed(*(SeedTicket(f"ticket {i}", resolved=instant, requestors=("p@x.example",)) for i in range(12)))
    waiting = [ids[which]]

    def meddle(person: str) -> str:
        if waiting:
            customer.tracker.set_status({waiting.pop(): "open"})
        return person

    with pytest.raises(SourceError) as caught:
        read(customer.source(page_size=5, parallel=1, pseudonym=meddle), month(period))
    assert not caught.value.permanent
    assert caught.value.problem.code == "source.incomplete"
    assert set(read(customer.source(page_size=5), month(period))) == set(ids) - {ids[which]}


def test_no_word_of_a_ticket_and_no_token_reaches_a_log(customer: Customer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ids = customer.seed(
        SeedTicket(
            f"{CANARY} in the subject",
            resolved=at("2021-12-05"),
            requestors=(f"{CANARY}@customer.example".lower(),),
            fields={PRIORITY_CLASS: CANARY},
        )
    )
    caplog.clear()
    source = customer.source(pseudonym=lambda _: "")
    assert CANARY in read(source, month("2021-12"))[ids[0]].summary
    source.read_keys(ids)
    assert caplog.records, "nothing was logged at all, so nothing was tested"
    assert CANARY.lower() not in caplog.text.lower()
    assert customer.tracker.token not in caplog.text
    assert CANARY not in repr(source.__dict__)


def test_seeding_notices_that_rt_refused_a_ticket(customer: Customer) -> None:
    """RT answers a refused write with a success, too; a test that builds on it would test nothing."""
    with pytest.raises(SeedError, match="nonsense"):
        customer.seed(SeedTicket("fine", resolved=at("2020-01-01")), SeedTicket("bad", status="nonsense"))
    with pytest.raises(SeedError, match="Nowhere"):
        customer.seed(SeedTicket("bad", queue="Nowhere"))


def test_the_seeded_priorities_are_counted_right(customer: Customer) -> None:
    classes = ["1"] * 3 + ["2"] * 5 + ["4"] * 2
    customer.seed(*(SeedTicket("t", resolved=at("2020-05-05"), fields={PRIORITY_CLASS: c}) for c in classes))
    tickets = read(customer.source(), month("2020-05"))
    assert Counter(ticket.priority for ticket in tickets.values()) == {"1": 3, "2": 5, "4": 2}


@pytest.mark.real_tickets
def test_real_incidents_of_a_month_give_the_figures_of_the_file(customer: Customer) -> None:
    """Some hundred incidents of a real ServiceNow, loaded into RT; the figures are taken from the file alone.

    In RT whatever is closed without a date keeps only what an import gives it: here the file's closed_at, in the custom
    field that the setting closed_field names. The file's words for a state become RT's `resolved`.
    """
    final = real_incidents.sample(real_incidents.last_rows(), month="2016-03", every=70)
    resolved = {row["number"]: row["priority"] for row in final if row["resolved_at"].startswith("2016-03-")}
    undated = {
        row["number"]: row["priority"]
        for row in final
        if not row["resolved_at"] and row["closed_at"].startswith("2016-03-")
    }
    assert len(resolved) > 100
    assert len(undated) > 5
    assert len(resolved) + len(undated) < len(final), "every sampled incident is of the month: nothing to keep out"

    customer.seed(*map(real_incidents.as_ticket, final))
    source = customer.source(number_field=f"CF.{EXTERNAL_NUMBER}")
    tickets = read(source, month("2016-03")).values()
    boxing = box_all(tickets, _rules())

    assert {t.number: t.priority for t in tickets} == {**resolved, **undated}
    assert source.total(month("2016-03")) == len(resolved) + len(undated)
    assert boxing.problems == ()
    billed = [boxed.ticket for boxed in boxing.boxed if boxed.box is Box.BILLED]
    assert Counter(t.priority for t in billed) == Counter(resolved.values())
    assert {b.ticket.number for b in boxing.boxed if b.reason == NO_RESOLUTION_DATE} == set(undated)
    for ticket, row in ((t, row) for t in billed for row in final if row["number"] == t.number):
        assert f"{ticket.resolved_at:%Y-%m-%d %H:%M:%S}" == row["resolved_at"]
        assert f"{ticket.opened_at:%Y-%m-%d %H:%M:%S}" == row["opened_at"]
