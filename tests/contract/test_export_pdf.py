"""The PDF as poppler reads it: complete, numbered over the whole file, its letters right and its typefaces inside."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from portal.domain.content import Content
from portal.exporters.pdf import export, fonts
from portal.exporters.pdf.fonts import FontError
from tests.support.exported import pdf_pages, pdf_text
from tests.support.proforma_samples import content, with_lines
from tests.support.tools import tool

pytestmark = pytest.mark.slow


def pages_of(made: Content, tmp_path: Path) -> list[str]:
    return pdf_pages(export(made).data, tmp_path)


def tickets_in(pages: list[str]) -> list[str]:
    """Numbers at the beginning of a line, which is where the annex has them."""
    return [number for page in pages for number in re.findall(r"^\s{0,12}((?:INC|RITM)\d{7})\s", page, re.MULTILINE)]


def annex_pages(pages: list[str]) -> list[str]:
    start = next(i for i, page in enumerate(pages) if "Annex to proforma" in page)
    return pages[start:]


@pytest.mark.parametrize(("lines", "tickets"), [(5, 30), (80, 400), (3, 0)])
def test_every_page_says_which_it_is_of_the_whole_file(lines: int, tickets: int, tmp_path: Path) -> None:
    pages = pages_of(content(lines, tickets), tmp_path)
    assert [re.findall(r"Page (\d+) of (\d+)", page) for page in pages] == [
        [(str(number), str(len(pages)))] for number in range(1, len(pages) + 1)
    ]


def test_the_annex_lists_exactly_the_billed_tickets_in_order(tmp_path: Path) -> None:
    made = content(6, 900)
    pages = pages_of(made, tmp_path)
    assert tickets_in(annex_pages(pages)) == [ticket.number for ticket in made.tickets]
    assert all(carried.number not in "".join(annex_pages(pages)) for carried in made.carried_over)


def test_letters_of_all_kinds_come_out_as_they_went_in(tmp_path: Path) -> None:
    base = content(3, 6)
    words = ("Łukasz", "Zürich", "José", "Straße", "€", "Ελλάδα", "Русский", "日本語", "(a) \\ b", "→")
    tickets = tuple(replace(t, summary=w, group=w) for t, w in zip(base.tickets * 2, words, strict=False))
    lines = tuple(replace(line, description="Zürich Łódź José ß € Ελλάδα") for line in base.lines)
    text = pdf_text(export(with_lines(replace(base, tickets=tickets), lines)).data, tmp_path)
    for word in (*words, "Zürich Łódź José ß € Ελλάδα", "Łukasz Wójcik", "Zürcher Präzisionswerke AG"):
        assert word in text


def test_long_words_and_long_summaries_stay_on_the_page_and_lose_nothing(tmp_path: Path) -> None:
    base = content(3, 6)
    long = " ".join(f"word{n}" for n in range(900))
    tickets = (replace(base.tickets[0], summary=long), replace(base.tickets[1], summary="x" * 700), *base.tickets[2:])
    made = replace(base, tickets=tickets)
    pages = pages_of(made, tmp_path)
    assert re.findall(r"word\d+", "".join(pages)) == long.split()
    assert sum(page.count("x" * 20) * 20 for page in pages) > 500
    assert tickets_in(annex_pages(pages)) == [ticket.number for ticket in tickets]
    boxes = pdf_text(export(made).data, tmp_path, "-bbox")
    right = max(float(x) for x in re.findall(r'xMax="([\d.]+)"', boxes))
    foot = max(float(y) for y in re.findall(r'yMax="([\d.]+)"', boxes))
    assert right <= 595.28 - 18 * 72 / 25.4 + 1
    assert foot < 841.89 - 20


def test_where_no_ticket_has_a_summary_its_column_is_left_out(tmp_path: Path) -> None:
    base = content(3, 30)
    made = replace(base, tickets=tuple(replace(ticket, summary="") for ticket in base.tickets))
    pages = annex_pages(pages_of(made, tmp_path))
    assert "Summary" not in "".join(pages)
    assert tickets_in(pages) == [ticket.number for ticket in made.tickets]


def test_a_long_supplier_and_long_lines_do_not_run_into_each_other(tmp_path: Path) -> None:
    base = content(3, 30)
    made = replace(base, supplier=replace(base.supplier, name="Supplier & Sons " * 20))
    lines = tuple(replace(line, description="Endless line " * 40) for line in base.lines)
    pages = pages_of(with_lines(made, lines), tmp_path)
    for page in pages:
        assert re.search(r"Supplier & Sons.*\.\.\.\s+Proforma, not a VAT invoice\s+Page \d+ of \d+", page)
    assert "".join(pages).count("Endless") > 3 * 40


def test_heads_are_repeated_on_every_page_of_lines_and_tickets(tmp_path: Path) -> None:
    pages = pages_of(content(120, 400), tmp_path)
    before = [page for page in pages if re.search(r"^\s+\d+\s+\S.*\d\.\d\d$", page, re.MULTILINE)]
    assert len(before) > 3
    for page in annex_pages(pages):
        assert re.search(r"Ticket\s+Kind\s+Opened\s+(Resolved|Closed)\s+Summary\s+Group\s+EUR", page)
    for page in pages[:3]:
        assert re.search(r"No\.\s+Description\s+Quantity\s+Unit\s+Unit price\s+Net EUR", page)


def test_a_rehearsal_says_so_on_every_page_and_a_real_one_on_none(tmp_path: Path) -> None:
    rehearsal = pages_of(content(60, 200, test_mode=True), tmp_path)
    assert all("TEST - rehearsal, not for payment" in page for page in rehearsal)
    assert "TEST" not in "".join(pages_of(content(60, 200), tmp_path))


def test_the_first_page_says_what_it_is_and_the_file_what_it_rests_on(tmp_path: Path) -> None:
    made = content(5, 30)
    pages = pages_of(made, tmp_path)
    assert "Proforma, not a VAT invoice" in pages[0]
    for said in ("PF-2026-000042", "4500017834", "MSA-2024-118", "1 March 2026 to 31 March 2026", "30 days net"):
        assert said in pages[0]
    front = "".join(pages)
    for said in (made.sha256(), "Closed without a resolution date", "Resolution time is disputed", "Petra Preparer"):
        assert said in front


def test_times_are_those_of_the_contracts_zone(tmp_path: Path) -> None:
    made = content(3, 10)
    local = [t.counted_at.strftime("%Y-%m-%d %H:%M") for t in made.tickets]
    text = pdf_text(export(made).data, tmp_path)
    assert "Times are those of Europe/Berlin." in text
    assert all(instant in text for instant in local)


def test_all_typefaces_are_embedded_subsets(tmp_path: Path) -> None:
    base = content(5, 30)
    odd = replace(base.tickets[0], summary="→ 日本語 ✓")
    (tmp_path / "a.pdf").write_bytes(export(replace(base, tickets=(odd, *base.tickets[1:]))).data)
    command = [tool("pdffonts", package="poppler-utils"), str(tmp_path / "a.pdf")]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert len(listed) >= 5
    for line in listed:
        assert re.search(r" yes +yes +yes +\d+ +\d+$", line), line
        assert "Helvetica" not in line


def test_it_has_title_author_language_dates_and_bookmarks() -> None:
    made = content(6, 60)
    with pikepdf.open(io.BytesIO(export(made).data)) as pdf:
        assert str(pdf.docinfo.Title) == "Proforma PF-2026-000042"
        assert str(pdf.docinfo.Author) == made.supplier.name
        assert str(pdf.docinfo.CreationDate) == "D:20260402000000+02'00'"
        assert str(pdf.Root.Lang) == "en"
        with pdf.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Proforma", "Annex"]
            assert [child.title.split("  ")[0] for child in outline.root[1].children] == ["4", "5", "6"]


def test_equal_contents_give_equal_bytes_in_another_process(tmp_path: Path) -> None:
    script = (
        "import hashlib; from tests.support.proforma_samples import content; from portal.exporters.pdf import export;"
        "print(hashlib.sha256(export(content(5, 40)).data).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": "app:.", "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_month_without_tickets_can_be_the_first_that_a_process_renders() -> None:
    script = (
        "from tests.support.proforma_samples import content; from portal.exporters.pdf import export;"
        "print(export(content(3, 0)).data[:5])"
    )
    environment = {**os.environ, "PYTHONPATH": "app:."}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "b'%PDF-'\n", done.stderr


def test_nothing_is_fetched_whatever_the_texts_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_args: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("socket.socket.connect", connect)
    evil = '<img src="http://127.0.0.1:9/x"><link rel=stylesheet href="file:///etc/passwd">'
    base = content(2, 2)
    lines = tuple(replace(line, description=evil, reason=evil, origin="manual") for line in base.lines)
    assert export(replace(with_lines(base, lines), terms=evil)).data.startswith(b"%PDF-1.7")


def test_a_missing_typeface_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "DIRECTORIES", (tmp_path,))
    with pytest.raises(FontError, match="apt-get install fonts-lato"):
        export(content(2, 0))


def test_the_exporters_know_no_django() -> None:
    script = (
        "import sys, portal.exporters.pdf, portal.exporters.html, portal.exporters.idoc, portal.exporters.csv;"
        "sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": "app"})
