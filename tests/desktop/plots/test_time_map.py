"""Where the maximum is: readings by node and time as far as they are known."""

from __future__ import annotations

import numpy as np
import pytest

from desktop.model.history import Series
from desktop.model.model import Model
from desktop.plots.axes_dialog import nodes_of, nodes_text
from desktop.plots.time_map import colored, time_map
from protocol.aggregate import TEMPERATURE, Aggregate
from protocol.capture import Record
from protocol.observer import RoundRow


def told(readings: dict[int, dict[float, int]]) -> Model:
    model = Model()
    for node, raws in readings.items():
        for time_s, raw in raws.items():
            model.node_series.append(node, 0, time_s, raw)
    return model


def every_second(raw: int, first: int, last: int) -> dict[float, int]:
    return {float(i): raw for i in range(first, last)}


def test_a_reading_stands_until_the_next_one_and_not_for_long_after_the_last() -> None:
    model = told({3: every_second(100, 0, 10), 5: every_second(120, 5, 20)})
    found = time_map(model, 0, (0.0, 20.0), 40)
    assert found.nodes == (3, 5)
    known = np.isfinite(found.values)
    assert known[0, :24].all()
    assert not known[0, 26:].any()
    assert not known[1, :9].any()
    assert known[1, 10:].all()
    assert found.limits == (10.0, 20.0)
    assert list(found.maximum_at[[2, 30]]) == [0, 1]


def test_the_result_of_a_round_knows_better_who_read_the_maximum() -> None:
    model = told({3: every_second(100, 0, 10), 5: every_second(120, 0, 10)})
    series = model.series[0] = Series(TEMPERATURE)
    series.append(4.2, RoundRow(0, 1, 0, Aggregate(1, 130, 3, 200, 2), 0, 300, 20, 500, 0))
    found = time_map(model, 0, (0.0, 10.0), 10)
    assert list(found.maximum_at) == [1, 1, 1, 1, 0, 1, 1, 1, 1, 1]


def test_nobody_told_anything() -> None:
    found = time_map(Model(), 0, (0.0, 60.0), 30)
    assert found.nodes == ()
    assert found.limits == (0.0, 1.0)
    assert (found.maximum_at == -1).all()


def test_what_is_not_known_has_the_colour_of_the_ground(demo_records: list[Record]) -> None:
    model = Model()
    model.feed(demo_records)
    found = time_map(model, 0, (0.0, 60.0), 100)
    picture = colored(found, (1, 2, 3))
    assert picture.shape == (len(found.nodes), 100, 3)
    ground = (picture == (1, 2, 3)).all(axis=2)
    assert (ground == ~np.isfinite(found.values)).all()
    assert ground.any()
    assert not ground.all()
    last = model.rows[-2]
    column = int(model.seconds(last.timestamp_us) / 60 * 100)
    assert found.nodes[found.maximum_at[column]] == last.max_id


def test_nodes_are_named_as_people_write_them() -> None:
    assert nodes_of("3, 7-9 12") == ((3, 7, 8, 9, 12), False)
    assert nodes_of(" All ") == ((), True)
    assert nodes_of("") == ((), False)
    assert nodes_text((3, 7, 8, 9, 12)) == "3, 7-9, 12"
    with pytest.raises(ValueError, match='"x" is no node'):
        nodes_of("3, x")
