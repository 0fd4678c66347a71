"""Months that are started by the calendar instead of a person: the same start, in the name of one configured preparer.

A month that cannot be started now (an earlier one is not issued yet, an address is missing) is refused as a person
would be; the next "month due" tries it again, and whoever mends the cause can start it at once on its page.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from portal.accounts.access import Permission, person, require
from portal.contracts.models import Contract
from portal.contracts.selectors import contract_problems, contracts, zone_of
from portal.domain.errors import InputError, StateError
from portal.domain.periods import Period
from portal.proformas.selectors import run_of
from portal.proformas.services.months import month_start

log = logging.getLogger(__name__)
NOT_VALID = "contract.not_valid"


@dataclass
class Due:
    """Contract numbers by what became of their month."""

    started: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def months_start_due(*, at: datetime, period: Period | None = None, number: str = "") -> Due:
    """Start the month of every contract that is valid in it, or of one; what was started before stays as it is.

    `at`: the moment the month fell due; without `period` it is the month before it, as each contract's zone shows it.
    Raises InputError for a contract that there is none of, and AccessError when the configured person may not start
    months.
    """
    actor = _actor()
    due = Due()
    for contract in _wanted(number):
        month = period or Period.of(at.astimezone(zone_of(contract)).date()).previous()
        _start(contract, month, actor, due, named=bool(number))
    return due


def _actor() -> str:
    """The user name of PROFORMA_SCHEDULE_ACTOR, who may prepare."""
    name = str(settings.SCHEDULE_ACTOR)
    if not name:
        raise InputError(
            "Nobody is configured in whose name months are started.",
            where="PROFORMA_SCHEDULE_ACTOR",
            kept="No month was started.",
            remedy="Set it to the user name of a preparer, then send the message again (redrive).",
        )
    require(person(name), Permission.PREPARE)
    return name


def _wanted(number: str) -> Iterable[Contract]:
    if not number:
        return contracts()
    found = contracts().filter(number=number)
    if not found:
        raise InputError("There is no such contract.", where=f"contract {number[:30]}", kept="No month was started.")
    return found


def _start(contract: Contract, month: Period, actor: str, due: Due, *, named: bool) -> None:
    if not named and any(problem.code == NOT_VALID for problem in contract_problems(contract, month)):
        return
    if run_of(contract, month) is not None:
        due.known.append(contract.number)
        return
    try:
        month_start(contract=contract, period=month, actor=actor)
    except (InputError, StateError) as error:  # one contract's trouble keeps no other from starting
        due.refused.append(contract.number)
        log.warning("scheduled month %s of contract %s: %s", month, contract.number, error.problem)
        return
    due.started.append(contract.number)
