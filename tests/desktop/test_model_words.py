"""The words: what a person reads of a round and of the time."""

from __future__ import annotations

import pytest

from desktop.model.words import average_label, count_label, duration_label, round_text, value_label
from protocol.aggregate import HUMIDITY, TEMPERATURE, Aggregate
from protocol.observer import RoundRow


def row(aggregate: Aggregate, *, doubt: int = 0, alive: int | None = None) -> RoundRow:
    return RoundRow(0, 12, TEMPERATURE.id, aggregate, doubt, 400, 30, 900, 0, alive)


SIXTEEN = Aggregate(version=12, max=129, max_id=9, total=1978, count=16)


@pytest.mark.parametrize(
    ("finished", "text"),
    [
        (row(SIXTEEN), "round 12: max 24.5 °C at node 9, average 21.8 °C, 16 nodes"),
        (row(SIXTEEN, alive=17), "round 12: max 24.5 °C at node 9, average 21.8 °C, 16 of 17 nodes"),
        (
            row(SIXTEEN, doubt=3),
            "round 12: max 24.5 °C at node 9, average 21.8 °C, 13 to 16 nodes, not exact",
        ),
        (row(Aggregate.of_reading(12, 100, 4)), "round 12: max 10.0 °C at node 4, average 10.0 °C, 1 node"),
        (row(Aggregate.empty(12)), "round 12: no reading, 0 nodes"),
        (
            row(Aggregate(12, 129, 9, 0xFFFF, 700)),
            "round 12: max 24.5 °C at node 9, average –, 700 nodes, saturated",
        ),
    ],
)
def test_a_round_in_one_line(finished: RoundRow, text: str) -> None:
    assert round_text(finished) == text


def test_a_count_in_doubt_is_an_interval() -> None:
    assert count_label(row(SIXTEEN, doubt=1, alive=16)) == "15 to 16 of 16"


def test_a_node_bears_the_average_of_its_report() -> None:
    assert average_label(Aggregate(12, 129, 9, 1978, 16), TEMPERATURE.id) == "21.8°"
    assert average_label(Aggregate.of_reading(12, 101, 4), HUMIDITY.id) == "50.5%"
    assert average_label(Aggregate.empty(12), TEMPERATURE.id) == ""
    assert average_label(None, TEMPERATURE.id) == ""


def test_values_and_times() -> None:
    assert value_label(None, "%") == "–"
    assert value_label(3.25, "m/s") == "3.2 m/s"
    assert [duration_label(seconds) for seconds in (0, 59.9, 61, 3600, 90_061)] == [
        "0:00",
        "0:59",
        "1:01",
        "1:00:00",
        "25:01:01",
    ]
