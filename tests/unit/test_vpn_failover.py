"""The decision to fail over: that it moves when it must, and that nothing makes it flap."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.vpn_failover import decide as module
from lambdas.vpn_failover.decide import Action, Move, Observation, Rules, decide

RULES = Rules()
WELL = Observation(
    now=1000.0,
    watching_since=0.0,
    heartbeat_at=999.5,
    installed_at=999.5,
    tunnels_expected=2,
    standby_ready=True,
    witness_reached=True,
)
GONE = replace(WELL, heartbeat_at=990.0, installed_at=990.0)
BARE = replace(WELL, installed_at=900.0)
LAME = replace(WELL, unready_since=995.0)

# quarters of a second are exact in binary, so that shifting a clock changes no difference
moments = st.integers(-4_000, 8_000).map(lambda n: n / 4)
seen = st.builds(
    Observation,
    now=moments,
    watching_since=moments,
    heartbeat_at=st.none() | moments,
    installed_at=st.none() | moments,
    tunnels_expected=st.integers(0, 3),
    standby_ready=st.booleans(),
    witness_reached=st.booleans(),
    cut_off_at=st.none() | moments,
    unready_since=st.none() | moments,
)
pasts = st.lists(st.builds(Move, at=moments, by_silence=st.booleans()), max_size=5).map(tuple)


def test_while_the_active_is_heard_and_its_tunnels_are_up_nothing_moves() -> None:
    assert decide(WELL).action is Action.STAY


def test_a_silent_active_is_replaced_at_once() -> None:
    decision = decide(GONE)
    assert (decision.action, decision.by_silence) == (Action.MOVE, True)
    assert decision.reason == "The active has not been heard for 10.0 s."


def test_an_active_without_tunnels_is_replaced_after_a_while() -> None:
    assert decide(replace(BARE, installed_at=960.0)).action is Action.STAY
    assert decide(BARE).action is Action.MOVE


def test_an_active_that_has_no_customer_is_not_replaced_for_missing_tunnels() -> None:
    assert decide(replace(BARE, tunnels_expected=0)).action is Action.STAY


def test_an_active_that_says_it_is_not_ready_is_replaced_in_seconds_whether_tunnels_are_expected_or_not() -> None:
    assert decide(replace(LAME, unready_since=995.25)).action is Action.STAY
    for tunnels in (0, 2):
        decision = decide(replace(LAME, tunnels_expected=tunnels))
        assert (decision.action, decision.by_silence) == (Action.MOVE, True)
        assert decision.reason == "The active has said for 5 s that it is not ready."


def test_it_is_not_replaced_by_one_that_is_not_ready_either_nor_on_what_was_said_before_the_observer_watched() -> None:
    assert decide(replace(LAME, standby_ready=False)).action is Action.HOLD
    assert decide(replace(LAME, watching_since=996.0)).action is Action.STAY


def test_who_is_not_told_whether_the_active_is_ready_moves_nothing_for_that() -> None:
    """As the Lambda."""
    assert (WELL.unready_since, decide(WELL).action) == (None, Action.STAY)


def test_moves_from_hosts_that_are_not_ready_are_held_back_as_those_from_hosts_that_are_gone() -> None:
    assert decide(LAME, (Move(990.0, by_silence=True),)).again_at == 1010.0
    decision = decide(LAME, tuple(Move(float(at), by_silence=True) for at in (100, 400, 700)))
    assert (decision.action, decision.again_at) == (Action.HOLD, 3700.0)


def test_an_observer_that_hears_nobody_does_not_take_its_own_isolation_for_the_others_death() -> None:
    decision = decide(replace(GONE, witness_reached=False))
    assert decision.action is Action.HOLD
    assert "cut off itself" in decision.reason


def test_an_observer_that_was_cut_off_listens_before_it_believes_in_silence() -> None:
    back = replace(GONE, cut_off_at=WELL.now - 0.25)
    decision = decide(back)
    assert (decision.action, decision.again_at) == (Action.HOLD, WELL.now - 0.25 + RULES.heartbeat_lost)
    assert decide(replace(back, now=decision.again_at)).action is Action.MOVE


def test_a_standby_that_is_not_ready_takes_nothing() -> None:
    assert decide(replace(GONE, standby_ready=False)).action is Action.HOLD
    assert decide(replace(BARE, standby_ready=False)).action is Action.HOLD


def test_an_observer_that_has_just_started_waits_before_it_believes_in_silence() -> None:
    fresh = replace(GONE, heartbeat_at=None, installed_at=None, watching_since=999.0)
    assert decide(fresh).action is Action.STAY
    assert decide(replace(fresh, now=1001.0)).action is Action.MOVE


def test_a_move_that_did_not_bring_the_tunnels_back_is_not_repeated() -> None:
    moved = (Move(at=WELL.now - 10_000, by_silence=False),)
    decision = decide(replace(BARE, watching_since=-20_000.0, installed_at=WELL.now - 10_100), moved)
    assert (decision.action, decision.again_at) == (Action.HOLD, math.inf)
    assert "the fault lies elsewhere" in decision.reason


def test_a_new_active_is_given_time_to_bring_its_tunnels_up() -> None:
    assert decide(BARE, (Move(at=990.0, by_silence=True),)).action is Action.STAY


def test_a_hold_says_when_it_ends() -> None:
    decision = decide(GONE, (Move(at=990.0, by_silence=True),))
    assert (decision.action, decision.again_at) == (Action.HOLD, 1010.0)


def test_after_too_many_moves_a_person_has_to_look() -> None:
    moves = tuple(Move(at=float(at), by_silence=True) for at in (100, 400, 700))
    decision = decide(GONE, moves)
    assert (decision.action, decision.again_at) == (Action.HOLD, 3700.0)
    assert "a person has to look" in decision.reason


@pytest.mark.parametrize("wrong", [math.nan, math.inf, 1000.25])
def test_a_time_that_cannot_be_moves_nothing(wrong: float) -> None:
    for field in ("heartbeat_at", "installed_at", "watching_since", "cut_off_at", "unready_since"):
        assert decide(replace(GONE, **{field: wrong})).action is Action.HOLD  # type: ignore[arg-type]
    assert decide(GONE, (Move(wrong, by_silence=True),)).action is Action.HOLD


@pytest.mark.parametrize(
    "changes", [{"settle": 0.0}, {"apart": math.inf}, {"most_moves": 0}, {"heartbeat_lost": -1.0}, {"unready": 0.0}]
)
def test_rules_that_would_not_hold_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Rules(**changes)  # type: ignore[arg-type]


@given(seen, pasts, moments)
def test_only_differences_of_time_count(observation: Observation, moves: tuple[Move, ...], shift: float) -> None:
    later = replace(
        observation,
        now=observation.now + shift,
        watching_since=observation.watching_since + shift,
        heartbeat_at=None if observation.heartbeat_at is None else observation.heartbeat_at + shift,
        installed_at=None if observation.installed_at is None else observation.installed_at + shift,
        cut_off_at=None if observation.cut_off_at is None else observation.cut_off_at + shift,
        unready_since=None if observation.unready_since is None else observation.unready_since + shift,
    )
    shifted = tuple(replace(move, at=move.at + shift) for move in moves)
    one, other = decide(observation, moves), decide(later, shifted)
    assert (one.action, one.reason, one.by_silence) == (other.action, other.reason, other.by_silence)


@given(seen, pasts)
def test_a_move_always_has_its_grounds(observation: Observation, moves: tuple[Move, ...]) -> None:
    decision = decide(observation, moves)
    if decision.action is not Action.MOVE:
        return
    assert observation.standby_ready
    assert all(observation.now - move.at >= RULES.settle for move in moves)
    assert sum(observation.now - move.at < RULES.in_period for move in moves) < RULES.most_moves
    if decision.by_silence:
        assert observation.witness_reached
        heard, lame = observation.heartbeat_at, observation.unready_since
        silent = heard is None or observation.now - heard >= RULES.heartbeat_lost
        assert silent or (lame is not None and observation.now - lame >= RULES.unready)
        alone = observation.cut_off_at
        assert alone is None or observation.now - alone >= RULES.heartbeat_lost
    else:
        assert observation.tunnels_expected
        assert all(observation.now - move.at >= RULES.apart for move in moves)


@given(seen, st.permutations([Move(-50.0, True), Move(-300.0, False), Move(-2000.0, True)]))
def test_the_order_in_which_moves_are_told_does_not_matter(observation: Observation, moves: list[Move]) -> None:
    assert decide(observation, tuple(moves)) == decide(observation, tuple(sorted(moves, key=lambda move: move.at)))


@dataclass(frozen=True)
class Stretch:
    """Some seconds of a world: which of the two hosts live, and whether customers answer."""

    seconds: int
    living: tuple[bool, bool]
    customers_answer: bool
    witness: bool


worlds = st.lists(
    st.builds(
        Stretch,
        seconds=st.integers(1, 400),
        living=st.tuples(st.booleans(), st.booleans()),
        customers_answer=st.booleans(),
        witness=st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def play(world: Sequence[Stretch]) -> list[Move]:
    """Both hosts watch each other, second by second; the one that is not active decides. Returns the moves."""
    now, active, moves = 0.0, 0, list[Move]()
    heard = installed = watching = 0.0
    for stretch in world:
        for _ in range(stretch.seconds):
            now += 1
            if stretch.living[active]:
                heard = now
                installed = now if stretch.customers_answer else installed
            ready = stretch.living[1 - active]
            observation = Observation(now, watching, heard, installed, 2, ready, stretch.witness)
            decision = decide(observation, tuple(moves))
            if decision.action is Action.MOVE:
                moves.append(Move(now, decision.by_silence))
                active, watching = 1 - active, now
    return moves


@given(worlds)
def test_no_world_makes_it_flap(world: list[Stretch]) -> None:
    times = [move.at for move in play(world)]
    assert all(later - earlier >= RULES.settle for earlier, later in pairwise(times))
    for begun in times:
        assert sum(begun <= at < begun + RULES.in_period for at in times) <= RULES.most_moves


@given(st.integers(1, 6))
def test_customers_who_are_all_down_cause_one_move_at_most(hours: int) -> None:
    assert len(play([Stretch(60, (True, True), True, True), Stretch(hours * 3600, (True, True), False, True)])) == 1


@given(st.integers(0, 300), st.integers(0, 1))
def test_an_active_that_dies_is_replaced_within_the_time_that_was_promised(before: int, survivor: int) -> None:
    living = (survivor == 0, survivor == 1)
    moves = play([Stretch(before + 1, (True, True), True, True), Stretch(30, living, True, True)])
    if survivor == 0:  # the active one
        assert moves == []
    else:
        assert [move.at for move in moves] == [before + 1 + RULES.heartbeat_lost]


def test_the_decision_imports_nothing_that_could_act() -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"__future__", "math", "dataclasses", "enum"}
