"""`manage.py demo_month --plan FILE`: the rehearsal of one month, started by ./scripts/demo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from portal.domain.errors import BlockedError, PortalError
from portal.web.demo.contract import contract_get, contract_load, people_load
from portal.web.demo.month import documents_play, month_play
from portal.web.demo.plan import Plan
from portal.web.demo.stages import Stages, bars
from portal.web.demo.summary import Result, show, summary

WAITS_FOR_PEOPLE = 3
PARTS = ("all", "contract", "scheduled")
SHOWN_FINDINGS = 12


class Command(BaseCommand):
    help = "Rehearse one month: contract, collect, rate, compose, approve, issue, render, deliver, acknowledge."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plan", type=Path, required=True, help="JSON file, see portal.web.demo.plan")
        parser.add_argument(
            "--part",
            choices=PARTS,
            default="all",
            help="contract: people and contract alone; scheduled: they are there, and the calendar starts the month",
        )

    def handle(self, *_: Any, plan: Path, part: str, **__: Any) -> None:
        """Exit codes: 0 the month ran to SAP's answer; 3 it waits for decisions of people; 1 anything else."""
        if not settings.TEST_MODE:
            raise CommandError("A rehearsal needs PROFORMA_MODE=test; this is a production portal. Nothing was done.")
        console, given = Console(), Plan.read(plan)
        try:
            result = play(given, console, part)
        except BlockedError as error:
            _show_findings(error, console)
            raise SystemExit(WAITS_FOR_PEOPLE) from None
        except PortalError as error:
            raise CommandError(str(error)) from None
        if result is not None:
            show(result, given.out, console)


def play(plan: Plan, console: Console, part: str) -> Result | None:
    """The whole month, or a part of it; writes the documents and summary.json. Raises PortalError."""
    if part != "scheduled":
        people_load(plan)
    contract = contract_get() if part == "scheduled" else contract_load(plan)
    if part == "contract":
        return None
    with bars(console) as progress:
        stages = Stages(progress)
        result = documents_play(month_play(contract, plan, stages, scheduled=part == "scheduled"), plan, stages)
    found = summary(result) | ({"ignored_findings": plan.ignored_findings} if plan.ignored_findings else {})
    (plan.out / "summary.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return result


def _show_findings(error: BlockedError, console: Console) -> None:
    console.print(str(error), style="bold", markup=False)
    for problem in error.problems[:SHOWN_FINDINGS]:
        console.print(f"  {problem}", markup=False, highlight=False)
    if (more := len(error.problems) - SHOWN_FINDINGS) > 0:
        console.print(f"  and {more} more")
