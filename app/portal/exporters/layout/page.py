"""The HTML of a proforma from its view: templates escape everything, and nothing in them points outside the file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal.exporters.layout.view import View

TEMPLATES = Path(__file__).with_name("templates")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style(*names: str) -> Markup:
    """Our own style sheets, one after another, ready to stand inside a style element."""
    return Markup("\n").join(Markup((TEMPLATES / name).read_text("utf-8")) for name in names)  # noqa: S704 - our files


def page(view: View, styles: Sequence[str], **more: Any) -> str:
    """The whole document. `more`: `annex` (sections of the annex, HTML only)."""
    return _environment().get_template("proforma.html").render(v=view, style=style(*styles), **{"annex": None} | more)
