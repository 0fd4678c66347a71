"""The supervisor's family of processes, with real processes that misbehave."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.processes import ChildEndedError, Family

TROUBLED = """
import sys
from pathlib import Path
from scripts.processes import ChildEndedError, Family, end_adopted
family = Family(Path(sys.argv[1]), {{"PATH": "/usr/bin:/bin"}}, Path(sys.argv[1]))
{body}
family.close()
end_adopted()
"""
GRANDCHILD = "(trap '' TERM; exec -a {mark} sleep 300) & echo started; wait"


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path)


def marked(mark: str) -> list[str]:
    """Command lines of the processes that carry a mark."""
    lines = [p.read_bytes().replace(b"\0", b" ").decode() for p in Path("/proc").glob("[0-9]*/cmdline") if p.exists()]
    return [line for line in lines if line.startswith(mark)]


def test_a_command_gives_its_exit_code(family: Family) -> None:
    assert family.run(["sh", "-c", "exit 7"]) == 7


def test_a_child_that_ends_stops_the_command_and_its_log_is_shown(family: Family) -> None:
    family.start("worker", ["sh", "-c", "echo out of memory; sleep 0.2; exit 3"])
    begun = time.monotonic()
    with pytest.raises(ChildEndedError, match=r"worker has ended \(exit code 3\)[\s\S]*out of memory"):
        family.run(["sleep", "60"])
    assert time.monotonic() - begun < 20
    family.close()


def test_children_end_in_the_opposite_order_of_their_start(family: Family, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name in ("first", "second"):
        family.start(name, ["sh", "-c", f"trap 'echo {name} >> {order}; exit' TERM; while :; do sleep 0.05; done"])
    time.sleep(0.3)
    family.close()
    assert order.read_text().split() == ["second", "first"]


@pytest.mark.slow
def test_a_grandchild_that_ignores_every_request_is_ended_too(tmp_path: Path) -> None:
    mark = f"stubborn-{tmp_path.name}"
    body = f"family.start('parent', ['bash', '-c', {GRANDCHILD.format(mark=mark)!r}])\nimport time; time.sleep(0.5)"
    subprocess.run([sys.executable, "-c", TROUBLED.format(body=body), str(tmp_path)], check=True, timeout=60)
    assert marked(mark) == []


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    mark = f"orphan-{tmp_path.name}"
    body = f"family.start('child', ['bash', '-c', 'exec -a {mark} sleep 300'])\nprint('up', flush=True)\ninput()"
    command = [sys.executable, "-c", TROUBLED.format(body=body), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "up\n"
        time.sleep(0.3)
        assert marked(mark)
        supervisor.kill()
    until = time.monotonic() + 10
    while marked(mark) and time.monotonic() < until:
        time.sleep(0.05)
    assert marked(mark) == []
