"""What one month came to, as summary.json and as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from portal.delivery.models import Delivery
from portal.documents.models import Document
from portal.documents.services import document_read
from portal.domain.completeness import Account
from portal.domain.rating import EXCLUSION_REASONS, Box
from portal.proformas import selectors
from portal.proformas.models import Proforma
from portal.web.demo.stages import Stage


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that came out of the month."""

    proforma: Proforma
    account: Account
    documents: tuple[Document, ...]
    delivery: Delivery
    stages: tuple[Stage, ...]


def summary(result: Result) -> dict[str, Any]:
    """The object of summary.json; amounts are strings, counts are numbers."""
    proforma, account = result.proforma, result.account
    return {
        "source_total": account.source_total,
        "billed": account.count(Box.BILLED),
        "excluded": account.excluded(),
        "carried_over": account.count(Box.CARRIED_OVER),
        "billed_by_kind": billed_by_kind(proforma),
        "net": str(proforma.net),
        "tax": str(proforma.tax),
        "gross": str(proforma.gross),
        "number": proforma.number,
        "content_sha256": proforma.content_sha256,
        "files": [{"name": d.name, "media_type": d.media_type, "sha256": d.sha256} for d in result.documents],
        "delivery": {"state": result.delivery.phase, "attempts": result.delivery.sends},
        "acknowledgement": {
            "status": result.delivery.outcome_status,
            "outcome": result.delivery.outcome,
            "text": result.delivery.outcome_text,
        },
        "stages": [asdict(stage) for stage in result.stages],
    }


def billed_by_kind(proforma: Proforma) -> dict[str, int]:
    """Kind -> number of billed tickets, from the lines they are on."""
    counts: Counter[str] = Counter()
    for line in selectors.lines_of(proforma).filter(origin="tickets"):
        counts[line.kind] += selectors.tickets_of(line).count()
    return dict(sorted(counts.items()))


def documents_write(documents: Iterable[Document], out: Path) -> None:
    """Copy the rendered bytes from the store to a directory, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for document in documents:
        part = out / f".{document.name}.part"
        part.write_bytes(document_read(document))
        part.replace(out / document.name)


def _sent(times: int) -> str:
    return {0: "not sent", 1: "sent once", 2: "sent twice"}.get(times, f"sent {times} times")


def show(result: Result, out: Path, console: Console) -> None:
    """The closing table."""
    table = Table(title=f"Proforma {result.proforma.number}, {result.proforma.period}", title_justify="left", box=None)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, text in rows(result, out):
        table.add_row(name, text)
    console.print(table)


def rows(result: Result, out: Path) -> Sequence[tuple[str, str]]:
    """(what, how much) of the closing table."""
    account, proforma = result.account, result.proforma
    kinds = ", ".join(f"{n} {kind.replace('_', ' ')}s" for kind, n in billed_by_kind(proforma).items())
    money = f"{proforma.net:,.2f} {proforma.currency} net, {proforma.gross:,.2f} with {proforma.vat_rate:g} % VAT"
    answer = result.delivery
    return [
        ("collected", f"{account.source_total} tickets"),
        ("billed", f"{account.count(Box.BILLED)}" + (f" ({kinds})" if kinds else "")),
        *(("excluded", f"{n} ({EXCLUSION_REASONS.get(why, why)})") for why, n in account.excluded().items()),
        ("carried over", str(account.count(Box.CARRIED_OVER))),
        ("total", money),
        ("delivery", f"{answer.phase} ({_sent(answer.sends)})"),
        ("SAP says", f"{answer.outcome_status} {answer.outcome}: {answer.outcome_text}"),
        *(("file", str(out / document.name)) for document in result.documents),
        ("summary", str(out / "summary.json")),
    ]
