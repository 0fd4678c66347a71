"""The HTML document: complete, escaped, and alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lxml import html as lxml_html

from portal.exporters.html import export
from tests.support.proforma_samples import CUSTOMER, content

EVIL = "<script>alert(1)</script><img src=//evil.example/x onerror=x> \" ' & {{ 7*7 }}"


def parsed(data: bytes) -> Any:
    return lxml_html.fromstring(data.decode())


def test_it_carries_every_ticket_and_names_itself_a_proforma() -> None:
    made = content(5, 60)
    exported = export(made)
    tree = parsed(exported.data)
    assert [cell.text for cell in tree.xpath("//table[@class='tickets']/tbody/tr/td[1]")] == [
        ticket.number for ticket in made.tickets
    ]
    assert "Proforma, not a VAT invoice" in tree.text_content()
    assert made.sha256() in tree.text_content()
    assert (exported.name, exported.media_type) == ("PF-2026-000042.html", "text/html; charset=utf-8")


def test_foreign_text_stays_text_wherever_it_comes_from() -> None:
    base = content(3, 4)
    tickets = tuple(replace(t, number=EVIL, summary=EVIL, group=EVIL, kind=EVIL, priority=EVIL) for t in base.tickets)
    lines = tuple(replace(line, description=EVIL, unit=EVIL, reason=EVIL, origin="manual") for line in base.lines)
    party = replace(CUSTOMER, name=EVIL, address=(EVIL,), vat_id=EVIL, number=EVIL)
    made = replace(
        base, tickets=tickets, lines=lines, customer=party, supplier=party, terms=EVIL, payment_terms=EVIL,
        number=EVIL, po_number=EVIL, contract_title=EVIL, prepared_by=EVIL,
        carried_over=tuple(replace(c, number=EVIL, reason=EVIL, by=EVIL) for c in base.carried_over),
        boxes=tuple(replace(b, box=EVIL, reason=EVIL) for b in base.boxes),
    )  # fmt: skip
    tree = parsed(export(made).data)
    assert tree.xpath("//script | //img | //@onerror") == []
    assert EVIL in tree.text_content()


def test_nothing_in_it_points_outside() -> None:
    tree = parsed(export(content()).data)
    assert tree.xpath("//@src | //@href | //link | //script | //iframe | //form") == []
    style = tree.xpath("string(//style)")
    assert "url(" not in style
    assert "@import" not in style


def test_a_rehearsal_says_so_and_a_real_one_does_not() -> None:
    assert "TEST - rehearsal, not for payment" in export(content(test_mode=True)).data.decode()
    assert "TEST" not in export(content()).data.decode()


def test_control_characters_do_no_harm() -> None:
    base = content(2, 3)
    tickets = tuple(replace(t, summary="a\x00b\x1b[31m\ud800\ufffe") for t in base.tickets)
    made = export(replace(base, tickets=tickets)).data.decode()
    assert "a b [31m" in made
    assert "\x00" not in made
