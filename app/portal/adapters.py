"""The registries: which name in the database stands for which code. Dotted strings, so that reading them is enough."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SOURCES = {
    "servicenow": "portal.sources.servicenow.client.open_source",
    "request_tracker": "portal.sources.request_tracker.client.open_source",
}
EXPORTERS = {
    "pdf": "portal.exporters.pdf.export",
    "html": "portal.exporters.html.export",
    "idoc": "portal.exporters.idoc.export",
    "csv": "portal.exporters.csv.export",
    "csv_tickets": "portal.exporters.csv.export_tickets",
}
WARNINGS = {
    "idoc": "portal.exporters.idoc.problems",
}
CHANNELS = {
    "https_idoc": "portal.channels.https_idoc.CHANNEL",
}


def load(dotted: str) -> Any:
    """The object a dotted string names. Raises ImportError or AttributeError (a system check finds both early)."""
    module, _, name = dotted.rpartition(".")
    return getattr(import_module(module), name)
