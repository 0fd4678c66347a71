"""Who is active: pure values, an hour in a moment. What the daemon does with an order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from lambdas.vpn_failover.decide import Move, Rules
from strongswan.pair.daemon import Daemon
from strongswan.pair.machine import Machine, Order, Role
from strongswan.pair.senses import Own
from strongswan.pair.settings import Settings
from strongswan.pair.wire import Beat
from tests.support.vpn.two_hosts import beat

KEY = b"k" * 32
WELL = Own(answers=True, installed=2, witness=True)
ALONE = Own(answers=True, installed=0, witness=False)
CUT = Own(answers=True, installed=0, witness=False, links=False)


def machine(name: str = "b", **changes: object) -> Machine:
    values: dict[str, object] = {"preferred": name == "a", "configuration": "c", "tunnels": 2, "rules": Rules()}
    return Machine(name=name, started=0.0, **{**values, **changes})  # type: ignore[arg-type]


def run(one: Machine, start: float, end: float, own: Own = WELL, hears: Beat | None = None) -> list[Order]:
    """Steps of a tenth of a second; a beat with every fifth. Orders other than NOTHING."""
    given = []
    for tenth in range(round(start * 10), round(end * 10)):
        now = tenth / 10
        if hears is not None and tenth % 5 == 0:
            one.hear(hears, now)
        given.append(one.step(now, own))
    return [order for order in given if order is not Order.NOTHING]


def test_nobody_is_active_before_it_has_listened() -> None:
    one = machine("a")
    assert run(one, 0, 2.9) == []
    assert run(one, 2.9, 4) == [Order.TAKE]
    assert (one.role, one.epoch, one.moves) == (Role.ACTIVE, 1, ())


def test_when_neither_is_active_the_preferred_begins_unless_it_is_not_ready() -> None:
    assert run(machine("b"), 0, 20, hears=beat(role="standby", epoch=0)) == []
    assert run(machine("b"), 0, 20, hears=beat(role="standby", epoch=0, ready=False)) == [Order.TAKE]
    other = beat(name="b", role="standby", epoch=0, preferred=False)
    assert run(machine("a"), 0, 20, hears=other) == [Order.TAKE]


def test_a_standby_takes_over_two_seconds_after_the_last_beat_and_says_so_to_the_record() -> None:
    one = machine()
    assert run(one, 0, 30, hears=beat()) == []
    assert run(one, 30, 31.4) == []
    assert run(one, 31.4, 32) == [Order.TAKE]
    assert (one.epoch, len(one.moves), one.moves == tuple(one.to_note)) == (2, 1, True)


def test_a_standby_that_is_cut_off_or_not_ready_takes_nothing() -> None:
    for own in (ALONE, Own(answers=False, installed=0, witness=True)):
        one = machine()
        run(one, 0, 30, hears=beat())
        assert run(one, 30, 60, own) == []


def test_a_standby_that_was_cut_off_hears_the_active_before_it_judges_its_silence() -> None:
    one = machine()
    assert run(one, 0, 10, hears=beat()) == []
    assert run(one, 10, 20, own=ALONE) == []
    assert run(one, 20, 21.5) == []
    assert run(one, 21.5, 60, hears=beat()) == []


def test_an_active_without_tunnels_is_replaced_once_and_not_back_again() -> None:
    one = machine()
    run(one, 0, 30, hears=beat())
    assert run(one, 30, 90, hears=beat(installed=0)) == [Order.TAKE]
    assert not one.by_silence


def test_of_two_actives_the_later_reign_stays_and_of_equals_the_preferred() -> None:
    cases = [(2, beat(name="b", epoch=3), True), (3, beat(name="b", epoch=2), False)]
    cases += [(2, beat(name="b", epoch=2, preferred=False), False)]
    for epoch, heard, yields in cases:
        one = machine("a")
        one.resume(epoch, 5.0, 0.0)
        assert run(one, 0.0, 1.0, hears=heard) == ([Order.DROP] if yields else [])


def test_what_one_releases_the_other_takes_at_once_and_it_does_not_count_as_a_move() -> None:
    one = machine()
    run(one, 0, 30, hears=beat())
    assert run(one, 30, 30.1, hears=beat(role="standby", released=True)) == [Order.TAKE]
    assert one.moves == ()


def test_a_planned_takeover_counts_on_neither_host() -> None:
    gives, takes = machine("a"), machine("b")
    run(gives, 0, 4)
    gives.release(5, "planned")
    run(takes, 0, 5, hears=beat())
    run(takes, 5, 5.3, hears=gives.beat(5, WELL))
    assert takes.role is Role.ACTIVE
    gives.hear(takes.beat(5.3, WELL), 5.3)
    assert gives.epoch == takes.epoch
    assert (gives.to_note, takes.to_note) == ([], [])


def test_a_host_that_released_does_not_take_it_back_for_a_while() -> None:
    one = machine("a")
    one.resume(1, 5.0, 0.0)
    assert one.release(1.0, "An operator released the address.") is Order.DROP
    assert one.beat(1.0, WELL).released
    assert run(one, 1, 30) == []
    assert run(one, 30, 60) == [Order.TAKE]


def test_an_operators_wish_is_heard_by_the_active_if_the_other_is_ready() -> None:
    for ready, orders in ((True, [Order.DROP]), (False, [])):
        one = machine("a")
        one.resume(1, 5.0, 0.0)
        heard = beat(name="b", role="standby", preferred=False, wanted=True, ready=ready)
        assert run(one, 0, 0.1, hears=heard) == orders


def test_orders_that_would_leave_nobody_active_are_refused_with_the_remedy() -> None:
    one = machine("a")
    assert "not heard" in one.want(0.0)
    assert "not the active" in one.may_release(0.0)
    one.resume(1, 5.0, 0.0)
    assert "--force" in one.may_release(1.0)


def test_moves_of_the_other_count_so_that_both_together_do_not_flap() -> None:
    one = machine(moves=(Move(1.0, True),))
    run(one, 0, 10, hears=beat(epoch=1))
    run(one, 10, 20, hears=beat(epoch=2, active_for=0.5))
    assert len(one.moves) == 2
    assert run(one, 20, 29) == [], "within 20 s of the last"
    assert run(one, 29, 40) == [Order.TAKE]
    one.hear(beat(epoch=9), 41.0)
    assert run(one, 41, 41.2) == [Order.DROP]
    assert run(one, 41.2, 900) == [], "three moves within an hour: a person has to look"


class SlowDriver:
    """As in EC2: what takes the address waits for `door`, then fails."""

    def __init__(self, *, decides: bool) -> None:
        self.decides, self.door, self.calls = decides, threading.Event(), list[str]()
        self.recorded: tuple[Move, ...] = ()
        self.here = False

    def take(self) -> None:
        self.calls.append("take")
        self.door.wait(10)
        raise OSError("no answer")

    def drop(self) -> None:
        self.calls.append("drop")

    def announce(self) -> None:
        self.calls.append("announce")

    def holds(self) -> bool:
        return self.here

    def moves(self) -> tuple[Move, ...]:
        return self.recorded

    def note(self, made: Move) -> None:
        self.recorded = (*self.recorded, made)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    values = {"name": "a", "preferred": True, "configuration": "c", "address": "127.0.0.1", "port": 0, "socket": ""}
    values |= {"heartbeat_lost": 2.0, "most_moves": 3, "state_file": str(tmp_path / "state.json"), "peer": "127.0.0.1"}
    made = Daemon(Settings(values, (), (KEY,), tmp_path / "kept"), SlowDriver(decides=False))  # type: ignore[arg-type]
    yield made
    made.heart.close()
    made.control.close()


def test_a_take_that_fails_slowly_is_repaired_once_at_a_time_and_not_when_the_role_is_another(daemon: Daemon) -> None:
    driver = cast("SlowDriver", daemon.driver)
    now = daemon.machine.started
    daemon.machine.resume(1, 60.0, now)
    for seconds in range(0, 20, 2):
        daemon._repair(now + seconds)
    daemon.work.submit(daemon._do, Order.TAKE)
    daemon.machine.drop(now + 20, "The other's reign is the later one.")
    daemon.work.submit(daemon._do, Order.DROP)
    driver.door.set()
    daemon.work.shutdown(wait=True)
    assert driver.calls in (["take", "drop"], ["drop"]), "no take after the role was given up"


def test_an_active_that_is_cut_off_tells_its_neighbours_nothing(daemon: Daemon) -> None:
    driver = cast("SlowDriver", daemon.driver)
    driver.here, now = True, daemon.machine.started
    daemon.machine.resume(1, 60.0, now)
    for own, peer_heard, told in ((WELL, False, 1), (ALONE, True, 2), (ALONE, False, 2), (CUT, True, 2)):
        now += 10.0
        daemon.own = own
        if peer_heard:
            daemon.machine.hear(beat(name="b", role="standby"), now)
        daemon._repair(now)
        assert daemon.mending is not None
        daemon.mending.result(10)
        assert driver.calls == ["announce"] * told, own
    daemon.work.shutdown(wait=True)


def test_a_move_that_is_not_recorded_yet_is_not_forgotten_and_none_counts_twice(daemon: Daemon) -> None:
    driver = cast("SlowDriver", daemon.driver)
    driver.decides = True
    now = time.monotonic()
    made = Move(now - 1.0, by_silence=True)
    daemon.machine.to_note.append(made)
    driver.recorded = (Move(time.time() - 600.0, by_silence=True),)
    daemon._learn()
    assert [round(now - one.at) for one in daemon.machine.moves] == [600, 1]
    driver.recorded = (*driver.recorded, Move(time.time() - 1.0, by_silence=True))
    daemon._learn()
    assert len(daemon.machine.moves) == 2


def test_a_move_that_both_hosts_know_of_is_recorded_once(daemon: Daemon) -> None:
    driver = cast("SlowDriver", daemon.driver)
    driver.recorded = (Move(time.time() - 300.0, by_silence=True),)  # by the other one, which made it
    now = time.monotonic()
    daemon.machine.to_note = [Move(now - 301.0, by_silence=True), Move(now, by_silence=True)]
    daemon._note()
    assert [round(time.time() - one.at) for one in driver.recorded] == [300, 0]
