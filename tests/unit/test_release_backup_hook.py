"""The hook before a migration: a backup that was begun earlier is none."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import pytest

HOOK = Path(__file__).resolve().parents[2] / "ansible/roles/release/templates/hooks/backup.j2"
LATER, EARLIER = timedelta(hours=1), timedelta(hours=-1)


def played(folder: Path, runs: list[timedelta]) -> tuple[int, int]:
    """(exit code, number of starts); the n-th start ends with a good backup begun then, seen from now."""
    names = [f"{datetime.now(UTC) + one:%Y%m%dT%H%M%SZ}" for one in runs]
    (folder / "names").write_text("".join(f"{name}\n" for name in names))
    (folder / "starts").touch()
    start = f"echo x >> {folder}/starts # proforma-backup.service"
    text = jinja2.Template(HOOK.read_text()).render(ansible_managed="", release_backup_command=start)
    program = folder / "program"
    program.write_text(
        f'#!/bin/sh\nname=$(sed -n "$(wc -l < {folder}/starts)p" {folder}/names)\n'
        'echo "{\\"last_run\\": {\\"ok\\": true}, \\"last_good\\": {\\"name\\": \\"$name\\", \\"bytes\\": 1}}"\n'
    )
    program.chmod(0o755)
    text = text.replace("/usr/local/sbin/proforma-backup", str(program))
    done = subprocess.run(["sh", "-c", text], check=False, capture_output=True, timeout=30)
    return done.returncode, len((folder / "starts").read_text().split())


@pytest.mark.parametrize(
    ("runs", "expected"), [([LATER], (0, 1)), ([EARLIER, LATER], (0, 2)), ([EARLIER, EARLIER], (1, 2))]
)
def test_a_backup_begun_before_the_upgrade_is_followed_by_another(
    tmp_path: Path, runs: list[timedelta], expected: tuple[int, int]
) -> None:
    assert played(tmp_path, runs) == expected
