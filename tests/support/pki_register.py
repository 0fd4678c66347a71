"""A small register: one gateway, one customer, one member of staff."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scripts.pki_lib.index import Entry, Index

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def entry(profile: str, name: str, *identities: str, key: str = "", days: int = 100) -> Entry:
    return Entry(
        serial=name.encode().hex(), name=name, profile=profile, identities=identities, not_before=NOW,
        not_after=NOW + timedelta(days=days), sha256="", key_sha256=key or f"key of {name}", source="csr",
        issued_at=NOW, issued_by="mara@desk",
    )  # fmt: skip


GATEWAY = entry("gateway", "gw-a", "vpn.example.net")
CUSTOMER = entry("customer", "customer-a", "vpn.customer.example")
MARA = entry("staff", "mara-laptop", "mara@example.net")
REGISTER = Index((GATEWAY, CUSTOMER, MARA))
