"""The invoice pages: the shared page template, set by WeasyPrint, which may fetch nothing at all."""

from __future__ import annotations

import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from portal.exporters.layout.page import page
from portal.exporters.layout.view import View
from portal.exporters.pdf.fonts import BOLD, REGULAR, FontError, find


@dataclass(frozen=True, slots=True)
class Front:
    data: bytes
    pages: int


def front_pages(view: View) -> Front:
    """The pages as a PDF. Raises FontError when a typeface or a library of WeasyPrint's is missing."""
    for name in (REGULAR, BOLD):
        find(name)  # without it fontconfig would silently print in another typeface
    weasyprint = _weasyprint()
    document = weasyprint.HTML(string=page(view, ("style.css", "print.css")), url_fetcher=_refuse).render()
    return Front(document.write_pdf(pdf_identifier=view.sha256.encode()), len(document.pages))


def _refuse(*_args: object, **_options: object) -> NoReturn:
    """Nothing in a proforma is to be fetched; an address in it came with somebody's text."""
    raise ValueError("a proforma fetches nothing")


@contextmanager
def _loader_only() -> Iterator[None]:
    """While WeasyPrint is imported, libraries are found by the dynamic loader alone.

    It tries names of other systems first, and for each of them cffi would run ldconfig, gcc and ld: fifty processes
    that cost more than the pages, and no service should start a compiler.
    """
    find = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None  # noqa: ARG005 - the signature is ctypes's
    try:
        yield
    finally:
        ctypes.util.find_library = find


def _weasyprint() -> Any:
    try:
        with _loader_only():
            import weasyprint
    except OSError as error:
        raise FontError(
            "The libraries that set the invoice pages are missing.",
            where=str(error).splitlines()[0],
            kept="No PDF was made; everything else is unchanged.",
            remedy="Install them: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
            code="pdf.library_missing",
        ) from error
    return weasyprint
