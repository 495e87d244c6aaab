"""What a board has done, and what that costs: an estimate from data sheets, of typical values at 25 degC."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.native.board import BOARD_HZ, BoardCounts

SUPPLY_V = 5.0
# ATmega48A to 328P data sheet (8271), table 29-12, ATmega328P: 5.2 mA active and 1.2 mA idle at 8 MHz, 5 V.
# Both grow in proportion to the frequency (chapter "Typical Characteristics").
ACTIVE_MA = 2 * 5.2
IDLE_MA = 2 * 1.2
# SHT3x-DIS data sheet, version 7, tables 3 and 4: 600 uA while it measures, 12.5 ms at high repeatability.
SENSOR_MEASURING_MA = 0.6
SENSOR_MEASURING_MS = 12.5


@dataclass(slots=True)
class BoardReport:
    """One board over all the times that it had power. Of its radio, what it sends; listening is not in it."""

    node_id: int
    starts: int = 0
    cycles: int = 0
    slept_cycles: int = 0
    measurements: int = 0
    eeprom_written: int = 0
    untouched_bytes: int | None = None  # of RAM: the least of all times
    frames_sent: int = 0
    radio_mj: float = 0.0

    def add(self, counts: BoardCounts) -> None:
        """It had power, and did that."""
        self.starts += 1
        self.cycles += counts.cycles
        self.slept_cycles += counts.slept_cycles
        self.measurements += counts.measurements
        self.eeprom_written += counts.eeprom_written
        self.untouched_bytes = min(self.untouched_bytes or counts.untouched_bytes, counts.untouched_bytes)

    def sent(self, airtime_us: int, transmit_mw: float) -> None:
        """It gave its radio a frame."""
        self.frames_sent += 1
        self.radio_mj += airtime_us * transmit_mw / 1_000_000

    @property
    def busy_cycles(self) -> int:
        """Those that it did not sleep."""
        return self.cycles - self.slept_cycles

    @property
    def mcu_mj(self) -> float:
        """The energy of the ATmega, which sleeps in idle mode."""
        return SUPPLY_V * (ACTIVE_MA * self.busy_cycles + IDLE_MA * self.slept_cycles) / BOARD_HZ

    @property
    def sensor_mj(self) -> float:
        """The energy of the SHT31's measurements."""
        return SUPPLY_V * SENSOR_MEASURING_MA * SENSOR_MEASURING_MS * self.measurements / 1_000

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "board": self.node_id,
            "starts": self.starts,
            "seconds": round(self.cycles / BOARD_HZ, 6),
            "busy_cycles": self.busy_cycles,
            "slept_cycles": self.slept_cycles,
            "frames_sent": self.frames_sent,
            "measurements": self.measurements,
            "eeprom_written": self.eeprom_written,
            "untouched_bytes": self.untouched_bytes,
            "mcu_mj": round(self.mcu_mj, 3),
            "sensor_mj": round(self.sensor_mj, 3),
            "radio_mj": round(self.radio_mj, 3),
        }
