"""Both hosts of a pair over an hour in which they lose power in turn: what each remembers, and what it then does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lambdas.vpn_failover.decide import Move, Rules
from strongswan.pair.machine import Kept, Machine, Order, Role
from strongswan.pair.senses import Own
from strongswan.pair.settings import remember, remembered

WELL = Own(answers=True, installed=2, witness=True)


@dataclass
class Pair:
    """`a` is the preferred. A host that is off says nothing; what it kept is there when it is on again."""

    now: float = 0.0
    on: dict[str, Machine] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)
    taken: list[tuple[str, float]] = field(default_factory=list)

    def boot(self, name: str) -> None:
        kept = self.kept.get(name, Kept())
        self.on[name] = Machine(
            name=name,
            preferred=name == "a",
            configuration="c",
            tunnels=2,
            rules=Rules(),
            started=self.now,
            moves=kept.moves,
            epoch=kept.epoch,
            reigned=kept.active,
        )

    def off(self, name: str) -> None:
        del self.on[name]

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.now = round(self.now + 0.1, 1)
            if round(self.now * 10) % 5 == 0:
                said = {name: one.beat(self.now, WELL) for name, one in self.on.items()}
                for name, one in self.on.items():
                    for other in said.keys() - {name}:
                        one.hear(said[other], self.now)
            for name, one in self.on.items():
                self.obey(name, one.step(self.now, WELL))

    def obey(self, name: str, order: Order) -> None:
        """As the daemon does: what is kept is written with every order."""
        if order is not Order.NOTHING:
            self.kept[name] = self.on[name].kept(self.now)
        if order is Order.TAKE:
            self.taken.append((name, self.now))

    def active(self) -> list[str]:
        return [name for name, one in self.on.items() if one.role is Role.ACTIVE]


@pytest.fixture
def pair() -> Pair:
    made = Pair()
    for name in "ab":
        made.boot(name)
    made.run(30)
    assert [name for name, _ in made.taken] == ["a"]
    made.taken.clear()
    return made


def replaced(pair: Pair, lost: str, *, back_after: float = 8.0) -> None:
    """It loses power, the other takes over, it comes back as standby."""
    (other,) = pair.on.keys() - {lost}
    pair.off(lost)
    pair.run(back_after)
    pair.boot(lost)
    pair.run(5)
    assert pair.active() == [other]


def test_the_first_takes_over_again_when_the_second_is_lost_later(pair: Pair) -> None:
    replaced(pair, "a")
    pair.run(30)
    lost_at = pair.now
    replaced(pair, "b")
    assert [name for name, _ in pair.taken] == ["b", "a"]
    assert pair.taken[1][1] - lost_at < 2.5
    assert [len(one.moves) for one in pair.on.values()] == [2, 2], "each knows what happened while it was off"


def test_who_was_off_when_the_other_took_over_waits_as_long_as_anybody_after_a_move(pair: Pair) -> None:
    replaced(pair, "a")
    pair.off("b")
    pair.run(60)
    (_, first), (name, second) = pair.taken
    assert name == "a"
    assert second - first == pytest.approx(Rules().settle, abs=0.2)


def test_the_fourth_takeover_within_an_hour_waits_for_a_person_whoever_was_off_meanwhile(pair: Pair) -> None:
    for lost in "aba":
        replaced(pair, lost)
        pair.run(60)
    pair.off("b")
    pair.run(900)
    assert (len(pair.taken), pair.active()) == (3, [])


def test_a_host_that_comes_back_and_was_the_last_active_goes_on_although_the_other_is_held_back(pair: Pair) -> None:
    for lost in "aba":
        replaced(pair, lost)
        pair.run(60)
    pair.off("b")
    pair.run(60)
    pair.boot("b")
    pair.run(10)
    assert pair.active() == ["b"]
    assert len(pair.on["b"].moves) == 3, "nothing moved"
    assert pair.on["a"].epoch == pair.on["b"].epoch


def test_a_host_that_is_the_only_one_is_not_held_back_when_it_comes_back(pair: Pair) -> None:
    for lost in "aba":
        replaced(pair, lost)
        pair.run(60)
    pair.off("a")
    pair.off("b")
    pair.boot("b")
    pair.run(10)
    assert pair.active() == ["b"]


def test_one_whose_place_was_taken_meanwhile_does_not_go_on(pair: Pair) -> None:
    pair.off("a")
    pair.run(8)
    pair.off("b")  # both had been the active when they lost power; b later
    for name in "ab":
        pair.boot(name)
    pair.run(20)
    assert len(pair.active()) == 1
    replaced(pair, pair.active()[0])


def test_what_a_person_forces_is_a_new_reign_also_where_one_could_go_on(pair: Pair) -> None:
    pair.off("a")
    pair.boot("a")
    before = pair.on["a"].epoch
    assert pair.on["a"].reigned
    pair.obey("a", pair.on["a"].force(pair.now))
    assert pair.on["a"].epoch == before + 1


def test_what_people_order_counts_for_neither_host_also_after_a_reboot(pair: Pair) -> None:
    pair.obey("a", pair.on["a"].release(pair.now, "planned"))
    pair.run(10)
    pair.off("a")
    pair.run(5)
    pair.boot("a")
    pair.run(30)
    assert pair.active() == ["b"]
    assert [len(one.moves) for one in pair.on.values()] == [0, 0]
    pair.obey("b", pair.on["b"].release(pair.now, "it is told to stop"))
    while pair.active() != ["a"]:
        pair.run(0.1)
    pair.off("b")  # before it hears who follows
    pair.run(10)
    pair.boot("b")
    pair.run(30)
    assert [len(one.moves) for one in pair.on.values()] == [0, 0]


def test_what_is_kept_survives_and_nonsense_is_as_if_nothing_were_kept(tmp_path: Path) -> None:
    file = tmp_path / "moves.json"
    remember(file, Kept((Move(-50.0, by_silence=True),), 7, active=True))
    found = remembered(file)
    assert (found.epoch, found.active, [round(one.at) for one in found.moves]) == (7, True, [-50])
    for text in ("", "[]", '{"moves": [{"at": "x"}]}', '{"epoch": "x", "moves": []}'):
        file.write_text(text)
        assert remembered(file) == Kept()
    file.write_text('{"epoch": 3, "moves": []}')  # of a release before
    assert remembered(file) == Kept((), 3, active=False)
