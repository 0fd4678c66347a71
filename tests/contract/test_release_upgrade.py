"""From one release to the next and back: steps that fail, are killed, or run twice."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.support.release_host import STEPS, Fleet, copy, prepared, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return prepared(tmp_path_factory.mktemp("host"))


@pytest.fixture
def host(original: Fleet, tmp_path: Path) -> Iterator[Fleet]:
    yield from copy(original, tmp_path)


def test_an_upgrade_checks_backs_up_and_migrates_before_it_switches(host: Fleet) -> None:
    done = host.step("1.1.0")
    assert done.returncode == 0, done.stderr
    assert host.trace() == [
        "check 1.1.0 1.0.0",
        "backup 1.1.0 1.0.0",
        "migrate 1.1.0 1.0.0",
        "restart 1.1.0 1.1.0",
        "health 1.1.0 1.1.0",
    ]
    assert host.step("1.1.0").returncode == 0
    assert len(host.trace()) == 5  # a second run has nothing to do


@pytest.mark.parametrize("failing", ["check", "backup", "migrate"])
def test_a_step_that_fails_before_the_switch_stops_the_upgrade(failing: str, host: Fleet) -> None:
    host.let(f"fail-{failing}")
    done = host.step("1.1.0")
    assert (done.returncode, host.current) == (70, "1.0.0")
    assert host.trace()[-1].startswith(failing)
    assert f"The {failing} for 1.1.0 failed" in done.stderr
    assert "hunter2" not in done.stderr + (host.root / "log/install.log").read_text()


@pytest.mark.parametrize("failing", ["restart", "health"])
def test_a_release_that_is_not_healthy_is_rolled_back(failing: str, host: Fleet) -> None:
    host.let(f"fail-{failing}", only="1.1.0")
    done = host.step("1.1.0")
    assert (done.returncode, host.current) == (76, "1.0.0")
    assert "1.0.0 is current again and healthy" in done.stderr
    assert host.trace()[-2:] == ["restart 1.0.0 1.0.0", "health 1.0.0 1.0.0"]


class Portal(BaseHTTPRequestHandler):
    """Healthy for its own name alone, as the portal is."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Host"] == "portal.example.com" else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_health_is_asked_at_an_address_under_the_name_that_staff_use(host: Fleet) -> None:
    with HTTPServer(("127.0.0.1", 0), Portal) as portal:
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        asked = ["--health", f"http://127.0.0.1:{portal.server_port}/health", "--health-seconds", "0.5"]
        done = host.install(host.artifacts / "proforma-1.1.0.tar", *asked)
        assert (done.returncode, "answers 400" in done.stderr) == (76, True)
        done = host.install(host.artifacts / "proforma-1.1.0.tar", *asked, "--health-host", "portal.example.com")
        assert (done.returncode, host.current) == (0, "1.1.0"), done.stderr
        portal.shutdown()


def test_a_service_that_a_restart_leaves_behind_holds_up_neither_this_run_nor_the_next(host: Fleet) -> None:
    (host.scripts / "service").write_text("#!/bin/sh\nsleep 300 &\necho $! >> $(dirname $0)/service-pids\n")
    (host.scripts / "service").chmod(0o755)
    for version in ("1.1.0", "1.2.0"):
        done = host.install(host.artifacts / f"proforma-{version}.tar", "--restart", str(host.scripts / "service"))
        assert done.returncode == 0, done.stderr
    for pid in (host.scripts / "service-pids").read_text().split():
        os.kill(int(pid), signal.SIGKILL)


def test_when_neither_release_is_healthy_it_says_so(host: Fleet) -> None:
    host.let("fail-health")
    done = host.step("1.1.0")
    assert (done.returncode, host.current) == (76, "1.0.0")
    assert "not healthy either" in done.stderr


