"""Faults that can be switched on while the sandbox runs: what real customers' systems do on a bad day."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

TARGETS = ("servicenow", "oauth", "sap", "sap_status", "acknowledgement")


class FaultError(ValueError):
    """The fault that was asked for makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It lasts for `count` requests of its target, or until it is taken away when count is 0."""

    on: str = "servicenow"
    """servicenow, oauth, sap, sap_status or acknowledgement"""
    count: int = 0
    skip: int = 0
    """let this many requests pass first"""
    latency_ms: int = 0
    status: int = 0
    """answer with this HTTP status"""
    too_many: int = 0
    """short for status 429 on this many requests"""
    retry_after: int = 1
    """seconds, sent with 429 and 503"""
    html: bool = False
    """200 with a sign-in page instead of JSON or XML"""
    empty: bool = False
    """200 with nothing in it, as some systems answer a wrong credential"""
    truncate: bool = False
    """half of the body, then the connection is closed"""
    wrong_totals: bool = False
    """X-Total-Count is 7 more than the rows that there are"""
    acl_short_pages: float = 0.0
    """this share of the rows is missing from the pages, but counted"""
    ignore_query: bool = False
    """every row of the table comes back"""
    after_store: bool = False
    """sap: `status`, `html`, `empty` and `truncate` strike after the IDoc was stored"""
    timeout_after_store: bool = False
    """sap: the IDoc is stored, and no answer comes for `hold_seconds`"""
    hold_seconds: float = 120.0
    outcome: str = ""
    """acknowledgement: parked, posted or rejected"""
    text: str = ""
    """acknowledgement: the STATXT"""
    duplicate: bool = False
    """acknowledgement: every one is sent twice"""
    wrong_number: bool = False
    """acknowledgement: for a number that was never sent"""
    hold: bool = False
    """acknowledgement: none is sent while this fault is on"""

    @classmethod
    def from_json(cls, data: Any) -> Fault:
        """Raises FaultError for an unknown key, a value of the wrong type, or an unknown target."""
        if not isinstance(data, Mapping):
            raise FaultError("A fault is a JSON object.")
        fault = cls(**{name: _typed(name, value) for name, value in data.items()})
        if fault.on not in TARGETS:
            raise FaultError(f'"on" is one of {", ".join(TARGETS)}.')
        if fault.too_many:
            return replace(fault, status=429, count=fault.too_many)
        return fault

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the default, and the target."""
        return {name: value for name, value in asdict(self).items() if name == "on" or value != _DEFAULTS[name]}

    def blocks(self) -> bool:
        """True when the request gets no real answer."""
        return bool(self.status or self.html or self.empty)


_DEFAULTS = {f.name: f.default for f in fields(Fault)}


def _typed(name: str, value: Any) -> Any:
    if name not in _DEFAULTS:
        raise FaultError(f'There is no fault "{name}". There are: {", ".join(sorted(_DEFAULTS))}.')
    kind = type(_DEFAULTS[name])
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise FaultError(f'"{name}" must be of type {kind.__name__}.')
    return value


class Faults:
    """The faults that are on now, in the order in which they were switched on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._active.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._active.clear()

    def active(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_json() for fault in self._active]

    def strike(self, target: str) -> Fault:
        """The first fault that is due for a request of this target (counted down by it), else one without effect."""
        with self._lock:
            for index, fault in enumerate(self._active):
                if fault.on != target:
                    continue
                if fault.skip:
                    self._active[index] = replace(fault, skip=fault.skip - 1)
                    continue
                self._count_down(index, fault)
                return fault
        return Fault(on=target)

    def peek(self, target: str) -> Fault:
        """As `strike`, but nothing is counted down."""
        with self._lock:
            return next((f for f in self._active if f.on == target), Fault(on=target))

    def _count_down(self, index: int, fault: Fault) -> None:
        if fault.count == 1:
            del self._active[index]
        elif fault.count > 1:
            self._active[index] = replace(fault, count=fault.count - 1)
