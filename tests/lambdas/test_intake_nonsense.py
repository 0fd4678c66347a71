"""Whatever stands in an event: an answer, a line, and nothing kept that was not signed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lambdas.conftest import Cloud, lines
from tests.lambdas.intake_support import clock, event, send

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
STATUSES = {202, 400, 401, 403, 405, 413, 415}
_SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def places(inner: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in an event."""
    pairs = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
    for name, value in pairs:
        yield (*path, name)
        yield from places(value, (*path, name))


def replaced(given: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = inner = copy.deepcopy(given)
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


@pytest.fixture
def acme(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    clock(monkeypatch)
    cloud.sender("acme", method="hmac")
    return cloud


@settings(max_examples=80, suppress_health_check=_SUPPRESSED)
@given(where=st.sampled_from(sorted(places(event("hmac")), key=str)), value=values)
def test_a_proxy_event_with_one_thing_replaced_is_answered(
    acme: Cloud, capsys: pytest.CaptureFixture[str], where: tuple[Any, ...], value: Any
) -> None:
    capsys.readouterr()  # of an example before
    status, _ = send(replaced(event("hmac"), where, value))
    assert status in STATUSES
    line, metric = lines(capsys.readouterr().out)
    assert (line["status"], metric["status"]) == (status, status)


@settings(max_examples=50, suppress_health_check=_SUPPRESSED)
@given(value=values)
def test_an_event_of_anything_is_answered(acme: Cloud, capsys: pytest.CaptureFixture[str], value: Any) -> None:
    capsys.readouterr()
    assert send(value)[0] == 400
    assert len(lines(capsys.readouterr().out)) == 2
