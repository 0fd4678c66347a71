"""The audit trail: every kind of tampering shows, and a crash while writing does not look like one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.pki_lib import audit
from scripts.pki_lib.audit import Head

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def trail(tmp_path: Path) -> tuple[Path, Head]:
    path = tmp_path / "audit.log"
    for number in range(4):
        head = audit.append(path, NOW, "mara@desk", "issue", serial=f"{number}")
    return path, head


def test_an_untouched_trail_has_no_faults(trail: tuple[Path, Head]) -> None:
    path, head = trail
    assert list(audit.faults(path, head)) == []
    assert [line["serial"] for line in audit.read(path)] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"mara", b"otto"), *lines[2:]], "Line 3 .* does not follow"),
        (lambda lines: [lines[0], *lines[2:]], "Line 2 .* does not follow"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "Line 1 .* does not follow"),
        (lambda lines: lines[:3], "has 3 lines, but the register remembers 4"),
        (lambda lines: [*lines[:3], lines[3].replace(b"mara", b"otto")], "Line 4 .* is not the one that the register"),
        (lambda _lines: [], "has 0 lines"),
    ],
)
def test_what_was_changed_removed_moved_or_cut_off_shows(trail: tuple[Path, Head], change: object, says: str) -> None:
    path, head = trail
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))  # type: ignore[operator]
    with pytest.raises(AssertionError, match=says):
        assert list(audit.faults(path, head)) == []


def test_a_line_that_a_crash_tore_stays_and_the_next_follows_from_it(trail: tuple[Path, Head]) -> None:
    path, head = trail
    with path.open("ab") as file:
        file.write(b'{"at": "2026-03-01T00:00:00+00:00", "by": "ma')
    after = audit.append(path, NOW, "mara@desk", "issue", serial="5")
    assert list(audit.faults(path, head)) == []
    assert list(audit.faults(path, after)) == []
    assert [line["serial"] for line in audit.read(path)] == ["0", "1", "2", "3", "5"]


def test_only_its_owner_can_read_the_trail(trail: tuple[Path, Head]) -> None:
    assert trail[0].stat().st_mode & 0o777 == 0o600
