"""The engine of rules: in the log's time, the same from the same log, over restarts at any place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.log.plain import dump, load
from bridge.rules.engine import Engine, EngineState, Kind, Rule, RuleEvent, Stream
from bridge.rules.reader import Names, read_sentence, read_value
from protocol.aggregate import HUMIDITY, TEMPERATURE, Aggregate
from protocol.observer import NodeHeard, NodeLeft, Observation, ReadingsSeen, RoundRow

S_US = 1_000_000
NAMES = Names(("fan", "pump"))


def rule(text: str, name: str = "r", stale_s: float = 60) -> Rule:
    sentence = read_sentence(text, NAMES)
    kind = Kind.ALARM if sentence.actuator is None else Kind.SWITCH
    return Rule(name, text, sentence, round(stale_s * S_US), kind)


def reading(time_s: float, value: float, node: int = 7) -> ReadingsSeen:
    return ReadingsSeen(round(time_s * S_US), node, 0, ((TEMPERATURE.id, TEMPERATURE.raw(value)),))


def result(time_s: float, *values: float) -> RoundRow:
    raws = [TEMPERATURE.raw(value) for value in values]
    aggregate = Aggregate(0, max(raws), 1, sum(raws), len(raws))
    return RoundRow(round(time_s * S_US), 0, TEMPERATURE.id, aggregate, 0, 0, 0, 0, 0)


def run(
    engine: Engine, facts: Iterable[Observation], until_s: float | None = None
) -> list[tuple[float, bool]]:
    """When something began (True) or was over."""
    for fact in facts:
        engine.take(fact)
    if until_s is not None:
        engine.advance(round(until_s * S_US))
    return [(event.timestamp_us / S_US, event.has_begun) for event in engine.take_events()]


def kept(engine: Engine) -> EngineState:
    """Its state as a file gives it back."""
    state = load(json.loads(json.dumps(dump(engine.state))))
    assert isinstance(state, EngineState)
    return state


def engine_of(text: str, stale_s: float = 60) -> Engine:
    return Engine([rule(text, stale_s=stale_s)])


# --- thresholds, hysteresis and holds ---


def test_the_fan_of_the_handbook() -> None:
    engine = engine_of("fan on when temperature average over 1 min > 25 for 30 s, off below 24")
    warming = [result(s, 20 + s / 10) for s in range(0, 120, 5)]
    # The mean of the last minute's twelve results is above 25 from 80 s on.
    assert run(engine, warming) == [(110, True)]
    assert engine.wanted == {"fan": True}
    cooling = [result(s, 20) for s in range(120, 180, 5)]
    assert run(engine, cooling) == [(155, False)]
    assert engine.wanted == {"fan": False}


def test_a_hold_is_exact_and_has_the_time_at_which_it_was_over() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25 for 30 s")
    assert run(engine, [reading(10, 26), reading(20, 27)], until_s=39.999) == []
    assert run(engine, [reading(50, 27)]) == [(40, True)]


def test_what_holds_up_to_the_hold_and_not_at_it_does_not_count() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25 for 30 s")
    assert run(engine, [reading(10, 26), reading(40, 25)], until_s=50) == []
    engine = engine_of("alarm when temperature of node 7 > 25 for 30 s")
    assert run(engine, [reading(10, 26), reading(40, 26)]) == [(40, True)]


def test_a_single_value_on_the_other_side_begins_the_hold_anew() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25 for 30 s")
    facts = [reading(0, 26), reading(29, 25), reading(30, 26), reading(61, 26)]
    assert run(engine, facts) == [(60, True)]


def test_the_end_can_have_a_hold_of_its_own() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25, off below 24 for 10 s")
    facts = [reading(0, 26), reading(5, 23), reading(10, 25), reading(20, 23), reading(40, 23)]
    assert run(engine, facts) == [(0, True), (30, False)]


def test_without_an_end_it_is_over_when_it_does_not_hold() -> None:
    engine = engine_of("alarm when temperature of node 7 >= 25")
    assert run(engine, [reading(0, 25), reading(1, 24.5), reading(2, 25)]) == [
        (0, True),
        (1, False),
        (2, True),
    ]


def test_what_would_end_at_once_does_not_begin() -> None:
    engine = engine_of("alarm when temperature of node 7 > 20, off when temperature of node 8 < 5")
    assert run(engine, [reading(0, 21)]) == []  # node 8 is not known
    assert run(engine, [reading(1, 3, node=8), reading(2, 22)]) == []
    assert run(engine, [reading(3, 6, node=8)]) == [(3, True)]


def test_two_rules_of_one_fan_turn_it_off_when_both_are_over() -> None:
    text = "fan on when temperature of node {} > 25"
    engine = Engine([rule(text.format(7), "a"), rule(text.format(8), "b")])
    assert engine.wanted == {"fan": False}
    run(engine, [reading(0, 26), reading(1, 26, node=8), reading(2, 20)])
    assert engine.wanted == {"fan": True}
    run(engine, [reading(3, 20, node=8)])
    assert engine.wanted == {"fan": False}


# --- what is not known ---


def test_a_rule_ends_when_nobody_tells_its_value_any_more() -> None:
    engine = engine_of("fan on when temperature of node 7 > 25, off below 24 for 1 h", stale_s=60)
    assert run(engine, [reading(0, 30), reading(10, 30)], until_s=80) == [(0, True), (70, False)]
    assert run(engine, [reading(100, 24.5)]) == []


def test_windows_go_on_without_news() -> None:
    engine = engine_of("alarm when temperature of node 7 count over 1 min < 3", stale_s=3600)
    facts = [reading(s, 20) for s in (0, 10, 20, 30)]
    # From 60 s on a whole minute is known: then there are three, ten seconds later two.
    assert run(engine, facts, until_s=200) == [(70, True)]


def test_what_is_never_told_is_counted_as_none() -> None:
    engine = engine_of("alarm when temperature of node 7 count over 1 min < 1")
    assert run(engine, [reading(5, 20, node=8)], until_s=100) == [(65, True)]


def test_a_step_between_two_readings_is_no_trend() -> None:
    engine = engine_of("alarm when temperature of node 7 rate over 1 min > 1")
    assert run(engine, [reading(0, 20), reading(1, 20.5), reading(29, 20.5)]) == []
    assert run(engine, [reading(30, 20.5)]) == []  # half a degree in half a minute is not above
    assert run(engine, [reading(31, 21)]) == [(31, True)]


def test_or_holds_though_one_part_is_not_known() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25 or temperature of node 8 > 25")
    assert run(engine, [reading(0, 26)]) == [(0, True)]


def test_and_is_not_known_if_one_part_is_not() -> None:
    end = "temperature of node 7 < 30 and temperature of node 8 < 9"
    engine = engine_of(f"alarm when temperature of node 7 > 25, off when {end} for 1 h", stale_s=60)
    facts = [reading(0, 12, node=8), reading(1, 26), reading(30, 26), reading(50, 26)]
    assert run(engine, facts, until_s=61) == [(1, True), (60, False)]


def test_and_needs_both() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25 and node 8 is stale")
    facts: list[Observation] = [reading(0, 20), NodeHeard(10 * S_US, 8), reading(30, 26), reading(60, 26)]
    assert run(engine, facts, until_s=71) == [(70, True)]


# --- silence ---


def test_a_silent_node_is_stale_exactly_then() -> None:
    engine = engine_of("alarm when node 7 is stale")
    facts = [NodeHeard(5 * S_US, 7), NodeHeard(6 * S_US, 8)]
    assert run(engine, facts, until_s=65) == []
    assert run(engine, [], until_s=65.001) == [(65, True)]
    assert run(engine, [NodeHeard(90 * S_US, 7)]) == [(90, False)]


def test_a_node_that_was_never_heard_is_stale_as_if_it_was_at_the_beginning() -> None:
    assert run(engine_of("alarm when node 7 is stale"), [NodeHeard(5 * S_US, 1)], until_s=70) == [(65, True)]


def test_a_node_that_said_goodbye_is_not_stale() -> None:
    engine = engine_of("alarm when any node is stale")
    assert run(engine, [NodeHeard(0, 7), NodeLeft(1 * S_US, 7)], until_s=500) == []
    assert run(engine, [NodeHeard(500 * S_US, 7)], until_s=600) == [(560, True)]


def test_a_rule_of_any_node_is_one_for_each() -> None:
    engine = engine_of("alarm when temperature of any node > 25, off below 24")
    for fact in (reading(0, 26), reading(1, 26, 8), reading(2, 24.5), reading(3, 20), NodeHeard(4 * S_US, 9)):
        engine.take(fact)
    told = [(event.node, event.has_begun) for event in engine.take_events()]
    assert told == [(7, True), (8, True), (7, False)]


def test_nodes_beyond_the_most_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.rules.engine.MAX_NODES", 2)
    engine = engine_of("alarm when any node is stale")
    run(engine, [NodeHeard(0, node) for node in (1, 2, 3)])
    assert engine.passed_over == 1


# --- values ---


@pytest.mark.parametrize(
    ("value", "last"),
    [
        ("temperature average over 1 min", 22),
        ("temperature maximum over 1 min", 28),
        ("temperature", 24),
        ("temperature maximum", 28),
        ("temperature nodes", 2),
        ("temperature count over 1 min", 2),
        ("temperature rate over 20 s", 24),
        ("temperature deviation over 1 min", 2.8284271247461903),
    ],
)
def test_values_of_the_field(value: str, last: float) -> None:
    engine = Engine([], [Stream("s", read_value(value))])
    run(engine, [result(0, 90, 90), result(60, 20, 20), result(70, 20, 28)])
    ((_, _, series),) = engine.numbers()
    assert series.newest == pytest.approx(last)


@pytest.mark.parametrize(
    ("statistic", "last"), [("average", 22), ("minimum", 20), ("maximum", 24), ("deviation", 8**0.5)]
)
def test_values_of_a_node(statistic: str, last: float) -> None:
    engine = Engine([], [Stream("s", read_value(f"temperature of any node {statistic} over 1 min"))])
    run(engine, [reading(0, 90), reading(60, 20), reading(80, 24), reading(81, 1, node=8)])
    found = {node: series.newest for _, node, series in engine.numbers()}
    assert found[7] == pytest.approx(last)


def test_other_metrics_and_nodes_are_no_news() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25")
    damp = ReadingsSeen(0, 7, 0, ((HUMIDITY.id, 255),))
    assert run(engine, [damp, reading(1, 30, node=8), result(2, 30)]) == []


def test_an_anomaly_is_told_with_what_was_expected() -> None:
    text = "alarm when temperature of node 7 is an anomaly"
    engine = engine_of(text)
    for fact in [reading(s, 20 + s % 2) for s in range(60)]:
        engine.take(fact)
    assert engine.take_events() == []
    engine.take(reading(60, 40))
    (event,) = engine.take_events()
    assert event == RuleEvent(
        60 * S_US, Kind.ALARM, "r", None, True, "temperature of node 7 is 40 degC, 20.5 expected"
    )
    engine.take(reading(61, 20))
    assert [event.has_begun for event in engine.take_events()] == [False]


def test_a_node_is_judged_by_the_others_of_its_round() -> None:
    engine = engine_of("alarm when temperature of any node is an anomaly by neighbours")
    facts = [
        replace(
            reading(10 * version + node, 35 if (version, node) == (2, 4) else 20 + node / 2, node),
            version=version,
        )
        for version in range(5)
        for node in range(6)
    ]
    for fact in facts:
        engine.take(fact)
    told = [(event.timestamp_us / S_US, event.node, event.has_begun) for event in engine.take_events()]
    # Each round is whole when the next one begins.
    assert told == [(30, 4, True), (40, 4, False)]


# --- for all logs ---

steps = st.lists(st.tuples(st.integers(0, 40), st.integers(18, 32)), max_size=40)
TEXTS = (
    "fan on when temperature of node 7 > 25 for 30 s, off below 24",
    "fan on when temperature of any node average over 1 min > 25, off below 24 for 20 s",
    "alarm when any node is stale for 10 s",
    "alarm when temperature of node 7 rate over 2 min > 1 or temperature of node 8 deviation over 1 min > 2",
    "alarm when temperature of any node is an anomaly by ewma",
    "alarm when temperature of any node is an anomaly by neighbours",
    "alarm when temperature of node 7 is an anomaly by hampel or temperature is an anomaly by median",
    "alarm when temperature of node 7 is an anomaly by stuck or temperature maximum over 1 min > 30",
    "alarm when temperature of any node min over 1 min > 25 and temperature of any node is anomaly by cusum",
)


def log_of(gaps: Sequence[tuple[int, int]]) -> list[Observation]:
    facts: list[Observation] = []
    time_s = 0
    for gap_s, value in gaps:
        time_s += gap_s
        facts.append(reading(time_s, value, node=7 + value % 2))
    return facts


@given(steps)
def test_within_the_band_nothing_changes(gaps: Sequence[tuple[int, int]]) -> None:
    """From a beginning to the next end there is a value below 24; from an end to a beginning one above 25."""
    engine = engine_of("fan on when temperature of node 7 > 25, off below 24", stale_s=10_000)
    is_on = False
    for fact in [reading(i, value) for i, (_, value) in enumerate(gaps)]:
        engine.take(fact)
        value = TEMPERATURE.scaled(fact.pairs[0][1])
        is_on = value > 25 or (is_on and value >= 24)
        assert engine.wanted == {"fan": is_on}


@given(steps, st.sampled_from(TEXTS), st.data())
def test_a_restart_at_any_place_changes_nothing(
    gaps: Sequence[tuple[int, int]], text: str, data: st.DataObject
) -> None:
    facts = log_of(gaps)
    whole = Engine([rule(text)])
    expected = [event for fact in facts for event in _taken(whole, fact)]
    place = data.draw(st.integers(0, len(facts)))
    first = Engine([rule(text)])
    events = [event for fact in facts[:place] for event in _taken(first, fact)]
    second = Engine([rule(text)], state=kept(first))
    assert second.wanted == first.wanted
    events += [event for fact in facts[place:] for event in _taken(second, fact)]
    assert events == expected
    assert second.wanted == whole.wanted


@given(steps, st.sampled_from(TEXTS), st.lists(st.integers(0, 1_700), max_size=20))
def test_who_asks_in_between_finds_the_same_events(
    gaps: Sequence[tuple[int, int]], text: str, asked_s: list[int]
) -> None:
    facts = log_of(gaps)
    calm, asked = Engine([rule(text)]), Engine([rule(text)])
    end_us = (facts[-1].timestamp_us if facts else 0) + 1_000 * S_US
    expected = [event for fact in facts for event in _taken(calm, fact)]
    calm.advance(end_us)
    events = []
    for fact in facts:
        for time_s in sorted(asked_s):
            if asked.now_us <= time_s * S_US <= fact.timestamp_us:
                asked.advance(time_s * S_US)
        events += _taken(asked, fact)
    asked.advance(end_us)
    if facts and not any(time_s * S_US <= facts[0].timestamp_us for time_s in asked_s):
        assert events + asked.take_events() == expected + calm.take_events()


def _taken(engine: Engine, fact: Observation) -> list[RuleEvent]:
    engine.take(fact)
    return engine.take_events()


def test_what_is_due_at_the_very_time_of_a_restart_happens_then() -> None:
    engine = engine_of("alarm when any node is stale")
    assert run(engine, [NodeHeard(0, 7), NodeHeard(60 * S_US, 8)]) == []
    again = Engine([rule("alarm when any node is stale")], state=kept(engine))
    assert run(again, [], until_s=61) == run(engine, [], until_s=61) == [(60, True)]


def test_what_holds_is_said_once_for_one_value() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25, off below 24")
    engine.take(reading(0, 26))
    (event,) = engine.take_events()
    assert event.text == "temperature of node 7 is 26 degC"


def test_a_rule_that_was_rewritten_begins_anew() -> None:
    engine = engine_of("alarm when temperature of node 7 > 25")
    run(engine, [reading(0, 30)])
    state = kept(engine)
    same = Engine([rule("alarm when temperature of node 7 > 25")], state=state)
    other = Engine([rule("alarm when temperature of node 7 > 29")], state=state)
    assert run(other, [reading(1, 30)]) == [(1, True)]
    assert run(same, [reading(1, 30)]) == []
