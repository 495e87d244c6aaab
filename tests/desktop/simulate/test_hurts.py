"""What a person can do to a field, and which answers are understood."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from desktop.simulate.hurts import (
    CUT,
    KILL,
    LINK_LOSS,
    LOSS,
    OF_LINKS,
    OF_NODE,
    PART,
    REVIVE,
    STEP_CLOCK,
    THAW,
    AnswerError,
    Ask,
    Hurt,
    ids_of,
)
from desktop.simulate.source import SimulationSource
from protocol.simulator.faults import Action, Cut, Freeze, Kill, Partition, SetLinkLoss, SetQuality, StepClock
from protocol.simulator.medium import Air, Quality
from protocol.simulator.scenario import Grid, Scenario

AIR = Air(quality=Quality(duplication=0.5))


@pytest.fixture(scope="module")
def source() -> Iterator[SimulationSource]:
    """Twelve nodes whose time stands; 2 is dead, 3 frozen."""
    source = SimulationSource(Scenario(field=Grid(4, 3), air=AIR))
    source.pause()
    source.start(lambda record: None, lambda status: None)
    source.hurt(Kill(2), Freeze(3))
    deadline_s = time.monotonic() + 10
    while len(source.deeds) < 2:
        assert time.monotonic() < deadline_s, "the deeds are not done"
        source.stopping.wait(0.01)
    yield source
    source.stop()


@pytest.mark.parametrize(
    ("hurt", "answers", "action"),
    [
        (KILL, {Ask.NODE: " 4 "}, Kill(4)),
        (STEP_CLOCK, {Ask.NODE: "4", Ask.STEP_S: "1,5"}, StepClock(4, 1_500)),
        (CUT, {Ask.NODE: "4", Ask.OTHER: "8"}, Cut(4, 8)),
        (LINK_LOSS, {Ask.NODE: "4", Ask.OTHER: "8", Ask.LOSS: "25"}, SetLinkLoss(4, 8, 0.25)),
        (LOSS, {Ask.LOSS: "100"}, SetQuality(Quality(loss=1.0, duplication=0.5))),
        (PART, {Ask.GROUP: "1-3, 7"}, Partition((frozenset({1, 2, 3, 7}),))),
    ],
)
def test_answers_make_deeds(
    source: SimulationSource, hurt: Hurt, answers: dict[Ask, str], action: Action
) -> None:
    assert hurt.make(source, answers) == action


@pytest.mark.parametrize(
    ("hurt", "answers", "message"),
    [
        (KILL, {Ask.NODE: ""}, "no node"),
        (KILL, {Ask.NODE: "13"}, "no node 13 in the field; its nodes are 1 to 12"),
        (KILL, {Ask.NODE: "²"}, "no node"),
        (CUT, {Ask.NODE: "4", Ask.OTHER: "4"}, "two ends"),
        (LINK_LOSS, {Ask.NODE: "4", Ask.OTHER: "8", Ask.LOSS: "100"}, "cut it"),
        (LOSS, {Ask.LOSS: "101"}, "give 0 to 100"),
        (LOSS, {Ask.LOSS: "nan"}, "give 0 to 100"),
        (LOSS, {Ask.LOSS: "much"}, "no number"),
        (STEP_CLOCK, {Ask.NODE: "4", Ask.STEP_S: "-1"}, "goes forward"),
        (PART, {Ask.GROUP: ""}, "name some"),
        (PART, {Ask.GROUP: "1-12"}, "name some"),
        (PART, {Ask.GROUP: "1-99"}, "no node 99"),
    ],
)
def test_other_answers_say_what_would_do(
    source: SimulationSource, hurt: Hurt, answers: dict[Ask, str], message: str
) -> None:
    with pytest.raises(AnswerError, match=message):
        hurt.make(source, answers)


def test_each_is_offered_for_the_nodes_that_it_makes_sense_for(source: SimulationSource) -> None:
    assert set(KILL.candidates(source)) == set(range(1, 13)) - {2, 3}
    assert set(REVIVE.candidates(source)) == {2, 3}
    assert set(THAW.candidates(source)) == {3}
    assert len({hurt.name for hurt in (*OF_NODE, *OF_LINKS)}) == len(OF_NODE) + len(OF_LINKS)


def test_groups_are_written_as_lists_and_ranges(source: SimulationSource) -> None:
    assert ids_of(source, "9 1-2,4") == {1, 2, 4, 9}
