"""All kinds of sinks: their tables in bridge.toml, and how each is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.log.offsets import OffsetFile
from bridge.sinks.csv_sink import CsvSettings, CsvSink
from bridge.sinks.influx import InfluxSettings, InfluxSink
from bridge.sinks.mqtt import MqttSettings, MqttSink
from bridge.sinks.parquet_sink import ParquetSettings, ParquetSink
from bridge.sinks.rule_board import RuleBoard
from bridge.sinks.sink import Sink

SinkSettings = MqttSettings | InfluxSettings | CsvSettings | ParquetSettings
# By the name of their table.
SINKS: Mapping[str, type[SinkSettings]] = {
    "mqtt": MqttSettings,
    "influx": InfluxSettings,
    "csv": CsvSettings,
    "parquet": ParquetSettings,
}


def kind_of(settings: SinkSettings) -> str:
    """The name of their table."""
    return next(kind for kind, of_kind in SINKS.items() if of_kind is type(settings))


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
