"""All kinds of sinks: their tables in bridge.toml, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bridge.log.offsets import OffsetFile
from bridge.sinks.csv_sink import CsvSettings, CsvSink
from bridge.sinks.influx import InfluxSettings, InfluxSink
from bridge.sinks.mqtt import MqttSettings, MqttSink
from bridge.sinks.parquet_sink import ParquetSettings, ParquetSink
from bridge.sinks.rule_board import RuleBoard
from bridge.sinks.sink import Sink
from protocol.simulator.toml_tables import Table

SinkSettings = MqttSettings | InfluxSettings | CsvSettings | ParquetSettings
# By the name of the table: what reads it, beside files in that folder. Raises DescriptionError.
SINKS: Mapping[str, Callable[[Table, Path], SinkSettings]] = {
    "mqtt": MqttSettings.from_table,
    "influx": InfluxSettings.from_table,
    "csv": CsvSettings.from_table,
    "parquet": ParquetSettings.from_table,
}


def make_sink(settings: SinkSettings, network: str, state: Path, board: RuleBoard | None = None) -> Sink[Any]:
    """The sink, which keeps its place in the file `state`, and knows the rules of `board`.

    Raises UsageError for a secret, a certificate or a folder that cannot be used.
    """
    match settings:
        case MqttSettings():
            return MqttSink(settings, network, OffsetFile(state), board)
        case InfluxSettings():
            return InfluxSink(settings, network, OffsetFile(state))
        case CsvSettings():
            return CsvSink(settings, network, state)
        case ParquetSettings():
            return ParquetSink(settings, network, state)
