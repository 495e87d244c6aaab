"""The node that a bridge is itself: [node] of its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.access import Access
from bridge.descriptions import ids_in, network_in, period_s_in
from bridge.driver import NodeDriver, node_driver, timing_of, watcher_driver
from bridge.sensors import NoSensor, Sensor, SyntheticSensor
from protocol.aggregate import METRICS, TEMPERATURE
from protocol.node import Event
from protocol.packets import MAX_NODE_ID, Network
from protocol.simulator.toml_tables import Table

DEFAULT_ID = 1
DEFAULT_PERIOD_S = 5.0
_KEYS = (
    *("id", "network", "relay_only", "period_s", "metrics", "synthetic", "order", "readings", "neighbours"),
)
_METRIC_IDS = {metric.name: metric.id for metric in METRICS.values()}


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """A tree's root or a member of the others; with `relay_only` it takes part in nothing.

    Without a `sensor` it measures nothing, or makes readings up if it `is_synthetic`.
    """

    node_id: int = DEFAULT_ID
    network: Network = Network.TREE
    relay_only: bool = False
    period_s: float = DEFAULT_PERIOD_S
    metrics: tuple[int, ...] = (TEMPERATURE.id,)
    sensor: Sensor | None = None
    is_synthetic: bool = False
    order: tuple[int, ...] = ()
    readings_asked: bool = True
    neighbours: frozenset[int] | None = None

    @classmethod
    def from_table(cls, table: Table) -> NodeSettings:
        """Raises DescriptionError."""
        table.expect(_KEYS)
        network = network_in(table, "order", "readings")
        return cls(
            table.whole("id", DEFAULT_ID, 0, MAX_NODE_ID),
            network,
            table.flag("relay_only", False),
            period_s_in(table, DEFAULT_PERIOD_S),
            metrics_in(table, "metrics") or (TEMPERATURE.id,),
            None,
            table.flag("synthetic", False),
            ids_in(table, "order"),
            table.flag("readings", True),
            frozenset(ids_in(table, "neighbours")) if "neighbours" in table.values else None,
        )

    def driver(self, access: Access, on_event: Callable[[Event], None]) -> NodeDriver | None:
        """The node; None if there is nothing for it to do. Raises UsageError for another's keys."""
        if self.relay_only:
            if access.keys is None:
                return None
            return watcher_driver(f"node {self.node_id}", self.node_id, access, on_event)
        return node_driver(
            self.network,
            "root" if self.network is Network.TREE else f"node {self.node_id}",
            self.node_id,
            self._sensor(),
            root=True,
            timing=timing_of(self.network, self.period_s),
            metrics=self.metrics,
            order=self.order,
            readings_asked=self.readings_asked,
            neighbours=self.neighbours,
            access=access,
            on_event=on_event,
        )

    def _sensor(self) -> Sensor:
        if self.sensor is not None:
            return self.sensor
        return SyntheticSensor(self.node_id, self.metrics) if self.is_synthetic else NoSensor()


def metrics_in(table: Table, key: str) -> tuple[int, ...]:
    """Ids of metrics that the table names, each once; none without the key. Raises DescriptionError."""
    names = table.values.get(key, [])
    known = ", ".join(_METRIC_IDS)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise table.error(key, f"{key} is no list of names", f"write some of {known}: {key} = [...]")
    for name in names:
        if name not in _METRIC_IDS:
            raise table.error(key, f"unknown metric {name!r}", f"known are {known}")
    if len(set(names)) != len(names):
        raise table.error(key, f"{key} names a metric twice", "name each once")
    return tuple(_METRIC_IDS[name] for name in names)
