"""What the rules tell: how each is now, and who is told of changes."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.rules.consumer import GRACE_US, LIVE_US
from bridge.rules.engine import Kind
from bridge.sinks.rule_board import RuleBoard, RuleChange
from tests.bridge.sinks.rig import ALARM, FAN, SECOND_US, START_US, alarm


class Listener:
    """A sink that notes what it is handed."""

    def __init__(self) -> None:
        self.changes: list[RuleChange] = []

    def hand(self, changes: Sequence[RuleChange]) -> None:
        self.changes += changes


class World:
    """A board with one listener, an hour after START_US at first."""

    def __init__(self) -> None:
        self.now_us = START_US
        self.board = RuleBoard(lambda: self.now_us)
        self.listener = Listener()
        self.board.add(self.listener)

    def is_active(self, name: str = "frost", kind: Kind = Kind.ALARM) -> bool:
        change = self.board.states().changes[kind, name]
        return change is not None and change.is_active


def test_a_change_is_handed_on_and_stands_as_the_rule_s_state() -> None:
    world = World()
    world.board.begin([ALARM, FAN])
    world.board.take([alarm(0)])
    (change,) = world.listener.changes
    assert (change.rule, change.kind, change.is_active, change.is_live) == (
        (Kind.ALARM, "frost"),
        "alarm begins",
        True,
        True,
    )
    assert change.key("garden") == f"garden/alarm begins/frost/{START_US}"
    assert world.board.states().changes == {(Kind.ALARM, "frost"): change, (Kind.SWITCH, "fan"): None}


def test_a_rule_of_any_node_is_active_until_it_is_over_for_all() -> None:
    world = World()
    world.board.begin([ALARM])
    world.board.take([alarm(0, node=7), alarm(1, node=8), alarm(2, node=7, has_begun=False)])
    assert world.is_active()
    world.board.take([alarm(3, node=8, has_begun=False)])
    assert not world.is_active()
    assert [change.is_active for change in world.listener.changes] == [True, True, True, False]
    assert world.listener.changes[0].key("garden") == f"garden/alarm begins/frost/7/{START_US}"


def test_rules_that_go_on_know_for_which_nodes_they_were_active() -> None:
    world = World()
    world.board.begin([ALARM], [alarm(2, node=8), alarm(1, node=7)], START_US + 5 * SECOND_US)
    change = world.board.states().changes[Kind.ALARM, "frost"]
    assert change is not None
    assert change.event.node == 8
    world.board.take([alarm(6, node=8, has_begun=False)])
    assert world.is_active()


def test_what_is_told_again_of_before_the_beginning_changes_no_state_but_is_handed_on() -> None:
    world = World()
    world.board.begin([ALARM], [], START_US + 5 * SECOND_US)
    world.board.take([alarm(1)])  # ended since, or of another text of the rule
    assert not world.is_active()
    (change,) = world.listener.changes
    assert not world.board.states().has_news(change)


def test_what_is_told_of_a_rule_that_is_no_more_makes_no_state() -> None:
    world = World()
    world.board.begin([FAN])
    world.board.take([alarm(1)])
    assert [*world.board.states().changes] == [(Kind.SWITCH, "fan")]
    assert len(world.listener.changes) == 1


def test_states_that_were_found_in_the_log_are_news_when_the_rules_have_come_up() -> None:
    world = World()
    world.board.begin([ALARM])
    world.now_us = START_US + LIVE_US + GRACE_US + SECOND_US
    world.board.take([alarm(0), alarm(2)])
    assert [change.is_live for change in world.listener.changes] == [False, True]
    before = world.board.generation
    world.board.note_present()
    world.board.note_present()
    assert world.board.generation == before + 1


def test_live_changes_alone_are_told_once() -> None:
    world = World()
    world.board.begin([ALARM])
    before = world.board.generation
    world.board.take([alarm(0)])
    world.board.note_present()
    assert world.board.generation == before


def test_who_has_gone_is_told_nothing() -> None:
    world = World()
    world.board.remove(world.listener)
    world.board.take([alarm(0)])
    assert world.listener.changes == []
