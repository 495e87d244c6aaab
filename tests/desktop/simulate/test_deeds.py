"""What is done to a simulated field is remembered, and what has an opposite can be taken back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.simulate.deeds import MAX_DEEDS, Deeds, last_to_undo
from desktop.simulate.words import deed_text
from protocol.simulator.faults import (
    Action,
    Cut,
    Freeze,
    Heal,
    Join,
    Kill,
    Leave,
    Merge,
    Partition,
    Reboot,
    Revive,
    SetLinkLoss,
    SetQuality,
    StepClock,
    Thaw,
)
from protocol.simulator.medium import Air, Quality
from protocol.simulator.simulation import Simulation
from protocol.simulator.topology import grid

NODES = range(1, 5)
node = st.sampled_from(NODES)
pair = st.permutations(NODES).map(lambda nodes: nodes[:2])
actions: st.SearchStrategy[Action] = st.one_of(
    *(st.builds(kind, node) for kind in (Kill, Revive, Join, Leave, Reboot, Freeze, Thaw)),
    st.builds(StepClock, node, st.integers(1, 1000)),
    pair.flatmap(lambda ends: st.builds(Cut, st.just(ends[0]), st.just(ends[1]), st.booleans())),
    pair.map(lambda ends: Heal(*ends)),
    st.builds(
        lambda ends, loss, one_way: SetLinkLoss(ends[0], ends[1], loss, one_way),
        *(pair, st.floats(0, 0.9), st.booleans()),
    ),
    st.sets(node, min_size=1, max_size=3).map(lambda group: Partition((frozenset(group),))),
    st.just(Merge()),
    st.builds(lambda loss: SetQuality(Quality(loss=loss)), st.floats(0, 1)),
)


@dataclass(frozen=True)
class State:
    """All of a field that deeds change, but for what nodes remember."""

    alive: frozenset[int]
    frozen: frozenset[int]
    cut: frozenset[tuple[int, int]]
    partition: Partition | None
    quality: Quality
    link_losses: tuple[float, ...]


# Of the link between 1 and 2 each way loses its own share; 3 does not hear 4.
AIR = Air(link_loss={(1, 2): 0.1, (2, 1): 0.3, (4, 3): 1.0})


def field() -> Simulation:
    simulation = Simulation(grid(2, 2, 10, None), seed=1, air=AIR)
    simulation.advance_to(10_000)
    return simulation


def state(simulation: Simulation) -> State:
    losses = tuple(simulation.link_loss(a, b) for a in NODES for b in NODES)
    return State(
        simulation.alive, simulation.frozen, simulation.cut, simulation.partition, simulation.quality, losses
    )


@given(st.lists(actions, max_size=12))
def test_all_that_was_done_can_be_undone_step_by_step(planned: list[Action]) -> None:
    simulation = field()
    deeds = Deeds(simulation)
    before = []
    for action in planned:
        before.append(state(simulation))
        deeds.do(action)
        assert deed_text(action)
    undone = 0
    while (deed := last_to_undo(deeds.done)) is not None:
        assert deeds.undo()
        undone += 1
        assert state(simulation) == before[deed.number - 1], deed
    assert state(simulation) == state(field())
    assert undone <= len(planned)
    assert deeds.undo() == [], "there is nothing left"


def test_a_deed_in_the_middle_is_taken_back_by_its_number() -> None:
    simulation = field()
    deeds = Deeds(simulation)
    first, second = deeds.do(Kill(2)), deeds.do(Kill(3))
    [undoing] = deeds.undo(first.number)
    assert simulation.alive == {1, 2, 4}
    assert (undoing.action, undoing.undoes) == (Revive(2), first.number)
    assert [deed.is_undone for deed in deeds.done] == [True, False, False]
    assert deeds.undo(first.number) == [], "it is undone already"
    assert last_to_undo(deeds.done) == second, "what undid another is not undone in its turn"


@pytest.mark.parametrize("action", [Reboot(2), StepClock(2, 500), Kill(5), Merge()])
def test_what_nothing_undoes_or_no_node_can_suffer(action: Action) -> None:
    simulation = field()
    deeds = Deeds(simulation)
    if action == Kill(5):
        with pytest.raises(ValueError, match="no node 5"):
            deeds.do(action)
        assert deeds.done == ()
        return
    deed = deeds.do(action)
    assert deed.can_be_undone == (action == Merge()), "a partition that was not there is ended again, in vain"
    assert deed.time_us == simulation.now_us


def test_the_oldest_deeds_are_forgotten() -> None:
    deeds = Deeds(field())
    for _ in range(MAX_DEEDS + 3):
        deeds.do(Merge())
    assert len(deeds.done) == MAX_DEEDS
    assert deeds.done[-1].number == MAX_DEEDS + 3
