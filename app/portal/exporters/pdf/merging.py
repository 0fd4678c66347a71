"""One file out of the invoice pages and what was drawn, with title, language and bookmarks; no clock in it."""

from __future__ import annotations

import io
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pikepdf

from portal.domain.content import Content
from portal.exporters.layout.view import View
from portal.exporters.pdf.front import Front

PRODUCER = "Proforma appliance"


def merge(content: Content, view: View, front: Front, drawn: bytes, starts: list[tuple[str, int]]) -> bytes:
    """Invoice pages with their feet, then the annex. `starts`: (line, page of the annex from 0) for the bookmarks."""
    with pikepdf.open(io.BytesIO(front.data)) as pdf, pikepdf.open(io.BytesIO(drawn)) as sheets:
        for index, page in enumerate(pdf.pages):
            _lay_over(pdf, page, sheets.pages[index], f"/Foot{index}")
        pdf.pages.extend(sheets.pages[front.pages :])
        _describe(pdf, content, view)
        _bookmark(pdf, front.pages, starts)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
        return out.getvalue()


def _lay_over(pdf: pikepdf.Pdf, page: pikepdf.Page, sheet: pikepdf.Page, name: str) -> None:
    """As Page.add_overlay, which would name the sheet by chance: equal contents are to give equal bytes.

    `name` must differ from page to page: WeasyPrint's pages share one dictionary of resources.
    """
    form = pdf.copy_foreign(sheet.as_form_xobject())
    resources = page.obj.Resources
    if "/XObject" not in resources:
        resources.XObject = pikepdf.Dictionary()
    resources.XObject[name] = form
    page.contents_add(b"q", prepend=True)
    page.contents_add(f"Q q {name} Do Q".encode())


def _describe(pdf: pikepdf.Pdf, content: Content, view: View) -> None:
    made = datetime.combine(content.issued_on, time.min, tzinfo=ZoneInfo(content.timezone))
    stamp = made.strftime("D:%Y%m%d%H%M%S") + f"{made:%z}"[:3] + "'" + f"{made:%z}"[3:] + "'"
    about = f"{view.notice}. Content SHA-256 {view.sha256}"
    pdf.docinfo = pdf.make_indirect(
        pikepdf.Dictionary(
            Title=view.title,
            Author=view.supplier.name,
            Subject=about,
            Producer=PRODUCER,
            CreationDate=stamp,
            ModDate=stamp,
        )
    )
    pdf.Root.Lang = pikepdf.String(view.language)
    pdf.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
    with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as meta:
        meta["dc:title"] = view.title
        meta["dc:creator"] = [view.supplier.name]
        meta["dc:language"] = [view.language]
        meta["dc:description"] = about
        meta["pdf:Producer"] = PRODUCER
        meta["xmp:CreateDate"] = meta["xmp:ModifyDate"] = made.isoformat()


def _bookmark(pdf: pikepdf.Pdf, invoice_pages: int, starts: list[tuple[str, int]]) -> None:
    with pdf.open_outline() as outline:
        outline.root[:] = [pikepdf.OutlineItem("Proforma", 0)]
        if starts:
            annex = pikepdf.OutlineItem("Annex", invoice_pages)
            annex.children.extend(pikepdf.OutlineItem(title, invoice_pages + page) for title, page in starts)
            outline.root.append(annex)
