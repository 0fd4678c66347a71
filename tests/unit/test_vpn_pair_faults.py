"""Two machines on one wire, and what breaks: nobody shares the address for long, nobody keeps what it cannot serve."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.vpn_failover.decide import Move, Rules
from strongswan.pair.machine import Order
from strongswan.pair.restart import ANSWERS_WITHIN
from strongswan.pair.senses import RESTARTS
from tests.support.vpn.two_hosts import RULES, STOPS_WITHIN, Site, Two, machine


@pytest.fixture
def two() -> Two:
    made = Two()
    made.run(60)
    assert made.active() == ["a"]
    return made


def test_an_active_whose_inner_link_fails_leaves_the_address_to_the_one_who_took_it(two: Two) -> None:
    two.a.inner = False
    assert set(two.run(4)) == {"a drops", "b takes"}
    assert two.active() == ["b"]
    assert two.shared == 0.0, "it claims nothing from the moment in which the other may have taken over"
    assert two.run(900) == []


def test_it_comes_back_as_standby_and_can_take_over_again(two: Two) -> None:
    two.a.inner = False
    two.run(60)
    two.a.inner = True
    assert (two.run(600), two.active()) == ([], ["b"])
    two.off(two.b)
    assert two.run(5) == ["a takes"]


def test_a_link_that_flaps_moves_the_address_once(two: Two) -> None:
    for _ in range(30):
        two.a.inner = False
        two.run(7)
        two.a.inner = True
        two.run(7)
    assert [f"{name} {order.value}s" for at, name, order in two.moved if at > 60] == ["b takes", "a drops"]
    assert two.active() == ["b"]


def test_the_last_host_is_active_again_whenever_its_link_is_and_no_rule_about_moves_keeps_it_away(two: Two) -> None:
    two.off(two.b)
    two.run(10)
    for _ in range(10):
        two.a.inner = False
        two.run(20)
        two.a.inner = True
        assert (two.run(4), two.active()) == (["a takes"], ["a"])
    assert two.a.machine.moves == ()


def test_when_all_links_of_both_fail_one_is_active_soon_after_they_are_back(two: Two) -> None:
    for one in (two.a, two.b):
        one.wan = one.inner = False
    assert two.run(60) == ["a drops"]
    for one in (two.a, two.b):
        one.wan = one.inner = True
    two.run(6)
    assert len(two.active()) == 1
    assert two.shared == 0.0
    assert two.run(600) == []


def test_so_it_is_when_the_preferred_one_was_the_standby_and_may_move_no_more(two: Two) -> None:
    two.off(two.a)
    two.run(10)
    two.on(two.a)
    two.run(60)
    two.a.machine.moves = tuple(Move(two.now - ago, by_silence=True) for ago in (60, 120, 180))
    for one in (two.a, two.b):
        one.wan = one.inner = False
    two.run(60)
    for one in (two.a, two.b):
        one.wan = one.inner = True
    assert (two.run(6), two.active()) == (["b takes"], ["b"])


def test_a_router_that_is_silent_for_both_ends_no_reign_not_even_when_the_other_host_is_off_then(two: Two) -> None:
    two.a.router = two.b.router = False
    assert two.run(600) == []
    two.off(two.b)
    assert two.run(600) == []
    two.on(two.b)
    assert (two.run(600), two.active()) == ([], ["a"])


def test_a_host_that_has_been_alone_for_long_does_not_leave_for_a_router_that_restarts(two: Two) -> None:
    two.off(two.b)
    two.run(60)
    two.a.router = False
    assert two.run(300) == []


def test_an_active_that_loses_peer_and_witness_at_once_is_cut_off_though_its_links_have_a_carrier() -> None:
    two = Two()
    two.run(60)
    two.a.router = two.a.forwards = False
    assert two.run(8) == ["b takes", "a drops"]
    assert two.a.machine.reason == "The witness is silent, and the other host is not heard: this one is cut off."


def test_a_burst_of_lost_packets_ends_no_tunnels(two: Two) -> None:
    two.off(two.b)
    two.a.router = False
    two.run(4)
    two.a.router = True
    assert two.run(60) == []


def test_the_reign_goes_on_where_nobody_took_it_and_ends_where_somebody_did_unheard(two: Two) -> None:
    two.a.inner = False
    two.run(10)
    two.a.inner, two.a.forwards = True, False
    two.run(10)
    assert two.active() == ["a", "b"]
    assert two.a.machine.epoch < two.b.machine.epoch, "so that the preferred one is not preferred"
    two.a.forwards = True
    assert (two.run(1), two.active()) == (["a drops"], ["b"])


@pytest.mark.parametrize("down", ["router", "inner"])
def test_what_an_operator_forces_stays_whatever_is_down(two: Two, down: str) -> None:
    two.off(two.a)
    setattr(two.b, down, False)
    two.run(1)
    two.b.machine.force(two.now)
    assert (two.run(600), two.active()) == ([], ["b"])


def test_a_standby_whose_link_comes_back_listens_before_it_believes_in_silence(two: Two) -> None:
    two.b.inner = False
    two.run(60)
    two.b.inner, two.b.forwards = True, False
    two.run(1.5)
    two.b.forwards = True
    assert two.run(60) == []
    assert two.moved[-1][0] < 60


def test_where_an_api_moves_the_address_nobody_leaves_by_himself_or_is_unready_for_its_silence() -> None:
    two = Two(Site(machine("a", third_party=True)), Site(machine("b", third_party=True)))
    two.run(60)
    two.a.router = False
    assert two.run(60) == []
    two.off(two.b)
    two.a.inner = False
    assert two.run(60) == []


@pytest.mark.parametrize("broken", ["wan", "router"])
def test_an_active_without_a_way_to_the_internet_is_replaced_in_seconds_also_where_no_tunnel_is_expected(
    two: Two, broken: str
) -> None:
    setattr(two.a, broken, False)
    assert two.run(RULES.unready + 1.5) == ["b takes", "a drops"]
    setattr(two.a, broken, True)
    assert (two.run(900), two.active()) == ([], ["b"])
    assert [move.by_silence for move in two.b.machine.moves] == [True]


def test_a_link_that_is_plugged_in_again_moves_nothing(two: Two) -> None:
    for _ in range(20):
        two.a.wan = False
        assert two.run(4) == []
        two.a.wan = True
        assert two.run(4) == []


def test_nothing_moves_to_a_standby_that_is_no_better(two: Two) -> None:
    two.a.wan = two.b.wan = False
    assert two.run(600) == []
    two.b.wan = True
    assert two.run(4) == ["b takes", "a drops"]


def test_a_standby_that_comes_while_the_active_is_lame_takes_over(two: Two) -> None:
    two.off(two.b)
    two.run(10)
    two.a.router = False
    two.run(60)
    two.on(two.b)
    assert two.run(15) == ["b takes", "a drops"]


def test_a_planned_restart_of_charon_moves_nothing_and_one_that_never_ends_does(two: Two) -> None:
    assert ANSWERS_WITHIN + STOPS_WITHIN <= RESTARTS
    assert RESTARTS + RULES.unready < RULES.tunnels_lost
    for seconds in (1.5, ANSWERS_WITHIN, STOPS_WITHIN + ANSWERS_WITHIN):
        two.a.charon = False
        assert two.run(seconds) == []
        two.a.charon = True
        assert two.run(5) == []
    two.a.charon = False
    assert two.run(RESTARTS + RULES.unready + 1.5) == ["b takes", "a drops"]


def test_hosts_that_fail_in_turn_move_it_as_often_as_is_allowed_and_no_more(two: Two) -> None:
    for _ in range(40):
        (active,) = two.active()
        two.a.wan, two.b.wan = active != "a", active != "b"
        two.run(60)
    taken = [at for at, _, order in two.moved if order is Order.TAKE and at > 60]
    assert len(taken) == RULES.most_moves
    assert all(later - earlier >= RULES.settle for earlier, later in pairwise(taken))


stretches = st.lists(st.tuples(st.integers(1, 30), st.lists(st.booleans(), min_size=8, max_size=8)), max_size=6)


@settings(max_examples=40, deadline=None)
@given(stretches)
def test_whatever_broke_once_all_is_well_again_one_is_active_and_stays_so(world: list[tuple[int, list[bool]]]) -> None:
    """At the latest when the time is over in which moves are counted."""
    short = Rules(in_period=90.0)
    two = Two(Site(machine("a", rules=short)), Site(machine("b", rules=short)))
    two.run(10)
    for seconds, well in [*world, (120, [True] * 8)]:
        for one, (on, wan, inner, charon) in ((two.a, well[:4]), (two.b, well[4:])):
            if on and not one.on:
                two.on(one)
            one.on, one.wan, one.inner, one.charon = on, wan, inner, charon
        two.run(seconds)
    assert len(two.active()) == 1
    assert two.run(60) == []
