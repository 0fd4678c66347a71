"""How amounts, days and states are shown; one form of each, on every page."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.audit.models import Entry
from portal.domain.periods import Period
from portal.domain.rating import EXCLUSION_REASONS
from portal.web.history import Change, changes_of, headline

register = template.Library()
MINUS = "\u2212"
NO_BREAK = "\u00a0"
TONES = {
    "queued": "wait",
    "running": "wait",
    "blocked": "warn",
    "failed": "bad",
    "draft": "plain",
    "in_review": "wait",
    "approved": "good",
    "issued": "done",
    "sending": "wait",
    "sent": "wait",
    "unknown": "warn",
    "acknowledged": "good",
    "parked": "good",
    "posted": "bad",
    "rejected": "bad",
    "done": "good",
}
"""state -> class of the badge; the word itself says it too, so colour is never alone"""


@register.filter
def money(amount: Decimal | None) -> str:
    """1,480.00, with a real minus; nothing where a template found no amount."""
    if not isinstance(amount, Decimal):
        return ""
    return (MINUS if amount < 0 else "") + str(intcomma(f"{abs(amount):.2f}"))


@register.filter
def quantity(amount: Decimal | None) -> str:
    """1 or 2.5: no zeros that say nothing."""
    return "" if amount is None else str(intcomma(f"{amount.normalize():f}"))


@register.filter
def month(value: date | Period) -> str:
    """March 2026."""
    day = value.first_day if isinstance(value, Period) else value
    return f"{day:%B} {day.year}"


@register.filter
def day(value: date | None) -> str:
    """1 Mar 2026, not broken over lines."""
    return f"{value.day}{NO_BREAK}{value:%b}{NO_BREAK}{value.year}" if value else ""


@register.filter
def words(value: str) -> str:
    """in_review -> in review."""
    return str(value).replace("_", " ")


@register.filter
def reason_words(code: str) -> str:
    return EXCLUSION_REASONS.get(code, words(code))


@register.filter
def get(table: dict[Any, Any], key: Any) -> Any:
    return table.get(key)


@register.simple_tag
def badge(state: str, label: str = "") -> SafeString:
    return format_html('<span class="badge {}">{}</span>', TONES.get(state, "plain"), label or words(state))


@register.simple_tag
def once() -> SafeString:
    """The token by which sending a form twice is found out."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid.uuid4())


@register.filter(name="headline")
def entry_headline(entry: Entry) -> str:
    return headline(entry)


@register.filter(name="changes")
def entry_changes(entry: Entry) -> list[Change]:
    return changes_of(entry)
