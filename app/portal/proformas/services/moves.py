"""Submit, send back, approve, issue. The table of moves is portal.domain.states; the database checks it again."""

from __future__ import annotations

from datetime import datetime

from portal import adapters
from portal.accounts.access import Permission
from portal.contracts.models import Contract
from portal.contracts.selectors import zone_of
from portal.domain.completeness import findings
from portal.domain.content import Content
from portal.domain.errors import InputError, StateError
from portal.domain.states import Move, State, after
from portal.lib import clock
from portal.proformas.content import content_build, header_build, header_issued, version_of
from portal.proformas.models import MonthRun, NumberCounter, Proforma
from portal.proformas.selectors import boxes_of
from portal.proformas.services.guarded import changing


def proforma_submit(*, proforma: Proforma, actor: str, seen: str = "") -> Proforma:
    """Hand a draft to the approvers. Refused when counts or money do not add up, or the month is being made anew.

    Raises InputError too for what SAP's fields cannot hold.
    """
    with changing(proforma, Permission.PREPARE, actor) as locked:
        _check_seen(locked, seen)
        locked.state = after(State(locked.state), Move.SUBMIT)
        _check_complete(locked)
        _check_deliverable(content_build(locked))
        locked.submitted_by, locked.note = actor, ""
        locked.save()
    return proforma


def proforma_send_back(*, proforma: Proforma, reason: str, actor: str) -> Proforma:
    """Back to the preparer, with the reason; an approval is void."""
    if not reason.strip():
        raise InputError("A reason is missing.", where="reason", kept="Nothing was changed.", remedy="Say why.")
    with changing(proforma, Permission.EDIT, actor, reason.strip()) as locked:
        locked.state = after(State(locked.state), Move.SEND_BACK)
        locked.approved_by, locked.note, locked.header = "", reason.strip(), None
        locked.save()
    return proforma


def proforma_approve(*, proforma: Proforma, actor: str, seen: str = "") -> Proforma:
    """The second pair of eyes; the database refuses whoever prepared, submitted or edited it.

    `seen`: content.version_of what the person looked at; refused when it is another one by now.
    """
    with changing(proforma, Permission.APPROVE, actor) as locked:
        _check_seen(locked, seen)
        locked.state = after(State(locked.state), Move.APPROVE)
        locked.approved_by = actor  # the time is the database's
        locked.header = header_build(locked)
        _check_deliverable(content_build(locked))
        locked.save()
    return proforma


def proforma_issue(*, proforma: Proforma, actor: str, seen: str = "") -> Proforma:
    """Take the number and the hash of what was approved. From here on nothing changes any more."""
    with changing(proforma, Permission.APPROVE, actor) as locked:
        _check_seen(locked, seen)
        locked.state = after(State(locked.state), Move.ISSUE)
        locked.issued_by, locked.issued_at = actor, clock.now()
        locked.number = _number(locked.contract, locked.issued_at)
        locked.header = header_issued(locked)
        content = content_build(locked)
        _check_deliverable(content)
        locked.content_sha256 = content.sha256()
        locked.save()
    return proforma


def _check_seen(proforma: Proforma, seen: str) -> None:
    if seen and seen != version_of(proforma):
        raise StateError(
            "It has changed since you opened it.",
            where=str(proforma),
            kept="Nothing was changed.",
            remedy="Look at it as it is now, then decide.",
            code="proforma.changed",
        )


def _check_complete(proforma: Proforma) -> None:
    run = MonthRun.objects.filter(contract=proforma.contract, period_start=proforma.period_start).first()
    if run is not None and (run.state != "done" or run.collection_id != proforma.collection_id):
        raise StateError(
            "The month is being collected or composed anew.",
            kept="Nothing was changed.",
            remedy="Wait until it is composed, then look at it again.",
        )
    if problems := findings(boxes_of(proforma)):
        raise StateError(problems[0].what, kept="Nothing was changed.", remedy=problems[0].remedy)


def _check_deliverable(content: Content) -> None:
    """What is issued is final, so an IDoc that cannot be made is found before. Raises InputError: no number is used."""
    adapters.load(adapters.EXPORTERS["idoc"])(content)


def _number(contract: Contract, issued_at: datetime) -> str:
    """The next of its series and year (of the contract's clocks); 16 characters at most, which is SAP's BELNR."""
    year = issued_at.astimezone(zone_of(contract)).year
    NumberCounter.objects.get_or_create(series=contract.number_series, year=year)
    counter = NumberCounter.objects.select_for_update().get(series=contract.number_series, year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    if counter.last > 999_999:
        raise StateError(f"The series {contract.number_series}-{year} is used up.", remedy="Choose another series.")
    return f"{contract.number_series}-{year}-{counter.last:06d}"
