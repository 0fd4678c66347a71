"""System checks of what customers' rows name: code that loads, and addresses that may be used in production."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from portal import adapters
from portal.contracts.models import SapEndpoint, TicketSource
from portal.lib.production import unfit

REGISTRIES = ("SOURCES", "EXPORTERS", "CHANNELS")


@register()
def adapters_check(**_: Any) -> list[CheckMessage]:
    """Every dotted string of portal.adapters names something that can be imported."""
    return [error for name in REGISTRIES for error in _load(name, getattr(adapters, name))]


@register(Tags.database)
def systems_check(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Rows name known adapters; in production no row leads to a sandbox. Run by `check --database default`."""
    if "default" not in (databases or ()):
        return []
    try:
        return [*_unknown_adapters(), *_rehearsal_addresses()]
    except DatabaseError:  # before the first migration there are no rows to look at
        return []


def _load(registry: str, entries: dict[str, str]) -> Iterator[CheckMessage]:
    for key, dotted in entries.items():
        try:
            adapters.load(dotted)
        except Exception as error:  # noqa: BLE001 - whatever a module does when it is imported
            yield Error(
                f"portal.adapters.{registry}['{key}'] names {dotted}, which cannot be loaded: "
                f"{type(error).__name__}: {error}",
                hint="Correct the dotted name, or install what the module needs (./scripts/setup names packages).",
                id="portal.E001",
            )


def _unknown_adapters() -> Iterator[CheckMessage]:
    sources = ((row, row.system, adapters.SOURCES) for row in TicketSource.objects.select_related("customer"))
    endpoints = ((row, row.channel, adapters.CHANNELS) for row in SapEndpoint.objects.select_related("customer"))
    for row, key, registry in (*sources, *endpoints):
        if key not in registry:
            yield Error(
                f"{row} names '{key}', which this release does not know.",
                hint=f"Known: {', '.join(registry)}. Correct the row, or install the release that has it.",
                obj=row,
                id="portal.E002",
            )


def _rehearsal_addresses() -> Iterator[CheckMessage]:
    if settings.TEST_MODE:
        return
    sources = ((row, row.base_url) for row in TicketSource.objects.select_related("customer"))
    endpoints = ((row, row.url) for row in SapEndpoint.objects.select_related("customer"))
    for row, url in (*sources, *endpoints):
        if reason := unfit(url):
            yield Error(
                f"The address of {row} {reason}, and this portal runs in production.",
                hint="Enter the customer's own address, or set PROFORMA_MODE=test for a rehearsal.",
                obj=row,
                id="portal.E003",
            )
