"""The proforma as one HTML file: same words as the PDF, annex included, style inside, no script, nothing fetched."""

from __future__ import annotations

from portal.domain.content import Content, Exported
from portal.exporters.layout.annex import annex
from portal.exporters.layout.page import page
from portal.exporters.layout.text import file_stem
from portal.exporters.layout.view import view

MEDIA_TYPE = "text/html; charset=utf-8"


def export(content: Content) -> Exported:
    """One HTML document in UTF-8; every value is escaped."""
    made = page(view(content), ("style.css", "screen.css"), annex=annex(content))
    return Exported(f"{file_stem(content.number)}.html", MEDIA_TYPE, made.encode())
