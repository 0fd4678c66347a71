"""What a proforma says, as frozen values: the one input of every exporter, and what the content hash is taken of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Party:
    """Supplier or customer as printed. `address` is one string a line, without the name."""

    name: str
    address: tuple[str, ...]
    country: str
    """ISO 3166-1 alpha-2"""
    vat_id: str = ""
    email: str = ""
    phone: str = ""
    bank: str = ""
    """one line, for example "IBAN DE.. - BIC .." """
    number: str = ""
    """our number at the other side: the supplier (vendor) number at the customer, or the customer number with us"""


@dataclass(frozen=True, slots=True)
class SapMapping:
    """What the customer's SAP expects in the IDoc. Every value is agreed with the customer (WE20, WE60)."""

    client: str = "100"
    sender_port: str = "PROFORMA"
    sender_partner: str = "PROFORMA"
    receiver_port: str = "SAPCLNT100"
    receiver_partner: str = "CUSTOMER"
    message_code: str = "PAR"
    """EDI_DC40-MESCOD: with MESFCT it routes to parking, so that a proforma never becomes a payable by accident"""
    message_function: str = "PRF"
    company_code: str = ""
    sum_net: str = "010"
    """E1EDS01-SUMID; receivers differ"""
    sum_tax: str = "005"
    sum_gross: str = "011"
    tax_code: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Amounts in cents of `Content.currency`. `edited` is net minus what rating gave (0.00 when nobody changed it)."""

    position: int
    origin: str
    """fixed | tickets | manual"""
    description: str
    quantity: Decimal
    unit: str
    """month, ticket, piece, hour"""
    unit_price: Decimal
    net: Decimal
    kind: str = ""
    priority: str = ""
    edited: Decimal = Decimal("0.00")
    reason: str = ""
    """why a person added or changed it"""


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One billed ticket in the annex. `counted_at` is in the contract's zone (aware)."""

    position: int
    """the line it is on"""
    number: str
    kind: str
    priority: str
    opened_at: datetime | None
    counted_at: datetime
    summary: str
    group: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BoxCount:
    box: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """A ticket set aside for a later month; printed with who and why."""

    number: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Content:
    """A whole proforma. `tickets` are ordered by line position, then number."""

    number: str
    issued_on: date
    period: str
    """YYYY-MM"""
    period_start: date
    period_end: date
    """last day, inclusive, as printed"""
    timezone: str
    currency: str
    supplier: Party
    customer: Party
    contract_number: str
    contract_title: str
    po_number: str
    po_item: str
    payment_terms: str
    terms: str
    prepared_by: str
    approved_by: str
    lines: tuple[Line, ...]
    tickets: tuple[TicketRow, ...]
    boxes: tuple[BoxCount, ...]
    carried_over: tuple[CarriedOver, ...]
    source_total: int
    carried_in: int
    collected_at: datetime
    vat_rate: Decimal
    """percent"""
    net: Decimal
    tax: Decimal
    gross: Decimal
    test_mode: bool = False
    """True: every page says that it is a rehearsal"""
    sap: SapMapping = field(default_factory=SapMapping)

    def sha256(self) -> str:
        """Hex SHA-256 of the canonical JSON (sorted keys, no spaces, ISO dates, decimals as strings)."""
        text = json.dumps(self, default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an exporter returns."""

    name: str
    """file name, for example "PF-2026-000001.pdf" """
    media_type: str
    data: bytes


def _plain(value: Any) -> Any:
    """What JSON does not know. Field by field: dataclasses.asdict would copy every ticket deeply first."""
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"content holds a {type(value).__name__}")
