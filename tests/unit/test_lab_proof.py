"""What is said of a month when something was lost or doubled; nothing when all is well."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from scripts.lab_lib.trials.month import Played
from scripts.lab_lib.trials.proof import Facts, problems

DATA = b"<INVOIC02/>"
SHA = hashlib.sha256(DATA).hexdigest()
NUMBER = "PF-2026-000001"


def facts(*, sap: list[dict[str, Any]] | None = None, **changes: Any) -> Facts:
    totals = {"Net": Decimal("100.00"), "VAT": Decimal("19.00"), "Total": Decimal("119.00")}
    counts = {"collected": 7, "carried in": 1, "billed": 5, "excluded": 2, "carried over": 1}
    played = Played("/proformas/1", NUMBER, totals, counts, {"a.xml": DATA}, "parked", 1.0)
    amounts = {"net": "100.00", "tax": "19.00", "gross": "119.00"}
    database = {"proformas": 1, "deliveries": 1, "documents": {"a.xml": SHA}, "rated": "90.00", "fixed": "10.00"}
    database |= dict.fromkeys(("collected", "boxed", "tickets", "numbers", "read"), 8) | {"billed_twice": 0}
    one = {"number": NUMBER, "outcome": "parked", "sha256": SHA, **amounts}
    return Facts(played, database | amounts | changes, [one] if sap is None else sap)


def test_a_month_that_came_out_right_has_no_problem() -> None:
    assert problems(facts()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sap": []}, "0 documents at SAP"),
        ({"sap": [*facts().sap, *facts().sap]}, "2 documents at SAP"),
        ({"sap": [dict(facts().sap[0], gross="118.00")]}, "SAP 100.00 / 19.00 / 118.00"),
        ({"sap": [dict(facts().sap[0], outcome="posted")]}, "parked was asked for"),
        ({"sap": [dict(facts().sap[0], sha256="0" * 64)]}, "none of the portal's documents"),
        ({"deliveries": 2}, "2 deliveries"),
        ({"net": "99.00"}, "the database 99.00"),
        ({"rated": "80.00"}, "are not the net"),
        ({"boxed": 7}, "do not add up"),
        ({"numbers": 7}, "do not add up"),
        ({"billed_twice": 1}, "1 tickets were billed before"),
        ({"documents": {"a.xml": "0" * 64}}, "checksums: ['a.xml', 'a.xml']"),
    ],
)
def test_whatever_is_lost_doubled_or_altered_is_told(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in problems(facts(**changes)))
