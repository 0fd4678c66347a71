"""What an account in Request Tracker must be and see, before a month is read by it; against a live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.domain.errors import SourceError
from tests.support.request_tracker import SeedTicket
from tests.support.request_tracker_customer import Customer, at, month
from tests.support.request_tracker_tickets import BRAND_NEW, INCIDENTS

pytestmark = pytest.mark.rt

ACCOUNTS = {
    "stranger": ("cannot see the queue 'Incidents'", "SeeQueue"),
    "blind": ("sees not one ticket", "ShowTicket"),
    "half": ("cannot see the queue 'Service Requests'", "SeeQueue"),
    "berlin": ("time zone 'Europe/Berlin'", "UTC"),
    "zoneless": ("no time zone of its own", "UTC"),
}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("question", ["probe", "total", "read", "read_keys"])
def test_an_account_that_would_give_a_wrong_month_gives_none(customer: Customer, account: str, question: str) -> None:
    source = customer.source(account)
    questions: dict[str, Callable[[], object]] = {
        "probe": source.probe,
        "total": lambda: source.total(month("2021-06")),
        "read": lambda: list(source.read(month("2021-06"))),
        "read_keys": lambda: source.read_keys(["1"]),
    }
    with pytest.raises(SourceError) as caught:
        questions[question]()
    what, remedy = ACCOUNTS[account]
    assert what in caught.value.problem.what
    assert remedy in caught.value.problem.remedy
    assert caught.value.permanent


def test_such_an_account_is_answered_200_with_nothing(customer: Customer) -> None:
    """Why the account is looked at first: RT itself has nothing to say against these."""
    for account in ("stranger", "blind"):
        assert customer.tracker.call("GET", "tickets?query=id%3E0", account=account)["total"] == 0


def test_the_zone_of_the_account_moves_the_month_in_rt_itself(customer: Customer) -> None:
    """Why the account must be in UTC: the same words, another hour."""
    customer.seed(SeedTicket("at midnight", resolved=at("2021-09-01")))
    words = "tickets?query=Resolved+%3E%3D+'2021-09-01'+AND+Resolved+%3C+'2021-09-01+00:00:01'"
    assert customer.tracker.call("GET", words, account="reader")["total"] == 1
    assert customer.tracker.call("GET", words, account="berlin")["total"] == 0


def test_a_wrong_token_is_refused_for_good(customer: Customer) -> None:
    right = customer.tracker.token
    wrong = right[:-4] + ("0000" if right[-4:] != "0000" else "1111")
    with pytest.raises(SourceError, match="refused") as caught:
        customer.source(token=wrong).probe()
    assert caught.value.permanent
    assert wrong not in str(caught.value)


def test_what_is_no_token_is_told_before_it_is_sent(customer: Customer) -> None:
    with pytest.raises(SourceError, match="no token of Request Tracker"):
        customer.source(token="hunter2").probe()


def test_an_address_with_pages_for_people_is_told(customer: Customer) -> None:
    with pytest.raises(SourceError) as caught:
        customer.source(url=f"{customer.tracker.url}/Ticket").probe()
    assert caught.value.permanent


def test_a_custom_field_that_is_not_there_is_told_and_not_read_as_empty(customer: Customer) -> None:
    with pytest.raises(SourceError, match="custom field 'Urgency'"):
        customer.source(priority_field="CF.Urgency").total(month("2021-06"))


def test_a_queue_without_tickets_must_be_declared(customer: Customer) -> None:
    plain: dict[str, Any] = {"priority_field": "Priority", "closed_field": "", "queues": [INCIDENTS, BRAND_NEW]}
    with pytest.raises(SourceError, match="sees not one ticket"):
        customer.source(**plain).probe()
    customer.source(**plain, may_be_empty=[BRAND_NEW]).probe()
