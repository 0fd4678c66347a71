"""The home page's reading across stages: which months there are, where they stand, and who has to act."""

from __future__ import annotations

from dataclasses import dataclass

from portal.accounts.access import Permission, may
from portal.accounts.models import User
from portal.domain.states import State
from portal.lib.work import DONE, FAILED
from portal.proformas import selectors
from portal.proformas.models import BLOCKED, MonthRun, Proforma
from portal.web import dispatch


@dataclass(frozen=True, slots=True)
class Month:
    """A contract's month: its run, and the latest proforma once there is one."""

    run: MonthRun
    proforma: Proforma | None

    @property
    def state(self) -> str:
        """The run's own state counts while it works and where it stopped, then the proforma's."""
        return self.run.state if self.proforma is None or self.run.state != DONE else self.proforma.state


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that a person has to do."""

    month: Month
    what: str


def months(*, customer: str = "", issued: bool | None = None) -> list[Month]:
    """Newest first. `customer` is a code, "" for all; `issued` None shows all."""
    runs = selectors.runs()
    if customer:
        runs = runs.filter(contract__customer__code=customer)
    latest = {(p.contract_id, p.period_start): p for p in selectors.proformas().order_by("revision")}
    found = [Month(run, latest.get((run.contract_id, run.period_start))) for run in runs]
    return [month for month in found if issued is None or (month.state == State.ISSUED) is issued]


def waiting(user: User, months: list[Month]) -> list[Waiting]:
    """What this person's roles let them do next, of the months given."""
    troubled = dispatch.attention() if may(user, Permission.DELIVER) else {}
    found = [Waiting(month, _task(user, month) or _attention(month, troubled)) for month in months]
    return [task for task in found if task.what]


def _task(user: User, month: Month) -> str:
    if may(user, Permission.PREPARE):
        if month.run.state == BLOCKED:
            return "Decide about what blocks it"
        if month.run.state == FAILED:
            return "See why it failed, then try again"
    if month.proforma is None or month.run.state != DONE:
        return ""
    return _proforma_task(user, month.proforma)


def _proforma_task(user: User, proforma: Proforma) -> str:
    state = State(proforma.state)
    if state is State.DRAFT and may(user, Permission.PREPARE):
        return "Mend it: it was sent back" if proforma.note else "Look it over and submit it"
    if not may(user, Permission.APPROVE):
        return ""
    if state is State.IN_REVIEW and user.username not in selectors.involved(proforma):
        return "Review it, then approve it or send it back"
    return "Issue it" if state is State.APPROVED else ""


def _attention(month: Month, troubled: dict[int, str]) -> str:
    return troubled.get(month.proforma.pk, "") if month.proforma else ""
