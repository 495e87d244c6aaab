"""What a board's sensors are given to feel, so that its firmware reads the very values of the field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from firmware.native.board import Board
from firmware.native.eeprom import MEASURED
from protocol.aggregate import HUMIDITY, SOIL_MOISTURE, TEMPERATURE, WIND_SPEED, metric_of
from protocol.settings import Sensors

SHT31_RANGES = {TEMPERATURE: (-45.0, 130.0), HUMIDITY: (0.0, 100.0)}
SUPPLY_MV = 5_000
MOST_LEVEL = 1023  # of the converter
SOIL_PIN, WIND_PIN = 0, 1


def _soil_raw(level: int) -> int | None:
    """As the firmware's sensors.cpp, by the converter's level."""
    return (600 - min(max(level, 280), 600)) * 5 // 8 if 150 <= level <= 750 else None


def _wind_raw(level: int) -> int | None:
    return ((min(max(level, 82), 420) - 82) * 101 + 128) // 256 if 60 <= level <= 420 else None


ANALOG: Mapping[int, tuple[int, Callable[[int], int | None]]] = {
    SOIL_MOISTURE.id: (SOIL_PIN, _soil_raw),
    WIND_SPEED.id: (WIND_PIN, _wind_raw),
}


@cache
def millivolts_for(metric: int, raw: int) -> int | None:
    """In the middle of those for which the firmware reads that; None if it never does."""
    _, raw_at = ANALOG[metric]
    levels = [level for level in range(MOST_LEVEL + 1) if raw_at(level) == raw]
    if not levels:
        return None
    return (2 * levels[len(levels) // 2] + 1) * SUPPLY_MV // (2 * MOST_LEVEL)


def feel(board: Board, sensors: Sensors, readings: Mapping[int, int]) -> None:
    """Let the board's sensors feel these raw readings by metric. Raises ValueError for what they cannot."""
    if Sensors.SHT31 in sensors:
        felt = []
        for metric, (lowest, highest) in SHT31_RANGES.items():
            value = metric.scaled(readings[metric.id])
            if not lowest <= value <= highest:
                raise _beyond(metric.id, readings[metric.id])
            felt.append(value)
        board.set_climate(*felt)
    for sensor in (Sensors.SOIL_MOISTURE, Sensors.WIND):
        if sensor in sensors:
            (metric_id,) = MEASURED[sensor]
            millivolts = millivolts_for(metric_id, readings[metric_id])
            if millivolts is None:
                raise _beyond(metric_id, readings[metric_id])
            board.set_analog(ANALOG[metric_id][0], millivolts)


def _beyond(metric_id: int, raw: int) -> ValueError:
    metric = metric_of(metric_id)
    return ValueError(f"{metric.scaled(raw):g} {metric.unit} is more than its sensor can feel")