@pytest.mark.parametrize("where", STEPS)
def test_killed_at_any_step_the_old_release_stands_and_a_second_run_finishes(where: str, host: Fleet) -> None:
    host.let(f"block-{where}")
    process = subprocess.Popen(host.follow("1.1.0"), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    process.kill()
    process.wait()
    if where in ("check", "backup", "migrate"):
        assert host.current == "1.0.0"
        assert host.step("1.1.0").returncode == 75, "what the killed run started still holds the lock"
    else:
        assert host.run("verify-running", "--files-only").returncode == 78  # switched, but not proven
    host.end_blocked()
    done = host.step("1.1.0")
    assert (done.returncode, host.current) == (0, "1.1.0"), done.stderr
    assert host.run("verify-running", "--files-only").returncode == 0


@pytest.mark.parametrize("after", [0.1, 0.4, 0.8, 1.2])
def test_killed_while_it_unpacks_or_installs_nothing_is_seen_and_a_second_run_finishes(
    after: float, host: Fleet
) -> None:
    process = subprocess.Popen(host.follow("1.2.0"), stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(after)
    os.killpg(process.pid, signal.SIGKILL)  # as when the machine loses power
    process.wait()
    assert host.current == "1.0.0"
    done = host.step("1.2.0")
    assert (done.returncode, host.current) == (0, "1.2.0"), done.stderr
    assert not list(host.root.glob(".staging*"))


def test_asked_to_end_between_switch_and_proof_it_goes_back(host: Fleet) -> None:
    host.let("block-health")
    process = subprocess.Popen(host.follow("1.1.0"), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    process.terminate()
    assert (process.wait(30), host.current) == (76, "1.0.0")


def test_two_runs_at_once_are_one_after_the_other(host: Fleet) -> None:
    host.let("block-check")
    first = subprocess.Popen(host.follow("1.1.0"), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    assert host.step("1.1.0").returncode == 75
    waiting = host.follow("1.1.0")
    waiting[waiting.index("follow") : waiting.index("follow")] = ["--wait", "30"]
    second = subprocess.Popen(waiting, stderr=subprocess.DEVNULL)
    host.end_blocked()  # the first one's check has failed
    assert (first.wait(30), second.wait(30), host.current) == (70, 0, "1.1.0")


def test_rollback_goes_to_the_release_before_without_a_migration(host: Fleet) -> None:
    assert host.step("1.1.0").returncode == 0
    done = host.run("rollback", *host.hooks("check", "restart", "health"))
    assert (done.returncode, host.current) == (0, "1.0.0"), done.stderr
    assert host.trace()[5:] == ["check 1.0.0 1.1.0", "restart 1.0.0 1.0.0", "health 1.0.0 1.0.0"]


def test_each_rollback_goes_one_further_back_and_never_forward_to_what_was_found_wanting(host: Fleet) -> None:
    for version in ("1.1.0", "1.2.0"):
        assert host.step(version).returncode == 0
    for expected in ("1.1.0", "1.0.0"):
        assert host.run("rollback").returncode == 0
        assert host.current == expected
    done = host.run("rollback")
    assert (done.returncode, host.current) == (66, "1.0.0")
    assert "no release before this one" in done.stderr
    assert host.step("1.2.0").returncode == 0
    assert host.run("rollback").returncode == 0
    assert host.current == "1.0.0", "1.1.0 was left behind: what ran before 1.2.0 this time was 1.0.0"


def test_a_run_that_waited_follows_the_pointer_as_it_is_then(host: Fleet) -> None:
    """At boot the pointer of before may be followed still when a rollout moves it."""
    host.let("block-check")
    first = subprocess.Popen(host.follow("1.1.0"), stderr=subprocess.DEVNULL)
    wait_for(host.scripts / "blocked")
    waiting = host.follow("1.1.0")
    waiting[waiting.index("follow") : waiting.index("follow")] = ["--wait", "30"]
    second = subprocess.Popen(waiting, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    host.follow("1.2.0")  # writes the pointer
    host.end_blocked()
    assert (first.wait(30), second.wait(30), host.current) == (70, 0, "1.2.0")


def test_a_step_that_takes_too_long_is_asked_to_end_so_that_it_can_stop_what_it_began(host: Fleet) -> None:
    slow = host.scripts / "slow"
    slow.write_text("#!/bin/sh\ntrap 'echo stopped >$(dirname $0)/told; exit 1' TERM\nsleep 60 & wait $!\n")
    slow.chmod(0o755)
    given = ["--migrate", str(slow), "--hook-seconds", "0.5"]
    done = host.install(host.artifacts / "proforma-1.1.0.tar", *given)
    assert (done.returncode, host.current) == (70, "1.0.0")
    assert "it took longer than 0.5 s and was stopped" in done.stderr
    assert (host.scripts / "told").read_text() == "stopped\n"


def test_a_pointer_that_is_moved_back_is_followed_back(host: Fleet) -> None:
    assert host.step("1.1.0").returncode == 0
    assert host.step("1.0.0").returncode == 0
    assert host.current == "1.0.0"
    assert [line.split()[0] for line in host.trace()[5:]] == ["check", "restart", "health"]


@pytest.mark.parametrize("text", ["", "latest", "../1.1.0", "1.1.0\n1.0.0"])
def test_a_pointer_that_names_no_version_moves_nothing(text: str, host: Fleet) -> None:
    assert host.step(text).returncode == 64
    assert host.current == "1.0.0"
