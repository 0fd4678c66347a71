"""Money is Decimal and is rounded in `money` and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def money(amount: Decimal) -> Decimal:
    """Round to whole cents, half away from zero (commercial rounding; EN 16931 BR-DEC rules ask for two decimals).

    Raises TypeError for a float: a binary fraction has already lost the cent that would be asked about.
    """
    if not isinstance(amount, Decimal):
        raise TypeError(f"money takes a Decimal, not {type(amount).__name__}")
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum of amounts that are already in cents; 0.00 for none."""
    return sum(amounts, ZERO)


def line_net(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """Net of a line: quantity times unit price, in cents (EN 16931 BT-131)."""
    return money(quantity * unit_price)


def tax_on(net: Decimal, rate_percent: Decimal) -> Decimal:
    """VAT on the sum of the nets, rounded once (EN 16931 BT-117, per category)."""
    return money(net * rate_percent / Decimal(100))
