"""Sentences of rules: what they say, and what people are told of those that cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rules.detectors import DEFAULT_KIND, Detector
from bridge.rules.reader import KEYWORDS, Names, SentenceError, is_name, read_sentence, read_value
from bridge.rules.sentences import (
    Anomaly,
    Comparison,
    Condition,
    Joined,
    Of,
    Sentence,
    Stale,
    Statistic,
    Value,
)
from protocol.aggregate import HUMIDITY, TEMPERATURE

S_US, MIN_US, H_US = 1_000_000, 60_000_000, 3_600_000_000
FIELD = Value(TEMPERATURE.id, Of.FIELD)
OF_7 = Value(TEMPERATURE.id, 7)
BENCH = (Value(TEMPERATURE.id, Of.ANY, Statistic.AVERAGE, MIN_US), Detector("cusum"))
NAMES = Names(("fan", "pump-2"), {"bench": BENCH})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "fan on when temperature average over 1 min > 25 for 30 s, off below 24",
            Sentence(
                "fan",
                Comparison(Value(TEMPERATURE.id, Of.FIELD, Statistic.AVERAGE, MIN_US), ">", 25),
                30 * S_US,
                Comparison(Value(TEMPERATURE.id, Of.FIELD, Statistic.AVERAGE, MIN_US), "<", 24),
            ),
        ),
        ("alarm when node 7 is stale", Sentence(None, Stale(7))),
        ("alarm when any node is stale for 2 min", Sentence(None, Stale(Of.ANY), 2 * MIN_US)),
        (
            "alarm when temperature of node 7 is an anomaly",
            Sentence(None, Anomaly(OF_7, Detector(DEFAULT_KIND))),
        ),
        (
            "alarm when temperature of node 7 is anomaly by cusum",
            Sentence(None, Anomaly(OF_7, Detector("cusum"))),
        ),
        ("alarm when bench is an anomaly", Sentence(None, Anomaly(*BENCH))),
        ("alarm when bench >= 20.5", Sentence(None, Comparison(BENCH[0], ">=", 20.5))),
        (
            "pump-2 on when temperature below -3.5 degC, off >= 0 degC for 1.5 h",
            Sentence("pump-2", Comparison(FIELD, "<", -3.5), 0, Comparison(FIELD, ">=", 0), 90 * MIN_US),
        ),
        (
            "alarm when temperature of any node rate over 5 min > 3 degC per h",
            Sentence(None, Comparison(Value(0, Of.ANY, Statistic.RATE, 5 * MIN_US), ">", 0.05)),
        ),
        (
            "alarm when humidity nodes < 10",
            Sentence(None, Comparison(Value(1, Of.FIELD, Statistic.NODES), "<", 10)),
        ),
        ("alarm when metric_9 of node 0 > 3 raw", Sentence(None, Comparison(Value(9, 0), ">", 3))),
        (
            "alarm when node 7 is stale and (temperature > 5 or humidity < 9), "
            "off when temperature < 4 for 1 s",
            Sentence(
                None,
                Joined(
                    "and",
                    (
                        Stale(7),
                        Joined(
                            "or",
                            (Comparison(FIELD, ">", 5), Comparison(Value(HUMIDITY.id, Of.FIELD), "<", 9)),
                        ),
                    ),
                ),
                0,
                Comparison(FIELD, "<", 4),
                S_US,
            ),
        ),
    ],
)
def test_a_sentence_says(text: str, sentence: Sentence) -> None:
    assert read_sentence(text, NAMES) == sentence


def test_and_binds_closer_than_or() -> None:
    found = read_sentence("alarm when node 1 is stale or node 2 is stale and node 3 is stale", NAMES).on
    assert found == Joined("or", (Stale(1), Joined("and", (Stale(2), Stale(3)))))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "column 1: no actuator the end; begin with alarm, or fan, pump-2 on"),
        ("fun on when node 7 is stale", "column 1: no actuator 'fun'; begin with alarm, or fan, pump-2 on"),
        ("fan off when node 7 is stale", "column 5: a rule turns on; write `fan on when ..., off when ...`"),
        ("alarm if node 7 is stale", "column 7: 'if' is not expected here; write when"),
        (
            "alarm when temprature > 3",
            "column 12: no value 'temprature'; known are node ID, any node, bench, temp",
        ),
        ("alarm when node x is stale", "column 17: 'x' is no node id; write 0 to 65533"),
        ("alarm when node 99999 is stale", "column 17: '99999' is no node id; write 0 to 65533"),
        ("alarm when node 7 is old", "column 22: 'old' is not expected here; write stale"),
        ("alarm when temperature", "column 23: the end is not expected here; write above, below, >,"),
        ("alarm when temperature > warm", "column 26: 'warm' is not expected here; write a number"),
        (
            "alarm when temperature > 25 %",
            "column 29: '%' is not the value's unit; write degC, or leave it out",
        ),
        ("alarm when temperature nodes > 5 degC", "column 34: 'degC' is not the value's unit; leave it out"),
        (
            "alarm when temperature > 25 for 30",
            "column 35: the end is no unit of time; known are ms, s, min, h",
        ),
        ("alarm when temperature > 25 for 0 s", "column 33: 0 is no time; write more than 0 s, up to 7 days"),
        ("alarm when temperature > 25, below 24", "column 30: 'below' is not expected here; write off"),
        (
            "alarm when temperature > 25, off 24",
            "column 34: '24' is not expected here; write below NUMBER, above",
        ),
        (
            "alarm when temperature > 25, off below 26",
            "column 34: off < 26 would end it while > 25 holds; write",
        ),
        (
            "alarm when temperature < 5, off above 4",
            "column 33: off > 4 would end it while < 5 holds; write `off",
        ),
        ("alarm when temperature > 25, off above 30", "column 34: off > 30 would end it while > 25 holds"),
        (
            "alarm when node 7 is stale, off below 3",
            "column 33: off below of what?; write `off when ...` with a",
        ),
        ("alarm when temperature ? 3", "column 24: '?' means nothing here; write words, numbers, one of"),
        (
            "alarm when temperature of node 7 average > 3",
            "column 12: average of how long?; write `average over 1 min`",
        ),
        (
            "alarm when temperature minimum over 1 min > 3",
            "column 12: a result of the field has no minimum; write",
        ),
        (
            "alarm when temperature over 1 min > 3",
            "column 12: over what is made of the values?; write average,",
        ),
        ("alarm when (temperature > 3", "column 28: the end is not expected here; write )"),
        (
            "alarm when temperature > 3)",
            "column 27: ')' is not expected here; write and, or, for TIME, , off",
        ),
        ("alarm when " + "(" * 17, "column 28: more than 16 brackets deep; make it simpler"),
        (
            "alarm when temperature is an anomaly by neighbours",
            "column 41: neighbours compares the readings of nodes; write `temperature of any node`",
        ),
        (
            "alarm when temperature is an anomaly by luck",
            "column 41: no detector 'luck'; known are z-score, median",
        ),
        (
            "alarm when temperature is an anomaly by jump",
            "column 41: jump needs threshold_per_s; write a [[stream]]",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_column_and_a_remedy(text: str, told: str) -> None:
    with pytest.raises(SentenceError) as raised:
        read_sentence(text, NAMES)
    assert str(raised.value).startswith(told)


def test_without_actuators_a_rule_can_only_raise_an_alarm() -> None:
    with pytest.raises(
        SentenceError, match=r"column 1: no actuator 'fan'; begin with alarm; there is no \[\[actuator"
    ):
        read_sentence("fan on when temperature > 25", Names())


@pytest.mark.parametrize("name", ["fan", "pump-2", "_x"])
def test_names_are_words(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "2fan", "a b", "when", "temperature", "min", "lüfter"])
def test_names_are_none_of_the_languages_words(name: str) -> None:
    assert not is_name(name)


# --- what is written is read again ---


def values() -> st.SearchStrategy[Value]:
    of_node = st.one_of(st.integers(0, 0xFFEF), st.just(Of.ANY))
    spans = st.one_of(st.integers(1, 100).map(S_US.__mul__), st.integers(1, 24).map(H_US.__mul__))
    windowed = st.sampled_from([s for s in Statistic if s not in (Statistic.LAST, Statistic.NODES)])
    return st.one_of(
        st.builds(Value, st.integers(0, 4), st.one_of(of_node, st.just(Of.FIELD))),
        st.builds(Value, st.integers(0, 4), of_node, windowed, spans),
        st.builds(Value, st.integers(0, 4), st.just(Of.FIELD), st.just(Statistic.NODES)),
    )


def conditions() -> st.SearchStrategy[Condition]:
    tests = st.one_of(
        st.builds(Stale, st.one_of(st.integers(0, 0xFFEF), st.just(Of.ANY))),
        st.builds(Comparison, values(), st.sampled_from([">", "<", ">=", "<="]), st.integers(-999, 999)),
        st.builds(Anomaly, values(), st.sampled_from([Detector("median"), Detector("stuck")])),
    )
    joined = st.tuples(st.sampled_from(["and", "or"]), st.lists(tests, min_size=2, max_size=4).map(tuple))
    return st.one_of(tests, joined.map(lambda parts: Joined(*parts)))


@given(conditions())
def test_a_condition_is_written_as_it_is_read(condition: Condition) -> None:
    assert read_sentence(f"alarm when {condition}", NAMES).on == condition


@given(values())
def test_a_value_is_written_as_it_is_read(value: Value) -> None:
    assert read_value(str(value)) == value


def wrong_at(text: str) -> int | None:
    try:
        read_sentence(text, NAMES)
    except SentenceError as error:
        return error.column
    return None


@given(st.lists(st.sampled_from([*sorted(KEYWORDS), "fan", "7", "-2.5", "<", "(", ")", ",", "%", "s", "ü"])))
def test_whatever_people_write_is_read_or_told_with_a_column_in_it(words: list[str]) -> None:
    text = " ".join(words)
    told = wrong_at(text)
    assert told is None or 1 <= told <= len(text) + 1
