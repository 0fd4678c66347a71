"""ServiceNow's encoded queries: parsed once, then asked row by row. Pure.

`a=1^b>2` is AND, `^OR` joins to the condition before it, `^NQ` begins a new query whose rows are added, ORDERBYx and
ORDERBYDESCx sort, `^^` is a literal caret. Source of the rules: ServiceNow's documentation "Encoded query strings" and
"Operators available for filters and queries". As there, a condition on an unknown field, or with an unknown operator,
is IGNORED: all rows come back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

Row = Mapping[str, str]
Resolve = Callable[[str], str]
"""turns javascript:... into its value, or gives the text back"""

_OPERATORS = (
    "DOES NOT CONTAIN|ISNOTEMPTY|ISEMPTY|STARTSWITH|ENDSWITH|NOT LIKE|NOTLIKE|BETWEEN|CONTAINS|ANYTHING|NOT IN|"
    "LIKE|IN|>=|<=|!=|=|>|<"
)
_CONDITION = re.compile(rf"([a-z0-9_.]+)({_OPERATORS})(.*)", re.DOTALL)
_NUMERIC = frozenset({"state", "incident_state", "priority", "impact", "urgency", "reopen_count", "reassignment_count"})
_ORDERINGS: dict[str, Callable[[str | int, str | int], bool]] = {
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
    "<": lambda a, b: a < b,  # type: ignore[operator]
}
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "LIKE": lambda a, b: b in a,
    "CONTAINS": lambda a, b: b in a,
    "NOT LIKE": lambda a, b: b not in a,
    "NOTLIKE": lambda a, b: b not in a,
    "DOES NOT CONTAIN": lambda a, b: b not in a,
    "STARTSWITH": lambda a, b: a.startswith(b),
    "ENDSWITH": lambda a, b: a.endswith(b),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field; `values` are resolved already."""

    field: str
    operator: str
    values: tuple[str, ...]

    def holds(self, row: Row) -> bool:
        value = row.get(self.field, "")
        if self.operator in ("ISEMPTY", "ISNOTEMPTY"):
            return (value == "") == (self.operator == "ISEMPTY")
        if self.operator in _TEXTS:  # as in ServiceNow, letter case does not matter
            return _TEXTS[self.operator](value.casefold(), self.values[0].casefold())
        if self.operator in ("=", "IN"):
            return value in self.values
        if self.operator in ("!=", "NOT IN"):
            return value not in self.values
        return self._ordered(value)

    def _ordered(self, value: str) -> bool:
        """An empty value is in no range."""
        if self.operator == "ANYTHING":
            return True
        if value == "":
            return False
        if self.operator == "BETWEEN":
            low, high = (self.values * 2)[:2]
            return _compare(self.field, ">=", value, low) and _compare(self.field, "<=", value, high)
        return _compare(self.field, self.operator, value, self.values[0])


Walk = Callable[[Condition], Condition | None]
"""turns a condition on a field of a referenced record into one on the reference, or gives None"""


@dataclass(frozen=True, slots=True)
class Order:
    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """`alternatives` (any) of groups (all) of conditions (any). `after` is the exclusive lower bound of sys_id, kept
    apart so that keyset paging costs no scan. `ignored` names what ServiceNow would pass over in silence."""

    alternatives: tuple[tuple[tuple[Condition, ...], ...], ...] = ()
    order: tuple[Order, ...] = ()
    after: str = ""
    ignored: tuple[str, ...] = ()

    def holds(self, row: Row) -> bool:
        return not self.alternatives or any(
            all(any(condition.holds(row) for condition in group) for group in groups) for groups in self.alternatives
        )


def parse(text: str, fields: Collection[str], resolve: Resolve = str, walk: Walk = lambda _: None) -> Query:
    """The query of an encoded string over a table with these fields. Never raises: see the module's docstring.

    `walk` is asked about conditions on fields that the table has not (`assignment_group.name=...`).
    """
    builder = _Builder(fields, resolve, walk)
    for part in re.split(r"(?<!\^)\^(?!\^)", text):
        builder.add(part.replace("^^", "^"))
    return builder.done()


class _Builder:
    def __init__(self, fields: Collection[str], resolve: Resolve, walk: Walk) -> None:
        self.fields, self.resolve, self.walk = fields, resolve, walk
        self.alternatives: list[list[list[Condition]]] = [[]]
        self.order: list[Order] = []
        self.ignored: list[str] = []

    def add(self, part: str) -> None:
        if part.startswith("ORDERBY"):
            self._sort(part.removeprefix("ORDERBY"))
        elif part.startswith("OR"):
            self._condition(part.removeprefix("OR"), joins=True)
        elif part.startswith("NQ"):
            self.alternatives.append([])
            self._condition(part.removeprefix("NQ"), joins=False)
        elif part not in ("", "EQ"):
            self._condition(part, joins=False)

    def _sort(self, name: str) -> None:
        descending = name.startswith("DESC")
        field = name.removeprefix("DESC")
        if field in self.fields:
            self.order.append(Order(field, descending))
        else:
            self.ignored.append(field)

    def _condition(self, part: str, *, joins: bool) -> None:
        condition = self._parsed(part)
        groups = self.alternatives[-1]
        if condition is None:
            self.ignored.append(part)
        elif joins and groups:
            groups[-1].append(condition)
        else:
            groups.append([condition])

    def _parsed(self, part: str) -> Condition | None:
        match = _CONDITION.fullmatch(part)
        if match is None:
            return None
        field, operator, raw = match[1], match[2], match[3]
        separator = {"IN": ",", "NOT IN": ",", "BETWEEN": "@"}.get(operator)
        values = _split(raw, separator) if separator else [raw]
        condition = Condition(field, operator, tuple(self.resolve(value) for value in values))
        return condition if field in self.fields else self.walk(condition)

    def done(self) -> Query:
        after = self._keyset()
        alternatives = tuple(tuple(tuple(g) for g in groups) for groups in self.alternatives if groups)
        if len(alternatives) < len(self.alternatives) and len(self.alternatives) > 1:
            alternatives = ()  # an alternative without a condition lets every row in
        return Query(alternatives, tuple(self.order), after, tuple(self.ignored))

    def _keyset(self) -> str:
        """Take `sys_id>X` out of the only alternative."""
        if len(self.alternatives) > 1:
            return ""
        keys = [g for g in self.alternatives[0] if len(g) == 1 and (g[0].field, g[0].operator) == ("sys_id", ">")]
        self.alternatives[0] = [group for group in self.alternatives[0] if group not in keys]
        return max((group[0].values[0] for group in keys), default="")


def _split(raw: str, separator: str) -> list[str]:
    """Cut at the separator, but not inside the parentheses of javascript:gs.dateGenerate('..','..')."""
    return [piece.strip() for piece in re.split(rf"{separator}(?![^(]*\))", raw)]


def _compare(field: str, operator: str, value: str, bound: str) -> bool:
    """Numbers as numbers, everything else (UTC date-times, keys) as text; a bare date means its midnight."""
    if field in _NUMERIC:
        try:
            return _ORDERINGS[operator](int(value), int(bound))
        except ValueError:
            return False
    return _ORDERINGS[operator](value, f"{bound} 00:00:00" if re.fullmatch(r"\d{4}-\d\d-\d\d", bound) else bound)
