"""How values are written in documents for people: English words, 1,234.56, 31 March 2026, 2026-03-31 14:05."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

MINUS = "\N{MINUS SIGN}"
FIGURE_SPACE, PUNCTUATION_SPACE = "\N{FIGURE SPACE}", "\N{PUNCTUATION SPACE}"
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
UNITS_PLURAL = {"month": "months", "ticket": "tickets", "piece": "pieces", "hour": "hours", "day": "days"}

# Controls, line separators, byte-order marks, lone surrogates and noncharacters break XML, PDF strings or a reader's
# eyes; direction overrides can make "gpj.exe" read as "exe.jpg" and 100 as 001. None of them has a place on an invoice.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]+"
)
_BLANKS = re.compile(" {2,}")


def clean(text: str) -> str:
    """One line of text without anything that is not to be seen; blanks collapsed, accents composed (NFC)."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _BLANKS.sub(" ", _HARMFUL.sub(" ", text)).strip()


def decimals(values: Iterable[Decimal], least: int) -> int:
    """How many decimals a column needs so that all of its values align: at least `least`, without trailing zeros."""
    return max(least, max(map(_places, values), default=0))


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def number(value: Decimal, places: int) -> str:
    """Thousands by comma, a true minus sign. `places` must not be fewer than the value has: nothing is rounded here."""
    return f"{value:,.{places}f}".replace("-", MINUS)


def aligned(value: Decimal, places: int, least: int) -> str:
    """As `number`, but zeros beyond `least` decimals are blanks as wide as they: 22 stands under the 2 of 2.5."""
    shown = number(value, max(least, _places(value)))
    missing = places - max(least, _places(value))
    point = PUNCTUATION_SPACE if places and "." not in shown else ""
    return shown + point + FIGURE_SPACE * missing


def amount(value: Decimal) -> str:
    """An amount in cents."""
    return number(value, 2)


def signed(value: Decimal) -> str:
    """A difference, always with its sign."""
    return ("+" if value >= 0 else "") + amount(value)


def percent(value: Decimal) -> str:
    return f"{number(value, _places(value))} %"


def unit(name: str, quantity: Decimal) -> str:
    return clean(name) if quantity == 1 else UNITS_PLURAL.get(name, clean(name))


def day(value: date) -> str:
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def instant(value: datetime | None, zone: ZoneInfo) -> str:
    """To the minute, as the zone's clocks showed it; "" for none."""
    return "" if value is None else value.astimezone(zone).isoformat(" ", "minutes")[:16]


def words(code: str) -> str:
    """A code such as service_request as a person writes it."""
    return clean(code.replace("_", " ")).capitalize()


def file_stem(number_: str) -> str:
    """A proforma number as the stem of a file name on any system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", number_).strip("-.") or "draft"
