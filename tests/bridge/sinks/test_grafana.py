"""The Grafana dashboard of docs/grafana: whole, and its queries find what the InfluxDB sink writes."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sinks.servers import Influxd, running
from bridge.sinks.influx import InfluxSettings, InfluxSink
from protocol.observations import NodeLost
from tests.bridge.sinks.rig import NETWORK, START_US, MemoryOffsets, batch, result, seen, table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="influxd is set up on Linux only")

FOLDER = Path(__file__).parents[3] / "docs" / "grafana"
BOARD = json.loads((FOLDER / "dashboards" / "treering.json").read_text("utf-8"))
QUERIES = {
    **{
        f"{panel['title']} {target['refId']}": target["query"]
        for panel in BOARD["panels"]
        for target in panel["targets"]
    },
    **{variable["label"]: variable["query"] for variable in BOARD["templating"]["list"]},
    **{found["name"]: found["target"]["query"] for found in BOARD["annotations"]["list"]},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """A database with a minute of a network."""
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    with running(server):
        settings = InfluxSettings.from_table(table(f'[[influx]]\nurl = "{server.url}"', "influx"), Path("."))
        sink = InfluxSink(settings, NETWORK, MemoryOffsets())
        facts = [fact for number in range(60) for fact in (seen(number, 7), seen(number, 8), result(number))]
        sink.take(batch(1, *facts, NodeLost(START_US, 9, 7)))
        sink.close()
        yield server


def filled_in(query: str) -> str:
    """As Grafana asks: every network, one metric, the minute."""
    values = {
        "$timeFilter": f"time >= {START_US - 1}000 AND time < {START_US + 60_000_000}000",
        "$__interval": "10s",
        "$network": ".*",
        "$metric": "temperature",
    }
    for name, value in values.items():
        query = query.replace(name, value)
    assert "$" not in query.replace("$/", "/"), "a variable that the dashboard does not have"
    return query


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_finds_data(name: str, filled: Influxd) -> None:
    series = filled.query(filled_in(QUERIES[name]), "treering")
    assert series
    assert all(value is not None for found in series for row in found["values"] for value in row)


def test_readings_are_drawn_by_node(filled: Influxd) -> None:
    series = filled.query(filled_in(QUERIES["Readings of each node A"]), "treering")
    assert [found["tags"]["node"] for found in series] == ["7", "8"]
    assert [len(found["values"]) for found in series] == [6, 6]
    assert {row[1] for found in series for row in found["values"]} == {21.5}


def test_the_dashboard_is_whole() -> None:
    panels: list[dict[str, Any]] = BOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
    for first, second in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        assert (
            first["x"] + first["w"] <= second["x"]
            or second["x"] + second["w"] <= first["x"]
            or first["y"] + first["h"] <= second["y"]
            or second["y"] + second["h"] <= first["y"]
        ), "two panels lie on each other"


def test_everything_asks_the_datasource_that_is_provided() -> None:
    provided = (FOLDER / "provisioning/datasources/treering.yaml").read_text("utf-8")
    assert re.search(r"^    uid: treering$", provided, re.MULTILINE)
    assert re.search(r"^      dbName: treering$", provided, re.MULTILINE)
    asked = re.findall(
        r'"uid": "(\w+)"', json.dumps([BOARD["panels"], BOARD["templating"], BOARD["annotations"]])
    )
    assert set(asked) == {"treering"}
