"""Writes of months and proformas; each is one transaction, recorded with who and why."""

from portal.proformas.services.lines import line_add, line_change, line_remove, tickets_move
from portal.proformas.services.months import (
    decision_record,
    month_advance,
    month_recollect,
    month_resume,
    month_start,
)
from portal.proformas.services.moves import proforma_approve, proforma_issue, proforma_send_back, proforma_submit
from portal.proformas.services.scheduled import Due, months_start_due

__all__ = [
    "Due",
    "decision_record",
    "line_add",
    "line_change",
    "line_remove",
    "month_advance",
    "month_recollect",
    "month_resume",
    "month_start",
    "months_start_due",
    "proforma_approve",
    "proforma_issue",
    "proforma_send_back",
    "proforma_submit",
    "tickets_move",
]
